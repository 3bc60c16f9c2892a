// include/quartet/task_group.hpp
//
// Children that a body spawns while it runs, as they come.
//
//     co_await quartet::in_task_group(ctx, [&](quartet::task_group& group) -> quartet::task<void> {
//         while (auto order = co_await orders.receive(ctx)) group.spawn(handle(ctx, std::move(*order)));
//     });
//
// On an event loop children are under way at the same time, on the thread of their body, as those of when_all
// are; in a blocking context each runs to its end before spawn() returns. Either way all have ended when the
// await is over: no child outlives its group. When one fails the others are cancelled, unless it was said
// that all shall finish, and in the end all errors are thrown as one. The values of children are dropped.
//
// A child that has ended is gone at the next spawn(), so a group may go on for ever.
#pragma once

#include <quartet/context.hpp>
#include <quartet/detail/io/child_group.hpp>
#include <quartet/detail/io/own_awaitable.hpp>
#include <quartet/outcome.hpp>
#include <quartet/task.hpp>

#include <coroutine>
#include <cstddef>
#include <exception>
#include <list>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace quartet::inline v0 {

class task_group;

/// Thrown when children of a group failed. Its text has the number and the first one's.
class group_error : public std::runtime_error {
public:
    /// `errors` is not empty.
    explicit group_error(std::vector<std::exception_ptr> errors);

    /// What was thrown, in the order of the ends.
    std::vector<std::exception_ptr> const& errors() const noexcept { return *errors_; }

private:
    std::shared_ptr<std::vector<std::exception_ptr> const> errors_;  // shared: copying must not throw
};

namespace detail {

class group_child;

template <class Body>
task<void> run_group(context& ctx, Body body, bool finishes_all);

}  // namespace detail

/// A child of a group. May be copied, kept and dropped as one likes, also when the group is gone; for the
/// thread of the group.
class spawned_task {
public:
    spawned_task() = default;

    /// Whether it has ended, or never began.
    bool done() const noexcept { return !child_ || !*child_; }

    /// Cancels it: what it awaits ends early and throws `cancelled` into it. That is no error of the group.
    /// Resumes nobody from within.
    void cancel() const noexcept;

private:
    friend class task_group;
    explicit spawned_task(std::shared_ptr<detail::group_child*> child) noexcept : child_(std::move(child)) {}

    std::shared_ptr<detail::group_child*> child_;  // null when it has ended
};

/// For the body of in_task_group() and its children, on their thread.
class task_group final : private detail::suspension_point {
public:
    task_group(task_group const&) = delete;
    task_group& operator=(task_group const&) = delete;

    /// Begins a task or an operation of the context as a child, which runs to its first wait right here; in a
    /// blocking context to its end. In a group that is cancelled, or in which a child has failed, it does not
    /// begin.
    ///
    /// Throws std::logic_error for a task that was awaited or moved from.
    template <class Awaitable>
    spawned_task spawn(Awaitable what);

    /// Cancels all children that are under way, the body of the group among them. What is spawned later does
    /// not begin.
    void cancel_all() noexcept;

    /// Children that have begun and not ended, without the body of the group.
    std::size_t size() const noexcept { return children_.size() - (body_ ? 1 : 0); }

private:
    friend class detail::group_child;
    template <class Body>
    friend task<void> detail::run_group(context& ctx, Body body, bool finishes_all);

    struct join_awaiter : detail::own_awaiter {
        explicit join_awaiter(task_group& of) noexcept : group(of) {}
        task_group& group;
        bool await_ready() const noexcept { return group.children_.empty(); }
        void await_suspend(std::coroutine_handle<> waiter) const noexcept { group.wait(waiter); }
        void await_resume() const { group.finish(); }
    };

    explicit task_group(bool finishes_all) noexcept
        : outer_(detail::current_scope()), finishes_all_(finishes_all) {}

    spawned_task begin(std::unique_ptr<detail::group_child> made);
    join_awaiter join() noexcept { return join_awaiter(*this); }
    void wait(std::coroutine_handle<> waiter) noexcept;
    void finish();

    void cancel() noexcept override;
    void note_end(detail::group_child& ended) noexcept;
    bool keep_error(detail::group_child& failed) noexcept;

    detail::scope* outer_;
    bool const finishes_all_;
    bool has_body_ = false;
    bool cancelled_ = false;
    bool cancelled_from_outside_ = false;
    bool body_cancelled_ = false;                               // from outside
    detail::group_child* body_ = nullptr;                       // the first child, as long as it is under way
    std::list<std::unique_ptr<detail::group_child>> children_;  // under way
    std::list<std::unique_ptr<detail::group_child>> ended_;     // to be destroyed
    std::vector<std::exception_ptr> errors_;
    std::coroutine_handle<> waiter_;
};

/// What becomes of the others when a child fails.
enum class on_child_failure {
    cancel_all,  ///< they are cancelled, and so is the body of the group
    finish_all,  ///< they go on
};

/// Awaits `body(group)`, which may spawn children, and then those that are left. Throws group_error with all
/// errors if any of them failed, the body itself among them; `cancelled` if what is around it was cancelled.
///
/// Cost: a coroutine frame and two allocations for each child.
template <class Body>
task<void> in_task_group(context& ctx, Body body, on_child_failure policy = on_child_failure::cancel_all) {
    return detail::run_group(ctx, std::move(body), policy == on_child_failure::finish_all);
}

namespace detail {

/// A child in its group.
class group_child : public child_host {
public:
    explicit group_child(task_group& in) : handle(std::make_shared<group_child*>(this)), group_(in) {}
    group_child(group_child const&) = delete;
    group_child& operator=(group_child const&) = delete;
    virtual ~group_child() { *handle = nullptr; }

    virtual child& of_task() noexcept = 0;

    std::shared_ptr<group_child*> const handle;
    std::list<std::unique_ptr<group_child>>::iterator position{};

private:
    std::coroutine_handle<> child_ended(child&) noexcept override;
    task_group& group_;
};

template <class T>
class typed_group_child final : public group_child {
public:
    typed_group_child(task_group& in, task<T> body) : group_child(in), child_(std::move(body)) {}
    child& of_task() noexcept override { return child_; }

private:
    typed_child<T> child_;
};

}  // namespace detail

template <class Awaitable>
spawned_task task_group::spawn(Awaitable what) {
    auto whole = detail::as_task(std::move(what));
    using value = typename decltype(whole)::value_type;
    return begin(std::make_unique<detail::typed_group_child<value>>(*this, std::move(whole)));
}

// g++ 12 takes the frame of a coroutine template for a type that others may see, and warns where a value's
// type is in an anonymous namespace.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsubobject-linkage"
#endif

namespace detail {

/// Whatever it throws, and when, is thrown by a child.
template <class Body>
task<void> run_body(Body& body, task_group& group) {
    co_await body(group);
}

template <class Body>
task<void> run_group(context&, Body body, bool finishes_all) {
    task_group group(finishes_all);
    group.spawn(run_body(body, group));
    co_await group.join();
}

}  // namespace detail

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

}  // namespace quartet::inline v0
