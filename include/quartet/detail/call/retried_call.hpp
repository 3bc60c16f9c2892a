// include/quartet/detail/call/retried_call.hpp
//
// A submitted call that is tried again when it fails: each try is a call of its own.
//
// The end of a try is heard of by a continuation. If there is to be another, that sets a timer, and the
// timer's thread begins it; so a pause costs no thread. A model that runs its calls in start() has the thread
// that submits pause and try again. A stop ends a pause at once; else it stops the try.
#pragma once

#include <quartet/backend/completion.hpp>
#include <quartet/backend/model.hpp>
#include <quartet/call_options.hpp>
#include <quartet/detail/call/body_name.hpp>
#include <quartet/detail/call/call_job.hpp>
#include <quartet/detail/call/call_timer.hpp>
#include <quartet/detail/call/retried_calls.hpp>
#include <quartet/detail/call/retry.hpp>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <utility>

namespace quartet::inline v0::detail {

/// All of it that does not depend on the types of body and value. It keeps itself until it has ended.
class tries : public continuation, public std::enable_shared_from_this<tries> {
public:
    using time_point = std::chrono::steady_clock::time_point;

protected:
    /// `stops` stops the call too: that of the executor.
    tries(model& how, retried_calls& among, std::stop_token const& stops, call_options const& options);
    ~tries() override;

    /// Throws what model::start throws.
    void begin();

    bool wait_until(std::optional<time_point> deadline);
    void cancel(stopped_by who) noexcept;
    bool stop_requested() noexcept;
    bool can_wait() noexcept;
    void begin_in_place();
    bool ended() const noexcept { return end_.finished(); }
    void then(continuation& further) noexcept { end_.then(further); }

    /// Whether nobody wonders why there is no value.
    bool is_expected(failure const& why) const noexcept;

    /// What a try is submitted with.
    call_options const& try_options() const noexcept { return try_options_; }
    model& how() const noexcept { return how_; }

private:
    class alarm;
    enum class state { trying, pausing, ending, over };

    /// Whether the task is tried again. Explains the failure where it would be, and is not.
    bool is_tried_again() noexcept;

    /// Begins a try, which `at_end` hears of, and gives it. Throws what model::start throws.
    virtual std::shared_ptr<job> begin_try(continuation& at_end) = 0;

    /// Takes the outcome of the try that has ended; its failure, if it is one.
    virtual failure const* take_try() noexcept = 0;

    /// Puts a failure in place of the outcome.
    virtual void fail(failure why) noexcept = 0;
    virtual failure const* why_failed() const noexcept = 0;

    void run() noexcept override;
    void start_try();
    void try_again() noexcept;
    void try_again_here() noexcept;
    void pause_is_over() noexcept;
    bool pause() noexcept;
    void end(bool gives_up) noexcept;

    model& how_;
    retried_calls& among_;
    retry_options retry_;
    call_options try_options_;
    bool const here_;  // the thread that submits pauses
    retry_pauses pauses_;
    lost_nodes lost_;
    std::stop_source stop_;  // of the tries
    call_timer timer_;
    completion end_{1};
    eventcount nobody_;  // waits at it

    mutable std::mutex mutex_;  // guards what follows
    std::condition_variable changed_;
    state state_ = state::trying;
    std::shared_ptr<job> try_;  // the one under way, when it has begun
    std::shared_ptr<alarm> alarm_;
    std::size_t begun_tries_ = 0;
    std::size_t ended_tries_ = 0;
    std::optional<stopped_by> canceller_;  // the first one
    std::shared_ptr<tries> self_;

    std::optional<std::stop_callback<std::function<void()>>> follow_;  // last: it uses the others
};

/// What depends on the result only.
template <class R>
class retried_call : public call<R>, public tries {
    using time_point = any_call::time_point;

public:
    ~retried_call() override {
        if (auto const* const why = why_failed(); why && !is_expected(*why))
            report_untaken(name_of(identity_), *why);
    }

    bool ended() noexcept override { return tries::ended(); }
    bool wait_until(std::optional<time_point> deadline) override { return tries::wait_until(deadline); }
    void cancel(stopped_by who) noexcept override { tries::cancel(who); }
    bool stop_requested() noexcept override { return tries::stop_requested(); }
    bool can_wait() noexcept override { return tries::can_wait(); }
    void begin_in_place() override { tries::begin_in_place(); }
    bool goes_on_alone() const noexcept override { return true; }  // others are refused
    void abandon() noexcept override {}
    void then(continuation& further) noexcept override { tries::then(further); }
    outcome<R> take() override { return *std::exchange(result_, std::nullopt); }

protected:
    retried_call(model& how, retried_calls& among, std::stop_token const& stops, call_options const& options,
                 body_identity const& body)
        : tries(how, among, stops, options), identity_(body) {}

    std::shared_ptr<call<R>> attempt_;  // the try that is under way; set before it begins

private:
    failure const* take_try() noexcept override {
        result_ = std::exchange(attempt_, nullptr)->take();
        return why_failed();
    }
    void fail(failure why) noexcept override { result_.emplace(std::move(why)); }
    failure const* why_failed() const noexcept override {
        return result_ && !*result_ ? &result_->error() : nullptr;
    }

    body_identity identity_;
    std::optional<outcome<R>> result_;  // of the last try
};

template <class Body, class In, class R>
class retried_body final : public retried_call<R> {
    using attempt = call_job<Body, In, R>;

public:
    retried_body(model& how, retried_calls& among, std::stop_token const& stops, Body const& body, In&& input,
                 call_options const& options)
        : retried_call<R>(how, among, stops, options, identity_of(body)),
          body_(body),
          input_(std::move(input)) {}

    /// Throws what model::start throws.
    static std::shared_ptr<call<R>> begin(model& how, retried_calls& among, std::stop_token const& stops,
                                          Body const& body, In&& input, call_options const& options) {
        auto made = std::make_shared<retried_body>(how, among, stops, body, std::move(input), options);
        made->tries::begin();
        return made;
    }

private:
    std::shared_ptr<job> begin_try(continuation& at_end) override {
        auto const made = std::make_shared<attempt>(body_, In(input_), this->try_options());
        this->attempt_ = made;
        made->kept_call<R>::begin(this->how(), this->try_options(), made, &at_end);
        return made;
    }

    Body body_;
    In input_;
};

}  // namespace quartet::inline v0::detail
