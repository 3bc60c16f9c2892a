#include "src/base/futex.hpp"
#include "src/base/timers.hpp"

#include <quartet/backend/loop.hpp>
#include <quartet/detail/io/shield.hpp>
#include <quartet/detail/io/stop_state.hpp>
#include <quartet/outcome.hpp>

#include <exception>
#include <memory>
#include <utility>

namespace quartet::inline v0::detail {

// ---- In a blocking context

/// Sets the word that the part waits for when the time is over.
class shield::alarm final : public timed {
public:
    void time_is_up() noexcept override {
        word.store(stop_mark(stopped_by::request));
        futex_wake_all(word);
    }
    std::atomic<std::uint32_t> word{0};
};

shield::~shield() {
    if (alarm_) timers::take_back(*alarm_);
}

std::uint32_t shield::look(std::uint32_t stopped) noexcept {
    if (alarm_) return alarm_->word.load(std::memory_order_relaxed);
    if (stopped == 0 || over_ != 0) return over_;
    try {
        alarm_ = std::make_shared<alarm>();
        auto const left = shield_time - age_of_stop(stopped);
        timers::of_calls().add(alarm_, timers::clock::now() + left);
    } catch (std::exception const&) {  // no memory or no thread: then it holds nothing off
        alarm_.reset();
        over_ = stopped;
    }
    return over_;
}

std::atomic<std::uint32_t> const& shield::word(std::atomic<std::uint32_t> const& stop) const noexcept {
    if (over_ != 0) return over_;
    return alarm_ ? alarm_->word : stop;
}

std::uint32_t look_behind(shield& which, std::uint32_t stopped) noexcept {
    return which.look(stopped);
}

// ---- On a loop

bool shield_alarm::begin(event_loop& loop) {
    loop_ = &loop;
    return false;
}

bool shield_alarm::pretend(fake_loop& loop) {
    loop_ = &loop;
    return false;
}

void shield_alarm::ring_later() noexcept {
    if (!loop_ || rings_) return;
    try {
        loop_->complete_after(*this, shield_time);
        rings_ = true;
    } catch (std::exception const&) {  // no memory: at once
        end(*loop_);
    }
}

void ring_later(shield_alarm& which) noexcept {
    which.ring_later();
}

void shield_alarm::cancel_begun(event_loop& loop) noexcept {
    end(loop);
}

void shield_alarm::cancel_pretended(fake_loop& loop) noexcept {
    end(loop);
}

void shield_alarm::end(loop& any) noexcept {
    if (std::exchange(rings_, true)) return any.cancel_wait(*this);
    error = std::make_exception_ptr(cancelled());
    any.complete_soon(*this);
}

}  // namespace quartet::inline v0::detail
