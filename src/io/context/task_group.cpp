#include <quartet/outcome.hpp>
#include <quartet/task_group.hpp>

#include <fmt/format.h>

#include <coroutine>
#include <exception>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace quartet::inline v0 {
namespace {

std::string text_of(std::exception_ptr const& error) {
    try {
        std::rethrow_exception(error);
    } catch (std::exception const& known) {
        return known.what();
    } catch (...) {
        return "an exception that is no std::exception";
    }
}

std::string text_of(std::vector<std::exception_ptr> const& errors) {
    if (errors.size() == 1) return fmt::format("a child of the group failed: {}", text_of(errors.front()));
    return fmt::format("{} children of the group failed; the first: {}", errors.size(),
                       text_of(errors.front()));
}

}  // namespace

group_error::group_error(std::vector<std::exception_ptr> errors)
    : std::runtime_error(text_of(errors)),
      errors_(std::make_shared<std::vector<std::exception_ptr> const>(std::move(errors))) {}

void spawned_task::cancel() const noexcept {
    if (!done()) (*child_)->of_task().own_scope().cancel();
}

std::coroutine_handle<> detail::group_child::child_ended(child&) noexcept {
    task_group& group = group_;
    group.note_end(*this);
    bool const goes_on = group.children_.empty() && group.waiter_;
    return goes_on ? group.waiter_ : std::noop_coroutine();
}

spawned_task task_group::begin(std::unique_ptr<detail::group_child> made) {
    ended_.clear();
    spawned_task const handle(made->handle);
    if (cancelled_) return handle;
    auto& child = *children_.emplace_back(std::move(made));
    child.position = std::prev(children_.end());
    if (!std::exchange(has_body_, true)) body_ = &child;
    child.of_task().own_scope().begin_within(outer_);
    if (child.of_task().begin_for(child)) note_end(child);
    return handle;
}

void task_group::cancel_all() noexcept {
    cancelled_ = true;
    for (auto const& each : children_)
        each->of_task().own_scope().cancel();
}

void task_group::cancel() noexcept {
    cancelled_from_outside_ = true;
    cancel_all();
}

void task_group::note_end(detail::group_child& ended) noexcept {
    bool const failed = ended.of_task().failed() && keep_error(ended);
    if (body_ == &ended) body_ = nullptr;
    *ended.handle = nullptr;
    ended_.splice(ended_.end(), children_, ended.position);
    if (failed && !finishes_all_) cancel_all();
}

/// False if it was only cancelled.
bool task_group::keep_error(detail::group_child& failed) noexcept {
    try {
        failed.of_task().rethrow();
    } catch (cancelled const&) {
        if (body_ == &failed && (cancelled_from_outside_ || !cancelled_)) body_cancelled_ = true;
        return false;
    } catch (...) {
        errors_.push_back(std::current_exception());
    }
    return true;
}

void task_group::wait(std::coroutine_handle<> waiter) noexcept {
    waiter_ = waiter;
    if (outer_) outer_->wait_in(this);
}

void task_group::finish() {
    if (outer_ && waiter_) outer_->wait_in(nullptr);
    detail::current_scope() = outer_;
    ended_.clear();
    if (!errors_.empty()) throw group_error(std::move(errors_));
    if (body_cancelled_) throw cancelled();
}

}  // namespace quartet::inline v0
