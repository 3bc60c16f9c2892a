// src/models/async.cpp
//
// The loop runs on the caller's thread for as long as the run lasts. A stop may come from any thread: it
// sets the run's word, and posts to the loop, which ends sleeps and fetches there.

#include "src/core/run_stop.hpp"
#include "src/io/async_context.hpp"
#include "src/io/event_loop.hpp"
#include "src/models/flight.hpp"
#include "src/models/logging.hpp"

#include <quartet/models/async.hpp>

#include <boost/system/system_error.hpp>
#include <fmt/format.h>

#include <stdexcept>
#include <system_error>
#include <unistd.h>

namespace quartet {

struct async::state {
    explicit state(async_options chosen) : options(std::move(chosen)), loop(options.files) {}

    async_options options;
    detail::event_loop loop;
    std::size_t run_number = 0;
};

async::async(async_options options) {
    if (options.limit == 0) throw std::invalid_argument("quartet: the model 'async' needs a limit above 0");
    try {
        state_ = std::make_unique<state>(std::move(options));
    } catch (boost::system::system_error const& refused) {  // Boost's is not derived from the standard one
        throw std::system_error(refused.code().value(), std::generic_category(), "cannot make an event loop");
    }
}
async::~async() = default;

void async::run(job& work, std::stop_token caller) {
    auto& loop = state_->loop;
    // What a stop posts may arrive when its run is over; then it must not touch the next one.
    std::size_t const number = ++state_->run_number;
    detail::run_stop stop(caller, [this, &loop, number] {
        loop.post([this, &loop, number] {
            if (state_->run_number == number) loop.cancel();
        });
    });
    work.set_stop([&stop] { stop.request(); });
    detail::async_context where({.name = "async-0", .number = 0, .process_id = getpid()}, loop, stop,
                                detail::log_to(state_->options.log));
    detail::fly(work, where, state_->options.limit, [&loop] { loop.run_some(); });
}

std::string async::spec() const {
    auto const limit = state_->options.limit;
    return limit == async_options::no_limit ? "async:each" : fmt::format("async:{}", limit);
}

std::string async::file_backend_name() const {
    return state_->loop.file_backend_name();
}

}  // namespace quartet
