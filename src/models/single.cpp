#include "src/core/run_stop.hpp"
#include "src/io/blocking_context.hpp"
#include "src/models/logging.hpp"

#include <quartet/models/single.hpp>

#include <unistd.h>

namespace quartet {

single::single(log_handler log) : log_(std::move(log)) {}
single::~single() = default;

void single::run(job& work, std::stop_token caller) {
    detail::run_stop stop(caller);
    work.set_stop([&stop] { stop.request(); });
    detail::blocking_context where(
        {.name = "single", .number = 0, .process_id = getpid()}, stop.word(),
        {.log = detail::log_to(log_), .stop_token = [&stop] { return stop.token(); }});
    work.run(where, 0, work.size());
}

}  // namespace quartet
