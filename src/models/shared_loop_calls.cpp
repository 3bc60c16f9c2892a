#include "src/models/shared_loop_calls.hpp"

#include <utility>

namespace quartet::inline v0::detail {

// ---- Those of one loop

void offered_calls::add(loop_call& call) noexcept {
    std::lock_guard const lock(mutex_);
    call.before = std::exchange(last_, &call);
    (call.before ? call.before->after : first_) = &call;
    call.offered = true;
    // Before the look for loops that sleep, as what those have written comes before their last look here.
    count_.fetch_add(1);
}

void offered_calls::unlink(loop_call& call) noexcept {
    (call.before ? call.before->after : first_) = call.after;
    (call.after ? call.after->before : last_) = call.before;
    call.before = call.after = nullptr;
    call.offered = false;
    count_.fetch_sub(1);
}

bool offered_calls::remove(loop_call& call) noexcept {
    std::lock_guard const lock(mutex_);
    if (!call.offered) return false;
    unlink(call);
    return true;
}

loop_call* offered_calls::take_own() noexcept {
    if (count() == 0) return nullptr;
    std::lock_guard const lock(mutex_);
    loop_call* found = first_;
    while (found && found->for_others_only)
        found = found->after;
    if (found) unlink(*found);
    return found;
}

loop_call* offered_calls::take(loop_host& taker) noexcept {
    if (count() == 0) return nullptr;
    std::lock_guard const lock(mutex_);
    loop_call* const found = first_;
    if (!found) return nullptr;
    unlink(*found);
    found->taken_by = &taker;
    return found;
}

// ---- All

shared_loop_calls::shared_loop_calls(std::size_t loops, std::function<void(std::size_t)> wake)
    : wake_(std::move(wake)) {
    for (std::size_t made = 0; made < loops; ++made)
        loops_.push_back(std::make_unique<one_loop>());
}

loop_call* shared_loop_calls::take_any(std::size_t number, loop_host& taker) noexcept {
    for (std::size_t step = 1; step < loops_.size(); ++step) {
        loop_call* const found = of((number + step) % loops_.size()).take(taker);
        if (!found) continue;
        if (has_any(number)) wake_one();
        return found;
    }
    return nullptr;
}

bool shared_loop_calls::has_any(std::size_t number) const noexcept {
    for (std::size_t each = 0; each < loops_.size(); ++each) {
        if (each != number && loops_[each]->offered.count() > 0) return true;
    }
    return false;
}

void shared_loop_calls::wake_one() noexcept {
    if (asleep_.load() == 0) return;
    for (std::size_t number = 0; number < loops_.size(); ++number) {
        if (!loops_[number]->asleep.exchange(false)) continue;
        asleep_.fetch_sub(1);
        return wake_(number);
    }
}

void shared_loop_calls::falls_asleep(std::size_t number) noexcept {
    asleep_.fetch_add(1);
    loops_[number]->asleep.store(true);
}

void shared_loop_calls::was_asleep(std::size_t number) noexcept {
    if (loops_[number]->asleep.exchange(false)) asleep_.fetch_sub(1);
}

}  // namespace quartet::inline v0::detail
