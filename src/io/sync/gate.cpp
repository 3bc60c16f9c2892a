#include "src/base/futex.hpp"

#include <quartet/detail/io/gate.hpp>

namespace quartet::inline v0::detail {

// The caller holds the gate's lock. The waiter has to take it before it can go on, so this object can't be
// gone before wake() returns.
void thread_waiter::wake() noexcept {
    own_.fetch_add(1, std::memory_order_relaxed);
    futex_wake_all(own_);
}

void thread_waiter::wait(std::chrono::steady_clock::time_point deadline,
                         std::atomic<std::uint32_t> const* stop) noexcept {
    if (stop) {
        futex_wait_either(*word, seen, *stop, 0, deadline);
    } else {
        futex_wait(*word, seen, deadline);
    }
}

}  // namespace quartet::inline v0::detail
