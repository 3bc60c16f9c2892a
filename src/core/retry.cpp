#include <quartet/detail/retry.hpp>

#include <fmt/format.h>

#include <condition_variable>
#include <mutex>
#include <stdexcept>

namespace quartet::detail {

bool retry_pauses::wait(std::stop_token const& stop) {
    std::mutex mutex;
    std::unique_lock lock(mutex);
    std::condition_variable_any stopped;
    stopped.wait_for(lock, stop, next_, [] { return false; });
    next_ *= factor_;
    return !stop.stop_requested();
}

void refuse_retries(call_options const& options, char const* call) {
    if (options.retry.times > 0)
        throw std::invalid_argument(
            fmt::format("quartet: {} takes no retries; map and its kin do, and a body may try again", call));
}

}  // namespace quartet::detail
