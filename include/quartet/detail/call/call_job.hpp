// include/quartet/detail/call/call_job.hpp
//
// One call as a job of one task.
#pragma once

#include <quartet/backend/job.hpp>
#include <quartet/backend/model.hpp>
#include <quartet/call_options.hpp>
#include <quartet/detail/call/any_inputs.hpp>
#include <quartet/detail/call/call.hpp>
#include <quartet/detail/call/call_timer.hpp>
#include <quartet/detail/call/map_job.hpp>
#include <quartet/outcome.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <utility>

namespace quartet::inline v0::detail {

/// The sink of one task.
template <class R>
class single_sink : public any_sink<R> {
public:
    using any_sink<R>::set;
    void set(std::size_t, value_or_nothing<R>&& result) override { result_.emplace(std::move(result)); }
    void fail(failure why) override { result_.emplace(std::move(why)); }

    outcome<R> take() { return *std::exchange(result_, std::nullopt); }

    /// The failure that nobody has taken, or null.
    failure const* untaken() const noexcept { return result_ && !*result_ ? &result_->error() : nullptr; }

protected:
    ~single_sink() = default;

private:
    std::optional<outcome<R>> result_;
};

/// The input of one task.
template <class In>
class single_input : public any_inputs<In> {
public:
    explicit single_input(In&& input) : input_(std::move(input)) {}
    In const& operator[](std::size_t) const override { return input_; }

protected:
    ~single_input() = default;

private:
    In input_;
};

/// What few calls need: somebody else who may end them.
template <class R>
struct call_extras {
    call_extras(call_options const& options, call<R>& of) : timer(options.stop, options.timeout) {
        follow.emplace(timer.token(), [this, &of] { of.cancel(who_stops(&timer)); });
    }
    call_timer timer;
    std::optional<std::stop_callback<std::function<void()>>> follow;
};

/// Keeps a call until it has finished.
template <class R>
struct call_keeper final : continuation {
    void run() noexcept override {
        auto const gone = std::move(kept);
        if (extras) extras->follow.reset();  // a stop that is under way is waited for
    }
    std::shared_ptr<call<R>> kept;
    std::unique_ptr<call_extras<R>> extras;
};

/// One call as a job of one task. It keeps itself as long as it is under way. Its input and sink are without
/// their types: a virtual call or two are little beside its allocation, and its body is compiled once less.
template <class Body, class In, class R>
class call_job final : public call<R>,
                       private single_input<In>,
                       private single_sink<R>,
                       public any_map_job<Body, In> {
    using inputs = any_inputs<In>;
    using sink = single_sink<R>;
    using base = any_map_job<Body, In>;
    using typename call<R>::time_point;

public:
    call_job(Body const& body, In&& input, call_options const& options)
        : single_input<In>(std::move(input)),
          sink(),
          base(body, static_cast<inputs const&>(*this), 1, static_cast<any_sink<R>&>(*this), options.failure,
               options.task_timeout) {}

    /// Throws what model::start throws.
    static std::shared_ptr<call_job> begin(model& how, Body const& body, In&& input,
                                           call_options const& options) {
        auto made = std::make_shared<call_job>(body, std::move(input), options);
        made->begin(how, options, made, nullptr);
        return made;
    }

    /// Begins a call that was just made; `at_end` is a continuation that hears of its end, or null. Throws
    /// what model::start throws.
    void begin(model& how, call_options const& options, std::shared_ptr<call_job> const& self,
               continuation* at_end) {
        keeper_.kept = self;
        this->ending().then_first(keeper_);
        if (at_end) this->ending().then(*at_end);
        try {
            this->taken_by(how);
            follow(options);
            how.start(*this);
        } catch (...) {
            keeper_.kept.reset();
            throw;
        }
    }

    ~call_job() override {
        if (failure const* const why = this->untaken(); why && !is_expected(*why))
            report_untaken(this->body_name(), *why);
    }

    bool ended() noexcept override { return job::ended(); }
    bool wait_until(std::optional<time_point> deadline) override { return job::wait_until(deadline); }
    void cancel(stopped_by who) noexcept override {
        cancelled_ = true;
        this->request_stop(who);
    }
    bool stop_requested() noexcept override { return this->stop().requested(); }
    void abandon() noexcept override { job::watch(); }
    void then(continuation& further) noexcept override { job::then(further); }
    outcome<R> take() override { return sink::take(); }

private:
    /// Whether nobody wonders why it has no value.
    bool is_expected(failure const& why) const noexcept { return cancelled_ && why.why != cause::timed_out; }

    void follow(call_options const& options) {
        if (!options.stop.stop_possible() && options.timeout == options.timeout.max()) return;
        keeper_.extras = std::make_unique<call_extras<R>>(options, *this);
        this->ending().explain_by(&keeper_.extras->timer);
    }

    std::atomic<bool> cancelled_ = false;
    call_keeper<R> keeper_;
};

}  // namespace quartet::inline v0::detail
