// include/quartet/task_local.hpp
//
// A value that a part of a body and all that it awaits can see without being given it, such as the number of
// a request in logs.
//
//     quartet::task_local<std::string> request;  // anywhere, often global
//
//     co_await request.with("GET /1", handle(ctx, connection));
//     …
//     if (auto const* which = request.get()) ctx.log(*which + ": no such page");
//
// It is bound for as long as the awaited part takes, on an event loop only while that runs and not other
// bodies: what a variable of the thread can't do. Children inherit it: those of when_all, gather, a task
// group or a time limit. Calls that are submitted do not, nor do functions that run beside the loop
// (offload).
#pragma once

#include <quartet/detail/io/child_group.hpp>
#include <quartet/detail/io/scope.hpp>
#include <quartet/task.hpp>

#include <type_traits>
#include <utility>

namespace quartet::inline v0 {

template <class T>
class task_local;

namespace detail {
template <class T, class R>
task<R> with_local(task_local<T> const& which, T value, task<R> what);
}  // namespace detail

template <class T>
class task_local {
public:
    task_local() = default;
    task_local(task_local const&) = delete;
    task_local& operator=(task_local const&) = delete;

    /// Awaits a task or an operation, within which the value is `value`; gives what that gives. A binding
    /// within another hides it. Costs a coroutine frame.
    template <class Awaitable>
    task<detail::awaited_t<Awaitable>> with(T value, Awaitable what) const {
        return detail::with_local(*this, std::move(value), detail::as_task(std::move(what)));
    }

    /// The value that is bound where this is called; null if there is none. It stays until the part for which
    /// it is bound has ended. Costs a look at each binding around it.
    T const* get() const noexcept {
        auto const* const part = detail::current_scope();
        auto const* each = part ? part->locals() : nullptr;
        while (each && each->of != this)
            each = each->outer;
        return each ? static_cast<T const*>(each->value) : nullptr;
    }

    /// The value, or `other` where none is bound.
    T value_or(T other) const {
        auto const* const bound = get();
        return bound ? *bound : std::move(other);
    }
};

// g++ 12 takes the frame of a coroutine template for a type that others may see, and warns where a value's
// type is in an anonymous namespace.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsubobject-linkage"
#endif

namespace detail {

template <class T, class R>
task<R> with_local(task_local<T> const& which, T value, task<R> what) {
    scope* const outer = current_scope();
    local_binding const bound{&which, &value, outer ? outer->locals() : nullptr};
    typed_child<R> work(std::move(what));
    child* const list[] = {&work};
    child_group group(list, decided_by::first_end);
    work.own_scope().bind(bound);
    co_await group;
    if constexpr (std::is_void_v<R>)
        work.take();
    else
        co_return work.take();
}

}  // namespace detail

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

}  // namespace quartet::inline v0
