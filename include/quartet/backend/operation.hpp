// include/quartet/backend/operation.hpp
//
// What a body awaits, and how it is done in the three kinds of context: base class of all operations.
//
// An operation begins when it is awaited. A blocking context has it perform(): all of it, at once, on the
// calling thread, so that the body never suspends. An async context has it begin() on the event loop: it is
// done at once as well, or completes later, from a turn of the loop of the same thread. The fake has it
// pretend(). The loop can't run between await_ready and await_suspend, so no completion comes too early.
//
// To add one, derive from `operation`, bring the three ways, and give it an await_resume(); what the ways may
// use is in backend/loop.hpp. Nothing else has to know of it. Those of quartet itself are in
// detail/io/operations/ and src/io/operations/, one file each; tests/io/own_operation_test.cpp has one from
// outside.
//
// An operation may be moved until it is awaited. It must not be destroyed while it is under way; a model runs
// every body it has started to its end, so this can't happen to a body. Text and data that an operation
// refers to must live until it is done: a temporary within the co_await expression does.
#pragma once

#include <quartet/detail/base/own_process.hpp>
#include <quartet/detail/io/own_awaitable.hpp>
#include <quartet/detail/io/scope.hpp>
#include <quartet/detail/io/stall_watch.hpp>
#include <quartet/detail/io/task_slots.hpp>

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <string>
#include <string_view>
#include <utility>

namespace quartet::inline v0 {

class blocking_thread;
class context;
class event_loop;
class fake_loop;
class loop;

class operation : public detail::suspension_point, public detail::own_awaiter {
public:
    operation& operator=(operation const&) = delete;

    // ---- Its three ways, on the thread of its body. What goes wrong is left in `error` or thrown.

    /// Does all of it. Ends early, with `cancelled`, when owner().stop_requested().
    virtual void perform(blocking_thread& here) = 0;

    /// True if it is done already; false if complete() will be called in a turn of the loop to come.
    virtual bool begin(event_loop& loop) = 0;

    /// The same by the fake's clock and in its world.
    virtual bool pretend(fake_loop& loop) = 0;

    /// Ends one that is under way there, if it can be ended: it completes soon, with `cancelled`. Resumes
    /// nobody from within.
    virtual void cancel_begun(event_loop&) noexcept {}
    virtual void cancel_pretended(fake_loop&) noexcept {}

    /// Whether it does not even begin, but ends with `cancelled`, in a body that is to end.
    virtual bool ends_with_body() const noexcept { return true; }

    // ---- For bodies

    bool await_ready();
    void await_suspend(std::coroutine_handle<> waiter) noexcept {
        waiter_ = waiter;
        scope_ = detail::current_scope();
        if (scope_) scope_->wait_in(this);
        task_ = detail::this_task;
    }

    // ---- For loops

    /// The operation is done (or failed, see `error`), its body goes on.
    void complete() {
        if (waits_since_ != 0) [[unlikely]]
            detail::end_wait(task_, std::exchange(waits_since_, 0), *owner_);
        detail::task_switch const at_work(task_);
        detail::current_scope() = scope_;
        if (scope_) scope_->wait_in(nullptr);
        detail::running_body const* const body = scope_ ? scope_->body() : nullptr;
        detail::stall_watch* const watch = body ? detail::current_stall_watch() : nullptr;
        auto const since = watch ? watch->begin(*body) : detail::stall_watch::time_point();
        detail::process_stamp const began = detail::this_process();
        waiter_.resume();  // which may destroy the operation
        if (!detail::is_still(began)) [[unlikely]]
            detail::end_forked_child(false);  // it is a forked child that waits, and the loop is the parent's
        detail::current_scope() = nullptr;
        if (watch) watch->end(*body, since);
    }

    operation* next_done = nullptr;  ///< among those that other threads have completed

    /// Its part of the body is to end.
    void cancel() noexcept final;

    /// What await_resume throws, if set.
    std::exception_ptr error;

protected:
    explicit operation(context& owner) noexcept : owner_(&owner) {}
    operation(operation&&) noexcept = default;

    context& owner() const noexcept { return *owner_; }

    /// Has the context begin it; true if it is done. await_ready() also records the wait, if tasks are
    /// recorded.
    bool start();

    /// The loop that pretends it; null unless its context is a fake's.
    fake_loop* fake() const noexcept;

    /// What the body that waits for it on a loop is called, for people.
    std::string name_of_waiting_body() const;

    /// A line for people about it, to the log or to standard error.
    void warn(std::string_view line) const;

    void throw_error() {
        if (error) std::rethrow_exception(std::exchange(error, nullptr));
    }

private:
    context* owner_;
    std::coroutine_handle<> waiter_;
    detail::scope* scope_ = nullptr;
    detail::task_at_work task_{};
    std::int64_t waits_since_ = 0;
};

/// An operation that may wait for a moment, and its index in the heap of those that do.
class timed_operation : public operation {
public:
    static constexpr std::size_t not_queued = ~std::size_t{0};
    std::size_t heap_index = not_queued;

    void cancel_pretended(fake_loop& loop) noexcept override;

protected:
    using operation::operation;
};

}  // namespace quartet::inline v0
