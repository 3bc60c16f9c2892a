#include <quartet/detail/call/retry.hpp>

#include <condition_variable>
#include <mutex>

namespace quartet::inline v0::detail {

std::chrono::nanoseconds retry_pauses::take() noexcept {
    auto const pause = std::chrono::duration_cast<std::chrono::nanoseconds>(next_);
    next_ = std::min<double_nanoseconds>(next_ * factor_, longest);
    return pause;
}

bool retry_pauses::wait(std::stop_token const& stop) {
    std::mutex mutex;
    std::unique_lock lock(mutex);
    std::condition_variable_any stopped;
    stopped.wait_for(lock, stop, take(), [] { return false; });
    return !stop.stop_requested();
}

}  // namespace quartet::inline v0::detail
