#include "src/io/async_context.hpp"

#include "src/io/http_transfer.hpp"
#include "src/io/logging.hpp"

#include <quartet/outcome.hpp>

namespace quartet::detail {

// A body that swallows its end would go on without ever letting the loop go.
bool async_context::end_at_once(operation& ended) {
    ended.error = std::make_exception_ptr(cancelled());
    if (leaves_the_deaf_) return true;
    std::uint32_t const unheard = count_unheard();
    if (unheard < deaf_after) return true;
    if (unheard == deaf_after) tell(log_, where(), describe_deafness(body_name_ ? body_name_() : "a body"));
    loop_.complete_later(ended, pause_of_the_deaf);
    return false;
}

bool async_context::start(sleep_operation& operation) {
    if (stop_requested()) return end_at_once(operation);
    if (operation.duration <= operation.duration.zero()) return true;
    loop_.start(operation);
    return false;
}

bool async_context::start(fetch_operation& operation) {
    if (stop_requested()) return end_at_once(operation);
    try {
        loop_.start(operation);
        return false;
    } catch (...) {
        refuse(operation);
        return true;
    }
}

bool async_context::start(command_operation& operation) {
    if (stop_requested()) return end_at_once(operation);
    loop_.start(operation);
    return false;
}

bool async_context::start(file_operation& operation) {
    operation.is_cancelled = stop_requested();
    loop_.start(operation);
    return false;
}

bool async_context::start(offload_base& operation) {
    operation.is_cancelled = stop_requested();
    loop_.start(operation);
    return false;
}

bool async_context::start(yield_operation& operation) {
    loop_.start(operation);
    return false;
}

bool async_context::start(channel_operation& operation) {
    if (stop_requested()) return end_at_once(operation);
    return loop_.start(operation);
}

void async_context::cancel(offload_base& operation) noexcept {
    loop_.cancel(operation, [this](std::string const& text) { tell(log_, where(), text); });
}

void async_context::do_log(std::string_view line) {
    if (log_) log_(where(), line);
}

}  // namespace quartet::detail
