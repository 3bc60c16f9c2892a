#include "src/base/timers.hpp"

#include <quartet/detail/base/deadline.hpp>
#include <quartet/detail/call/describe_failure.hpp>
#include <quartet/detail/call/retried_call.hpp>

#include <exception>
#include <new>
#include <stdexcept>

namespace quartet::inline v0::detail {

/// The end of a pause.
class tries::alarm final : public timed {
public:
    explicit alarm(std::shared_ptr<tries> of) noexcept : of_(std::move(of)) {}
    void time_is_up() noexcept override { of_->pause_is_over(); }

private:
    std::shared_ptr<tries> of_;
};

tries::tries(model& how, retried_calls& among, std::stop_token const& stops, call_options const& options)
    : how_(how),
      among_(among),
      retry_(options.retry),
      try_options_(options),
      here_(how.runs_in_start()),
      pauses_(options.retry),
      timer_(options.stop, options.timeout, stops) {
    try_options_.stop = stop_.get_token();
    try_options_.timeout = options.timeout.max();
}

tries::~tries() = default;

void tries::begin() {
    if (!how_.goes_on_alone())
        throw std::invalid_argument(
            "quartet: calls of this model go on only while somebody waits for them, so they can't be "
            "tried again; map and its kin can");
    self_ = shared_from_this();
    among_.enter();
    try {
        follow_.emplace(timer_.token(), [this] { cancel(who_stops(&timer_)); });
        start_try();
    } catch (...) {
        follow_.reset();
        self_.reset();
        among_.leave();
        throw;
    }
    if (here_) try_again_here();
}

void tries::start_try() {
    std::size_t number = 0;
    {
        std::lock_guard const lock(mutex_);
        number = ++begun_tries_;
    }
    auto const begun = begin_try(*this);
    {
        std::lock_guard const lock(mutex_);
        if (ended_tries_ >= number) return;
        try_ = begun;
        changed_.notify_all();
    }
    begun->watch();  // whoever waits for the call does not wait for its tries
}

bool tries::is_tried_again() noexcept {
    failure const* const why = take_try();
    if (!why || !detail::is_tried_again(retry_, *why)) return false;
    try {
        if (!lost_.gives_up(*why)) return true;
        failure explained = *why;
        lost_.explain(explained);
        fail(std::move(explained));
    } catch (std::bad_alloc const&) {
        // It is not tried again then either.
    }
    return false;
}

/// A try has ended.
void tries::run() noexcept {
    auto const kept = shared_from_this();
    bool again = is_tried_again();
    {
        std::lock_guard const lock(mutex_);
        try_.reset();
        ended_tries_ = begun_tries_;
        again = again && begun_tries_ <= retry_.times;
    }
    if (!again || !pause()) end(again);
}

/// False if there is no further try.
bool tries::pause() noexcept {
    std::lock_guard const lock(mutex_);
    if (canceller_) return false;
    try {
        if (!here_) {
            alarm_ = std::make_shared<alarm>(shared_from_this());
            timers::of_tries().add(alarm_, deadline_after(timers::clock::now(), pauses_.take()));
        }
    } catch (std::exception const&) {
        alarm_.reset();
        return false;
    }
    state_ = state::pausing;
    return true;
}

void tries::pause_is_over() noexcept {
    {
        std::lock_guard const lock(mutex_);
        if (state_ != state::pausing) return;
        state_ = state::trying;
        alarm_.reset();
    }
    try_again();
}

void tries::try_again() noexcept {
    if (!among_.begins()) return end(true);
    try {
        start_try();
    } catch (...) {
        fail(describe_current_exception(0, {}));
        end(false);
    }
    among_.has_begun();
}

void tries::try_again_here() noexcept {
    for (;;) {
        {
            std::unique_lock lock(mutex_);
            if (state_ != state::pausing) return;
            changed_.wait_for(lock, pauses_.take(), [this] { return canceller_.has_value(); });
            state_ = canceller_ ? state::ending : state::trying;
        }
        if (stop_requested()) return end(true);
        try_again();
    }
}

void tries::cancel(stopped_by who) noexcept {
    auto const kept = shared_from_this();
    std::shared_ptr<alarm> pause;
    {
        std::lock_guard const lock(mutex_);
        if (state_ == state::over) return;
        if (!canceller_) canceller_ = who;
        if (state_ == state::pausing && !here_) {
            state_ = state::ending;
            pause = std::move(alarm_);
        }
        changed_.notify_all();
    }
    if (pause) {
        timers::take_back(*pause);
        end(true);
    } else {
        stop_.request_stop();  // this may end the call, and then the executor may be gone
    }
}

bool tries::stop_requested() noexcept {
    std::lock_guard const lock(mutex_);
    return canceller_.has_value();
}

bool tries::can_wait() noexcept {
    std::lock_guard const lock(mutex_);
    return state_ == state::over || how_.driver().can_wait();
}

/// Of a pause nothing is to be begun: further tries are queued as others are.
void tries::begin_in_place() {
    std::shared_ptr<job> begun;
    {
        std::lock_guard const lock(mutex_);
        begun = try_;
    }
    if (begun) begun->begin_in_place();
}

bool tries::is_expected(failure const& why) const noexcept {
    std::lock_guard const lock(mutex_);
    return canceller_ == stopped_by::request && why.why != cause::timed_out;
}

bool tries::wait_until(std::optional<time_point> deadline) {
    std::shared_ptr<job> helped;
    std::unique_lock lock(mutex_);
    if (state_ != state::over) how_.driver().check_wait();
    while (state_ != state::over) {
        if (try_ && try_ != helped) {
            helped = try_;
            lock.unlock();
            helped->help();
            lock.lock();
        } else if (!deadline) {
            changed_.wait(lock);
        } else if (changed_.wait_until(lock, *deadline) == std::cv_status::timeout) {
            if (state_ != state::over) return false;
        }
    }
    lock.unlock();
    return end_.wait_until();
}

/// With the outcome of the last try. `gives_up`: a stop came before there was another.
void tries::end(bool gives_up) noexcept {
    bool late = false;
    {
        std::lock_guard const lock(mutex_);
        late = canceller_ == stopped_by::call_limit;
    }
    if (auto const* const last = why_failed(); last && late && (gives_up || last->why == cause::cancelled)) {
        failure why = *last;
        timer_.explain(why);
        fail(std::move(why));
    }
    follow_.reset();  // a stop that is under way is waited for
    std::shared_ptr<tries> kept;
    {
        std::lock_guard const lock(mutex_);
        state_ = state::over;
        kept = std::move(self_);
        changed_.notify_all();
    }
    end_.finish(nobody_);
    among_.leave();
}

}  // namespace quartet::inline v0::detail
