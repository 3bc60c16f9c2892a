// include/quartet/future.hpp
//
// future<R>: what executor::submit gives, and through which the caller hears of the one call.
//
//     auto size = executor.submit(save_page, url);
//     …
//     fmt::print("{}\n", size.get());
#pragma once

#include <quartet/call_options.hpp>
#include <quartet/detail/call_timer.hpp>
#include <quartet/detail/deadline.hpp>
#include <quartet/detail/map_job.hpp>
#include <quartet/job.hpp>
#include <quartet/model.hpp>
#include <quartet/outcome.hpp>

#include <array>
#include <cassert>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <utility>

namespace quartet {
namespace detail {

/// The sink of one task.
template <class R>
class single_sink {
public:
    using value = value_or_nothing<R>;

    void set(std::size_t, value&& result) { result_.emplace(std::move(result)); }
    void set(std::size_t) requires std::is_void_v<R> { result_.emplace(std::monostate{}); }
    void fail(failure why) { result_.emplace(std::move(why)); }

    outcome<R> take() { return std::move(*result_); }

private:
    std::optional<outcome<R>> result_;
};

/// What a future sees of its call.
template <class R>
class call {
public:
    virtual ~call() = default;
    virtual job& work() noexcept = 0;
    virtual outcome<R> take() = 0;
};

/// One call as a job of one task. It keeps itself as long as it is under way.
template <class Body, class In, class R>
class call_job final : public call<R>,
                       private std::array<In, 1>,
                       private single_sink<R>,
                       public map_job<Body, In, std::array<In, 1>, single_sink<R>> {
    using inputs = std::array<In, 1>;
    using sink = single_sink<R>;
    using base = map_job<Body, In, inputs, sink>;

public:
    call_job(Body const& body, In&& input, call_options const& options)
        : inputs{std::move(input)},
          sink(),
          base(body, static_cast<inputs const&>(*this), 1, static_cast<sink&>(*this), options.failure,
               options.task_timeout) {}

    /// Throws what model::start throws.
    static std::shared_ptr<call_job> begin(model& how, Body const& body, In&& input,
                                           call_options const& options) {
        auto made = std::make_shared<call_job>(body, std::move(input), options);
        made->self_ = made;
        try {
            made->taken_by(how);
            made->follow(options);
            how.start(*made);
        } catch (...) {
            made->self_.reset();
            throw;
        }
        return made;
    }

    job& work() noexcept override { return *this; }
    outcome<R> take() override { return sink::take(); }

private:
    /// What few calls need.
    struct followed {
        followed(call_options const& options, call_job& work) : timer(options.stop, options.timeout) {
            follow.emplace(timer.token(), [&work] { work.request_stop(); });
        }
        call_timer timer;
        std::optional<std::stop_callback<std::function<void()>>> follow;
    };

    void follow(call_options const& options) {
        if (!options.stop.stop_possible() && options.timeout == options.timeout.max()) return;
        followed_ = std::make_unique<followed>(options, *this);
        this->explain_by(followed_->timer);
    }

    std::shared_ptr<void> let_go() noexcept override {
        if (followed_) followed_->follow.reset();  // a stop that is under way is waited for
        return std::move(self_);
    }

    std::shared_ptr<void> self_;
    std::unique_ptr<followed> followed_;
};

}  // namespace detail

/// The end of one call. May be moved; for one thread at a time. It may outlive its executor, whose end gives
/// it an outcome; but no thread may be within one of its members while the executor is destroyed. Dropping it
/// does not end the call.
template <class R>
class future {
public:
    using value_type = R;

    future() = default;
    explicit future(std::shared_ptr<detail::call<R>> what) noexcept : call_(std::move(what)) {}
    future(future&&) noexcept = default;
    future& operator=(future&& other) noexcept {
        std::swap(call_, other.call_);
        return *this;
    }
    ~future() {
        if (call_) call_->work().abandon();
    }

    /// Whether there is a call: not after get() or take().
    bool valid() const noexcept { return call_ != nullptr; }

    /// Whether the call has ended. Does not wait.
    bool done() const noexcept { return call_->work().finished(); }

    /// Waits for the end. Throws std::logic_error in a body on an event loop of the executor, which could not
    /// go on meanwhile.
    void wait() { call_->work().wait_until(); }

    /// Waits for the end, for `limit` at the most; true if it has come. In a body on a thread of the
    /// executor's pool a call that nobody has begun is run right here, however long that takes.
    bool wait_for(std::chrono::nanoseconds limit) {
        return call_->work().wait_until(detail::deadline_after(std::chrono::steady_clock::now(), limit));
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
    void cancel() noexcept { call_->work().request_stop(); }

private:
    std::shared_ptr<detail::call<R>> call_;
};

}  // namespace quartet
