// include/quartet/detail/call/kept_call.hpp
//
// A call that is a job of its own, and keeps itself until it has finished.
#pragma once

#include <quartet/backend/job.hpp>
#include <quartet/backend/model.hpp>
#include <quartet/call_options.hpp>
#include <quartet/detail/call/call.hpp>
#include <quartet/detail/call/call_timer.hpp>
#include <quartet/outcome.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <utility>

namespace quartet::inline v0::detail {

/// What few calls need: somebody else who may end them.
struct call_extras {
    call_extras(call_options const& options, any_call& of) : timer(options.stop, options.timeout) {
        follow.emplace(timer.token(), [this, &of] { of.cancel(who_stops(&timer)); });
    }
    call_timer timer;
    std::optional<std::stop_callback<std::function<void()>>> follow;
};

/// Keeps a call until it has finished.
struct call_keeper final : continuation {
    void run() noexcept override {
        auto const gone = std::move(kept);
        if (extras) extras->follow.reset();  // a stop that is under way is waited for
    }
    std::shared_ptr<any_call> kept;
    std::unique_ptr<call_extras> extras;
};

template <class R>
class kept_call : public call<R> {
public:
    using time_point = any_call::time_point;

    /// Begins a call that was just made; `at_end` is a continuation that hears of its end, or null. Throws
    /// what model::start throws.
    void begin(model& how, call_options const& options, std::shared_ptr<kept_call> const& self,
               continuation* at_end = nullptr) {
        alone_ = how.goes_on_alone();
        keeper_.kept = self;
        work().ending().then_first(keeper_);
        if (at_end) work().ending().then(*at_end);
        try {
            work().taken_by(how);
            follow(options);
            how.start(work());
        } catch (...) {
            keeper_.kept.reset();
            throw;
        }
    }

    bool ended() noexcept override { return work().ended(); }
    bool wait_until(std::optional<time_point> deadline) override { return work().wait_until(deadline); }
    void cancel(stopped_by who) noexcept override {
        cancelled_ = true;
        work().request_stop(who);
    }
    bool stop_requested() noexcept override { return work().stop().requested(); }
    bool can_wait() noexcept override { return work().can_wait(); }
    void begin_in_place() override { work().begin_in_place(); }
    bool goes_on_alone() const noexcept override { return alone_; }
    void abandon() noexcept override { work().watch(); }
    void then(continuation& further) noexcept override { work().then(further); }

protected:
    ~kept_call() = default;

    /// Says so if nobody has taken this failure and wonders why there is no value.
    void report(failure const& untaken) noexcept {
        if (!cancelled_ || untaken.why == cause::timed_out) report_untaken(work().body_name(), untaken);
    }

private:
    /// The job is a part of the call.
    virtual job& work() noexcept = 0;

    void follow(call_options const& options) {
        if (!options.stop.stop_possible() && options.timeout == options.timeout.max()) return;
        keeper_.extras = std::make_unique<call_extras>(options, *this);
        work().ending().explain_by(&keeper_.extras->timer);
    }

    std::atomic<bool> cancelled_ = false;
    bool alone_ = true;
    call_keeper keeper_;
};

}  // namespace quartet::inline v0::detail
