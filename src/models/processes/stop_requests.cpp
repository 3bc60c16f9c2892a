#include "src/models/processes/stop_requests.hpp"

#include "src/base/futex.hpp"

#include <quartet/detail/io/stop_state.hpp>

#include <utility>

namespace quartet::inline v0::detail {

void stop_requests::begin(job& work, remote_batch& batch) noexcept {
    std::lock_guard const lock(mutex_);
    work.remote = &batch;
}

remote_batch* stop_requests::end(job& work) noexcept {
    std::lock_guard const lock(mutex_);
    return std::exchange(work.remote, nullptr);
}

bool stop_requests::stop(job& work) noexcept {
    std::lock_guard const lock(mutex_);
    if (!work.remote) return false;
    set_stop(work.remote->stop, work.stop().word().load());
    futex_wake_all(work.remote->stop);
    requested_.push_back(work.remote);
    return true;
}

std::size_t stop_requests::tasks_left(job const& work) const noexcept {
    std::lock_guard const lock(mutex_);
    return work.remote ? work.remote->left.load(std::memory_order_relaxed) : 0;
}

std::vector<remote_batch*> stop_requests::take() noexcept {
    std::lock_guard const lock(mutex_);
    return std::exchange(requested_, {});
}

}  // namespace quartet::inline v0::detail
