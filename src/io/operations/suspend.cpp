#include "src/base/futex.hpp"

#include <quartet/backend/loop.hpp>
#include <quartet/context.hpp>
#include <quartet/detail/io/operations/suspend.hpp>
#include <quartet/outcome.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

namespace quartet::inline v0::detail {

// ---- What is shared with those who resume

/// Of those who end it and the body that gives it up, one is the first. That one gets the state before.
std::optional<std::uint32_t> suspension::take(std::uint32_t marks) noexcept {
    std::uint32_t seen = state_.load(std::memory_order_relaxed);
    do {
        if (seen & (is_claimed | is_withdrawn)) return {};
    } while (!state_.compare_exchange_weak(seen, seen | marks, std::memory_order_acq_rel,
                                           std::memory_order_relaxed));
    return seen;
}

bool suspension::claim() noexcept {
    return take(is_claimed).has_value();
}

bool suspension::withdraw() noexcept {
    return take(is_withdrawn).has_value();
}

void suspension::end() noexcept {
    tell_end(state_.fetch_or(has_ended, std::memory_order_acq_rel));
}

void suspension::claim_and_end() noexcept {
    if (auto const before = take(is_claimed | has_ended)) tell_end(*before);
}

/// Once told, the body may let go of it.
void suspension::tell_end(std::uint32_t before) noexcept {
    if (before & is_waited_for) futex_wake_all(state_);
    if (before & is_told) told_->suspension_ended();
}

bool suspension::end_by(std::exception_ptr why) noexcept {
    if (!claim()) return false;
    error = std::move(why);
    end();
    return true;
}

void suspension::give_up() noexcept {
    if (!claim()) return;
    error = std::make_exception_ptr(
        std::logic_error("quartet: a body waits for a callback, and its resumer is gone without a call"));
    end();
}

void suspension::wait(std::atomic<std::uint32_t> const& stop_word,
                      std::chrono::steady_clock::time_point deadline) noexcept {
    std::uint32_t const seen = state_.fetch_or(is_waited_for, std::memory_order_acq_rel) | is_waited_for;
    if (!(seen & has_ended)) futex_wait_either(state_, seen, stop_word, 0, deadline);
}

bool suspension::tell(suspension_listener& who) noexcept {
    told_ = &who;
    return !(state_.fetch_or(is_told, std::memory_order_acq_rel) & has_ended);
}

// ---- The operation

/// The waits of a fake's bodies.
class fake_suspensions final : public fake_service {
public:
    explicit fake_suspensions(fake_loop& loop) noexcept : loop_(loop) {}

    void begin(operation& waiting, suspension& waits_for, bool ends_outside) {
        waits_.push_back({&waiting, &waits_for, ends_outside});
        outside_ += ends_outside;
    }

    /// Any thread.
    void has_ended(operation& waiting) noexcept {
        std::lock_guard const lock(mutex_);
        ended_.push_back(&waiting);
    }

    void forget(operation const& waiting) noexcept {
        std::erase_if(waits_, [&](wait const& each) {
            if (each.waiting != &waiting) return false;
            outside_ -= each.ends_outside;
            return true;
        });
    }

    bool waits_for_outside() const noexcept override { return outside_ > 0; }

    bool advance(bool) override {
        std::lock_guard const lock(mutex_);
        for (operation* const each : ended_) {
            forget(*each);
            loop_.complete_soon(*each);
        }
        return !std::exchange(ended_, {}).empty();
    }

    void end_all(std::exception_ptr const& why) override {
        std::erase_if(waits_, [&](wait const& each) {
            if (!each.waits_for->withdraw()) return false;
            outside_ -= each.ends_outside;
            each.waiting->error = why;
            loop_.complete_soon(*each.waiting);
            return true;
        });
    }

private:
    struct wait {
        operation* waiting;
        suspension* waits_for;
        bool ends_outside;
    };

    fake_loop& loop_;
    std::vector<wait> waits_;
    std::size_t outside_ = 0;  // of them, that what goes on outside ends
    std::mutex mutex_;         // guards what follows
    std::vector<operation*> ended_;
};

void suspend_base::perform(blocking_thread& here) {
    hand_out();
    while (!waits_for_->ended()) {
        if (owner().stop_requested() && waits_for_->withdraw()) throw cancelled();
        waits_for_->wait(here.stop_word(), here.deadline());
    }
}

// The loop is there as long as a body waits on it, and this one does until it has been told.
bool suspend_base::begin(event_loop& loop) {
    hand_out();
    loop_ = &loop;
    return !waits_for_->tell(*this);
}

bool suspend_base::pretend(fake_loop& loop) {
    hand_out();
    fakes_ = &loop.services.use<fake_suspensions>(loop);
    fakes_->begin(*this, *waits_for_, ends_outside());
    if (!waits_for_->tell(*this)) fakes_->has_ended(*this);
    return false;
}

void suspend_base::suspension_ended() noexcept {
    if (loop_)
        loop_->complete_from_any_thread(*this);
    else
        fakes_->has_ended(*this);
}

void suspend_base::cancel_begun(event_loop& loop) noexcept {
    if (waits_for_->withdraw()) end_withdrawn(loop);
}

void suspend_base::cancel_pretended(fake_loop& loop) noexcept {
    if (!waits_for_->withdraw()) return;
    loop.services.use<fake_suspensions>(loop).forget(*this);
    end_withdrawn(loop);
}

void suspend_base::end_withdrawn(loop& any) noexcept {
    error = std::make_exception_ptr(cancelled());
    any.complete_soon(*this);
}

}  // namespace quartet::inline v0::detail
