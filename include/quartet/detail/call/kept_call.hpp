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
        end_.then_first(keeper_);
        if (at_end) end_.then(*at_end);
        try {
            job_.taken_by(how);
            follow(options);
            how.start(job_);
        } catch (...) {
            keeper_.kept.reset();
            throw;
        }
    }

    bool ended() noexcept override { return job_.ended(); }
    bool wait_until(std::optional<time_point> deadline) override { return job_.wait_until(deadline); }
    void cancel(stopped_by who) noexcept override {
        cancelled_ = true;
        job_.request_stop(who);
    }
    bool stop_requested() noexcept override { return job_.stop().requested(); }
    bool can_wait() noexcept override { return job_.can_wait(); }
    void begin_in_place() override { job_.begin_in_place(); }
    bool goes_on_alone() const noexcept override { return alone_; }
    void abandon() noexcept override { job_.watch(); }
    void then(continuation& further) noexcept override { job_.then(further); }

protected:
    /// The job and its end are parts of the call.
    kept_call(job& part, completion& end) noexcept : job_(part), end_(end) {}
    ~kept_call() = default;

    /// Says so if nobody has taken this failure and wonders why there is no value.
    void report(failure const& untaken) const noexcept {
        if (!cancelled_ || untaken.why == cause::timed_out) report_untaken(job_.body_name(), untaken);
    }

private:
    void follow(call_options const& options) {
        if (!options.stop.stop_possible() && options.timeout == options.timeout.max()) return;
        keeper_.extras = std::make_unique<call_extras>(options, *this);
        end_.explain_by(&keeper_.extras->timer);
    }

    job& job_;
    completion& end_;
    std::atomic<bool> cancelled_ = false;
    bool alone_ = true;
    call_keeper keeper_;
};

}  // namespace quartet::inline v0::detail
