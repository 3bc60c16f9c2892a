#include <quartet/detail/call/retry.hpp>

#include <fmt/format.h>

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

bool lost_nodes::gives_up(failure const& why) {
    bool const with_it = why.why == cause::node_lost && !why.worker.empty();  // else no node has begun it
    if (!with_it) return false;
    bool const is_first = first_.try_emplace(why.index, why.worker).second;
    if (!is_first) given_up_.insert(why.index);
    return !is_first;
}

void lost_nodes::explain(failure& why) const {
    why.message += fmt::format("; it is given up, for {} was lost with it before", first_.at(why.index));
}

}  // namespace quartet::inline v0::detail
