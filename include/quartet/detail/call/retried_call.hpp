// include/quartet/detail/call/retried_call.hpp
//
// A submitted call that is tried again when it fails: each try is a call of its own. How the tries follow
// each other depends on the result only, so it is compiled once for all bodies that give the same.
#pragma once

#include <quartet/backend/model.hpp>
#include <quartet/call_options.hpp>
#include <quartet/detail/call/body_name.hpp>
#include <quartet/detail/call/call_timer.hpp>
#include <quartet/detail/call/retry.hpp>
#include <quartet/detail/call/retry_scheduler.hpp>
#include <quartet/future.hpp>

#include <condition_variable>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <thread>
#include <utility>

namespace quartet::detail {

template <class R>
class retried_call : public call<R>,
                     public retry_scheduler::client,
                     public std::enable_shared_from_this<retried_call<R>> {
    using typename call<R>::time_point;

public:
    ~retried_call() override {
        follow_.reset();
        if (result_ && !*result_ && !is_expected(result_->error()))
            report_untaken(name_of(identity_), result_->error());
    }

    /// Its first try. Throws what model::start throws.
    void begin() {
        if (!model_.goes_on_alone())
            throw std::invalid_argument(
                "quartet: calls of this model go on only while somebody waits for them, so they can't be "
                "tried again; map and its kin can");
        scheduler_.enter(this->shared_from_this());
        follow_.emplace(timer_.token(), [this] { cancel(who_stops(&timer_)); });
        try {
            begin_try();
        } catch (...) {
            follow_.reset();
            scheduler_.leave(*this);
            throw;
        }
        go_on_here();
    }

    bool ended() noexcept override {
        std::lock_guard const lock(mutex_);
        return ended_;
    }

    bool wait_until(std::optional<time_point> deadline) override {
        std::shared_ptr<job> helped;
        std::unique_lock lock(mutex_);
        if (!ended_) model_.check_wait();
        while (!ended_) {
            if (try_ && try_ != helped) {
                helped = try_;
                lock.unlock();
                model_.before_wait(*helped);
                lock.lock();
            } else if (!deadline) {
                changed_.wait(lock);
            } else if (changed_.wait_until(lock, *deadline) == std::cv_status::timeout) {
                return ended_;
            }
        }
        return true;
    }

    void cancel() noexcept override { cancel(stopped_by::request); }

    void cancel(stopped_by who) noexcept override {
        auto const kept = this->shared_from_this();
        {
            std::lock_guard const lock(mutex_);
            if (ended_) return;
            if (!std::exchange(cancelled_, true)) canceller_ = who;
            changed_.notify_all();
        }
        scheduler_.disturb(*this);
        stop_.request_stop();  // this may end the call, and then the scheduler may be gone
    }

    bool stop_requested() noexcept override {
        std::lock_guard const lock(mutex_);
        return cancelled_;
    }

    void abandon() noexcept override {}

    outcome<R> take() override {
        std::lock_guard const lock(mutex_);
        return *std::exchange(result_, std::nullopt);
    }

    void try_again() noexcept override {
        try {
            begin_try();
        } catch (...) {
            end(outcome<R>(describe_current_exception(0, {})));
        }
    }

    void give_up() noexcept override { end(std::nullopt); }

protected:
    retried_call(model& how, retry_scheduler& scheduler, body_identity const& body,
                 call_options const& options)
        : model_(how),
          scheduler_(scheduler),
          identity_(body),
          options_(options),
          pauses_(options.retry),
          timer_(options.stop, options.timeout) {
        options_.stop = stop_.get_token();
        options_.timeout = options_.timeout.max();
    }

private:
    /// Begins a further call of the body. Throws what model::start throws.
    virtual std::shared_ptr<job> begin_try_of(model& how, call_options const& options, receiver<R> to) = 0;

    /// Whether the call's time limit ended it. Under the lock.
    bool is_late() const noexcept { return cancelled_ && canceller_ == stopped_by::call_limit; }

    void begin_try() {
        std::size_t number = 0;
        {
            std::lock_guard const lock(mutex_);
            number = ++tries_;
            if (submitting_) starter_ = std::this_thread::get_id();
        }
        auto begun = begin_try_of(model_, options_, [whole = this->shared_from_this()](outcome<R>&& result) {
            whole->note_end(std::move(result));
        });
        {
            std::lock_guard const lock(mutex_);
            if (ended_tries_ >= number) return;
            starter_ = {};
            try_ = begun;
            changed_.notify_all();
        }
        begun->abandon();  // its outcome comes by itself
    }

    /// A try has ended, and its model is about to forget it.
    void note_end(outcome<R>&& result) noexcept {
        bool again = !result && is_tried_again(options_.retry, result.error());
        bool here = false;
        {
            std::lock_guard const lock(mutex_);
            try_.reset();
            ended_tries_ = tries_;
            again = again && !cancelled_ && tries_ <= options_.retry.times;
            here = again && starter_ == std::this_thread::get_id();
            if (again) last_ = std::move(result);
            again_here_ = here;
            starter_ = {};
        }
        if (!again) return end(std::move(result));
        if (!here) pause();
    }

    void pause() noexcept {
        if (!scheduler_.wait(*this, retry_scheduler::clock::now() + pauses_.take())) return end(std::nullopt);
        if (stop_requested()) scheduler_.disturb(*this);  // it came before the pause
    }

    /// In a model that runs its calls on the thread that makes them, that thread pauses too.
    void go_on_here() noexcept {
        for (;;) {
            {
                std::unique_lock lock(mutex_);
                submitting_ = std::exchange(again_here_, false);
                if (!submitting_) return;
                changed_.wait_for(lock, pauses_.take(), [this] { return cancelled_; });
            }
            if (stop_requested()) {
                end(std::nullopt);
            } else {
                try_again();
            }
        }
    }

    /// Whether the caller expects that there is no value.
    bool is_expected(failure const& why) const noexcept {
        return cancelled_ && !is_late() && why.why != cause::timed_out;
    }

    /// Ends the call with `result`, or with the outcome of the last try if there is none.
    void end(std::optional<outcome<R>> result) noexcept {
        bool const stopped = !result || (!*result && result->error().why == cause::cancelled);
        if (!result) result = std::move(last_);
        bool late = false;
        {
            std::lock_guard const lock(mutex_);
            late = is_late();
        }
        if (stopped && late) {
            auto why = result->error();
            timer_.explain(why);
            result.emplace(std::move(why));
        }
        follow_.reset();  // a stop that is under way is waited for
        {
            std::lock_guard const lock(mutex_);
            result_ = std::move(result);
            ended_ = true;
            changed_.notify_all();
        }
        scheduler_.leave(*this);
    }

    model& model_;
    retry_scheduler& scheduler_;
    body_identity identity_;
    call_options options_;
    retry_pauses pauses_;
    std::stop_source stop_;  // of the tries
    call_timer timer_;

    std::mutex mutex_;  // guards what follows
    std::condition_variable changed_;
    std::shared_ptr<job> try_;  // the one under way
    std::size_t tries_ = 0;
    std::size_t ended_tries_ = 0;
    std::optional<outcome<R>> last_;    // of a try that is followed by another
    std::optional<outcome<R>> result_;  // of the call
    bool ended_ = false;
    bool cancelled_ = false;
    stopped_by canceller_ = stopped_by::request;  // the first one
    bool submitting_ = true;                      // the first try, or one that follows on the same thread
    std::thread::id starter_;                     // of such a try, until it has begun or ended
    bool again_here_ = false;

    std::optional<std::stop_callback<std::function<void()>>> follow_;  // last: it uses the others
};

template <class Body, class In, class R>
class retried_body final : public retried_call<R> {
public:
    retried_body(model& how, retry_scheduler& scheduler, Body const& body, In&& input,
                 call_options const& options)
        : retried_call<R>(how, scheduler, identity_of(body), options),
          body_(body),
          input_(std::move(input)) {}

    /// Throws what model::start throws.
    static std::shared_ptr<call<R>> begin(model& how, retry_scheduler& scheduler, Body const& body,
                                          In&& input, call_options const& options) {
        auto made = std::make_shared<retried_body>(how, scheduler, body, std::move(input), options);
        made->retried_call<R>::begin();
        return made;
    }

private:
    std::shared_ptr<job> begin_try_of(model& how, call_options const& options, receiver<R> to) override {
        return call_job<Body, In, R>::begin(how, body_, In(input_), options, std::move(to));
    }

    Body body_;
    In input_;
};

}  // namespace quartet::detail
