#include <quartet/detail/call/retried_calls.hpp>

namespace quartet::inline v0::detail {

// What changes is told under the lock: who waits for it may destroy this object.

void retried_calls::enter() noexcept {
    std::lock_guard const lock(mutex_);
    ++under_way_;
    ++entered_;
}

void retried_calls::leave() noexcept {
    std::lock_guard const lock(mutex_);
    if (--under_way_ == 0) changed_.notify_all();
}

bool retried_calls::begins() noexcept {
    std::lock_guard const lock(mutex_);
    if (closed_) return false;
    ++beginning_;
    return true;
}

void retried_calls::has_begun() noexcept {
    std::lock_guard const lock(mutex_);
    if (--beginning_ == 0) changed_.notify_all();
}

void retried_calls::close() noexcept {
    std::unique_lock lock(mutex_);
    closed_ = true;
    changed_.wait(lock, [this] { return beginning_ == 0; });
}

std::size_t retried_calls::join() noexcept {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return under_way_ == 0; });
    return entered_;
}

}  // namespace quartet::inline v0::detail
