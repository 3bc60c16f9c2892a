#include <quartet/backend/job.hpp>
#include <quartet/backend/model.hpp>
#include <quartet/detail/call/call_timer.hpp>
#include <quartet/detail/call/crossing.hpp>
#include <quartet/detail/call/describe_failure.hpp>
#include <quartet/detail/call/early_values.hpp>
#include <quartet/detail/shm/broadcast_memory.hpp>
#include <quartet/task_recorder.hpp>

#include <algorithm>
#include <exception>
#include <new>
#include <utility>

namespace quartet::inline v0 {

void job::taken_by(model& how) noexcept {
    driver_ = &how.driver();
    try {
        if (auto* const recorder = how.recorder()) own_extras().slots = recorder->reserve(size_, *driver_);
        keep_broadcasts();
    } catch (std::bad_alloc const&) {
        // Then no task leaves a record, and it is for the program alone to keep the broadcasts.
    }
}

/// Those that its body has views of.
void job::keep_broadcasts() {
    if (!detail::has_broadcasts()) return;
    detail::crossing const* const way = crossing();
    if (!way) return;
    auto found = detail::broadcasts_in(way->code().closure);
    if (!found.empty()) own_extras().broadcasts = std::move(found);
}

void job::start_under(model& how) {
    taken_by(how);
    how.start(*this);
}

void job::record_failure(std::size_t index) const noexcept {
    record_slots().fail(index, driver_ ? driver_->now() : std::chrono::steady_clock::now());
}

void job::run_under(model& how, std::stop_token const& stop) {
    using namespace std::chrono_literals;
    how.driver().check_wait();
    taken_by(how);
    std::stop_callback const follow(stop, [this] { request_stop(detail::who_stops(end_.limit())); });
    how.start(*this);
    detail::job_extras const& with = extras();
    if (with.progress || with.early) {
        while (!wait_until(std::chrono::steady_clock::now() + 100ms)) {
            if (with.early) driver_->give_early(*this, *with.early);
            if (with.progress) tell_progress();
        }
        if (with.progress) tell_progress();
    } else {
        wait_until();
    }
    if (with.progress_threw) std::rethrow_exception(std::exchange(extras_->progress_threw, nullptr));
}

std::string detail::name_of(running_body const& which) {
    return which.of().body_name();
}

// Below: when it has finished, the model may be gone.

void job::request_stop(detail::stopped_by who) noexcept {
    if (end_.request_stop(who) && driver_) driver_->stopped(*this);
}

bool job::wait_until(std::optional<std::chrono::steady_clock::time_point> deadline) {
    if (end_.finished()) return true;
    if (!end_.ended()) {
        help();
        if (!end_.wait_until(deadline)) return false;
    }
    if (!end_.finished()) driver_->collect(*this);
    return true;
}

void job::help() {
    if (end_.ended()) return;
    driver_->check_wait();
    driver_->help(*this);
}

void job::begin_in_place() {
    if (!end_.ended()) driver_->begin_in_place(*this);
}

void job::then(continuation& further) noexcept {
    end_.then(further);
    watch();
}

void job::watch() noexcept {
    if (!end_.finished()) driver_->watch(*this);
}

void job::tell_progress() noexcept {
    if (extras_->progress_threw) return;
    std::size_t const left = end_.ended() ? 0 : driver_->tasks_left(*this);
    std::size_t const before = extras_->early ? extras_->early->before : 0;
    try {
        (*extras_->progress)(before + size_ - std::min(left, size_), before + size_);
    } catch (...) {
        extras_->progress_threw = std::current_exception();
        request_stop();
    }
}

void job::cancel(std::size_t first, std::size_t last) noexcept {
    for (std::size_t index = first; index < last; ++index)
        fail(detail::describe_cancelled(index));
}

}  // namespace quartet::inline v0
