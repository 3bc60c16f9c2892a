// include/quartet/detail/io/limited.hpp
//
// Tasks with a time limit. Late is the exception that says so: timed_out where a body asked for the limit,
// task_timed_out where the caller of the map did.
#pragma once

#include <quartet/context.hpp>
#include <quartet/detail/base/deadline.hpp>
#include <quartet/detail/io/child_group.hpp>
#include <quartet/detail/io/scope.hpp>
#include <quartet/outcome.hpp>
#include <quartet/task.hpp>

#include <chrono>
#include <stdexcept>
#include <type_traits>
#include <utility>

// g++ 12 takes the frame of a coroutine template for a type that others may see, and warns where a value's
// type is in an anonymous namespace.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsubobject-linkage"
#endif

namespace quartet::inline v0::detail {

/// Awaits `what` in any context; see context::with_timeout.
template <class Late, class T>
task<T> limited(context& ctx, std::chrono::nanoseconds limit, task<T> what) {
    typed_child<T> work(std::move(what));
    typed_child<void> alarm(as_task(ctx.sleep_for(limit)));  // in a blocking context it never begins
    child* const list[] = {&work, &alarm};
    child_group group(list, decided_by::first_end);
    group.limit_first(deadline_after(ctx.now(), limit));
    co_await group;
    try {
        if constexpr (std::is_void_v<T>) {
            work.take();
            co_return;
        } else {
            co_return work.take();
        }
    } catch (cancelled const&) {
        if (group.limit_ended_first()) throw Late(limit);
        throw;
    }
}

/// The value of a task that runs straight through, as it does in a blocking context.
template <class R>
R run_straight(task<R>&& body) {
    body.start();
    if (!body.done()) [[unlikely]]
        throw std::logic_error(
            "quartet: the body awaits something that is not from its context, and suspended in a blocking "
            "one");
    return body.take();
}

/// The same, for no longer than `limit`.
template <class R>
R run_straight(task<R>&& body, context& ctx, std::chrono::nanoseconds limit) {
    scope part;
    part.set_deadline(deadline_after(ctx.now(), limit));
    scope_switch const inside(&part);
    try {
        return run_straight(std::move(body));
    } catch (cancelled const&) {
        if (part.first_end() == ended_by::own_limit) throw task_timed_out(limit);
        throw;
    }
}

}  // namespace quartet::inline v0::detail

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif
