#include <quartet/backend/job.hpp>
#include <quartet/backend/model.hpp>
#include <quartet/detail/call/call_timer.hpp>
#include <quartet/detail/call/describe_failure.hpp>
#include <quartet/task_recorder.hpp>

#include <algorithm>
#include <exception>
#include <utility>

namespace quartet {

void job::taken_by(model& how) noexcept {
    model_ = &how;
    if (auto* const recorder = how.recorder()) slots_ = recorder->reserve(size_, how);
}

void job::record_failure(std::size_t index) const noexcept {
    slots_.fail(index, model_ ? model_->now() : std::chrono::steady_clock::now());
}

void job::run_under(model& how, std::stop_token const& stop) {
    using namespace std::chrono_literals;
    how.check_wait();
    taken_by(how);
    std::stop_callback const follow(stop, [this] { request_stop(detail::who_stops(timer_)); });
    how.start(*this);
    if (progress_) {
        while (!wait_until(std::chrono::steady_clock::now() + 100ms))
            tell_progress();
        tell_progress();
    } else {
        wait_until();
    }
    if (progress_threw_) std::rethrow_exception(std::exchange(progress_threw_, nullptr));
}

void job::request_stop(detail::stopped_by who) noexcept {
    if (own_end_.is_set()) return;  // the model may be gone
    if (stop_.request(who) && model_) model_->on_stop(*this);
}

void job::explain(failure& why) const {
    if (timer_ && why.why == cause::cancelled && stop_.by_call_limit()) timer_->explain(why);
}

bool job::wait_until(std::optional<std::chrono::steady_clock::time_point> deadline) {
    if (own_end_.is_set()) return true;  // the model may be gone
    if (!finished()) {
        help();
        if (!end_.load(std::memory_order_acquire)->wait_until(deadline)) return false;
    }
    if (!own_end_.is_set()) model_->collect_results(*this);
    return true;
}

void job::tell_progress() noexcept {
    if (progress_threw_) return;
    std::size_t const left = finished() ? 0 : model_->tasks_left(*this);
    try {
        (*progress_)(size_ - std::min(left, size_), size_);
    } catch (...) {
        progress_threw_ = std::current_exception();
        request_stop();
    }
}

void job::help() {
    if (finished()) return;
    model_->check_wait();
    model_->before_wait(*this);
}

void job::abandon() noexcept {
    if (!own_end_.is_set()) model_->abandon(*this);  // else the model may be gone
}

void job::cancel(std::size_t first, std::size_t last) noexcept {
    for (std::size_t index = first; index < last; ++index)
        fail(detail::describe_cancelled(index));
}

bool job::ended(std::size_t tasks) noexcept {
    if (!count_off(tasks)) return false;
    finish();
    return true;
}

void job::finish() noexcept {
    auto const kept = release_self();
    auto& event = model_->end_event();
    end_.store(&own_end_, std::memory_order_release);
    own_end_.set();  // now the maker may take the job away
    event.notify();
}

}  // namespace quartet
