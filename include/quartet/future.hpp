// include/quartet/future.hpp
//
// future<R>: what executor::submit gives, and through which the caller hears of the one call.
//
//     auto size = executor.submit(save_page, url);
//     …
//     fmt::print("{}\n", size.get());
#pragma once

#include <quartet/backend/job.hpp>
#include <quartet/backend/model.hpp>
#include <quartet/call_options.hpp>
#include <quartet/detail/base/deadline.hpp>
#include <quartet/detail/base/misuse.hpp>
#include <quartet/detail/call/any_inputs.hpp>
#include <quartet/detail/call/call_timer.hpp>
#include <quartet/detail/call/map_job.hpp>
#include <quartet/outcome.hpp>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <utility>

namespace quartet::inline v0 {
namespace detail {

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

/// Says on standard error that a call failed and nobody took its outcome. The first of a process are named,
/// the others are not.
void report_untaken(std::string const& body, failure const& why) noexcept;

/// What a future sees of its call.
template <class R>
class call {
public:
    using time_point = std::chrono::steady_clock::time_point;

    virtual ~call() = default;
    virtual bool ended() noexcept = 0;
    virtual bool wait_until(std::optional<time_point> deadline) = 0;
    virtual void cancel(stopped_by who) noexcept = 0;
    virtual bool stop_requested() noexcept = 0;

    /// Nobody will wait for it any more.
    virtual void abandon() noexcept = 0;

    /// Has `further` run when it has ended. The caller keeps the call meanwhile, and no thread waits for it.
    virtual void then(continuation& further) noexcept = 0;

    /// When it has ended.
    virtual outcome<R> take() = 0;
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

}  // namespace detail

/// The end of one call. May be moved; for one thread at a time. It may outlive its executor, whose end gives
/// it an outcome; but no thread may be within one of its members while the executor is destroyed. Dropping it
/// does not end the call; if that fails, a line on standard error says so.
///
/// One without a call (made by the default constructor, moved from, or after get() or take()) can be assigned
/// to, destroyed and asked whether it is valid(); all other members throw std::logic_error.
template <class R>
class future {
public:
    using value_type = R;

    future() = default;
    explicit future(std::shared_ptr<detail::call<R>> what) noexcept : call_(std::move(what)) {}
    future(future&&) noexcept = default;
    future& operator=(future&& other) noexcept {
        if (this == &other) return *this;
        auto const dropped = std::exchange(call_, std::move(other.call_));
        if (dropped) dropped->abandon();
        return *this;
    }
    ~future() {
        if (call_) call_->abandon();
    }

    /// Whether there is a call: not after get() or take().
    bool valid() const noexcept { return call_ != nullptr; }

    /// Whether the call has ended. Does not wait.
    bool done() const { return call().ended(); }

    /// Whether the call was asked to stop and has not ended. One that stays so ignores its stop: only under
    /// `processes` it is ended all the same. Does not wait.
    bool stopping() const { return call().stop_requested() && !call().ended(); }

    /// Waits for the end. Throws std::logic_error in a body on an event loop of the executor, which could not
    /// go on meanwhile.
    void wait() { call().wait_until({}); }

    /// Waits for the end, for `limit` at the most; true if it has come. In a body on a thread of the
    /// executor's pool a call that nobody has begun is run right here, however long that takes.
    bool wait_for(std::chrono::nanoseconds limit) {
        return call().wait_until(detail::deadline_after(std::chrono::steady_clock::now(), limit));
    }

    /// The value. Waits for the end; throws what the body threw, or task_error. Once.
    R get() {
        if constexpr (std::is_void_v<R>) {
            take().value();
        } else {
            return take().value();
        }
    }

    /// The outcome. Waits for the end; does not throw if the call failed. Once.
    outcome<R> take() {
        wait();
        auto const ended = std::exchange(call_, nullptr);
        return ended->take();
    }

    /// Asks the call to stop. If it has not begun, it never does. If it is under way, what it awaits ends
    /// early; under `processes` a worker that goes on is ended (docs/models.md). Does not wait.
    void cancel() { call().cancel(detail::stopped_by::request); }

private:
    detail::call<R>& call() const {
        if (!call_) [[unlikely]]
            detail::misuse("this future has no call: it is empty, was moved from, or its outcome was taken");
        return *call_;
    }

    std::shared_ptr<detail::call<R>> call_;
};

}  // namespace quartet::inline v0
