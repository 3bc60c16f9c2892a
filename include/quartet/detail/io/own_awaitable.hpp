// include/quartet/detail/io/own_awaitable.hpp
//
// What may be awaited in a task: what this library knows how to wait for, in every context.
//
// A blocking context has the body run straight through; an awaiter that knows nothing of it would suspend the
// body, whose frame is then gone when somebody resumes it. On an event loop it would resume the body on a
// thread of its own, beside the loop, or never. So a task's promise lets only awaiters through that carry the
// mark `own_awaiter`, and says in a sentence what to do about others. All of it is decided here.
#pragma once

#include <coroutine>
#include <type_traits>
#include <utility>

namespace quartet::inline v0 {

template <class T>
class task;

namespace detail {

template <class T>
inline constexpr bool refused = false;

template <class T>
inline constexpr bool is_task = false;
template <class T>
inline constexpr bool is_task<task<T>> = true;

template <class T>
concept has_member_co_await = requires(T&& what) {
    static_cast<T&&>(what).operator co_await();
};
template <class T>
concept has_free_co_await = requires(T&& what) {
    operator co_await(static_cast<T&&>(what));
};

/// The mark.
struct own_awaiter {};

/// What the awaiting is done by: the thing itself, or what its operator co_await gives.
template <class T>
struct awaiter_of {
    using type = std::remove_cvref_t<T>;
};
template <has_member_co_await T>
struct awaiter_of<T> {
    using type = std::remove_cvref_t<decltype(std::declval<T>().operator co_await())>;
};
template <has_free_co_await T>
requires(!has_member_co_await<T>) struct awaiter_of<T> {
    using type = std::remove_cvref_t<decltype(operator co_await(std::declval<T>()))>;
};

/// Its awaiter is one of this library's.
template <class T>
concept own_awaitable = std::is_base_of_v<own_awaiter, typename awaiter_of<T>::type>;

template <class T>
concept any_awaiter = requires(T& what) {
    what.await_ready();
    what.await_resume();
};

/// Says in one sentence why `Awaitable` can't be awaited in a task; false if it can't.
template <class Awaitable>
consteval bool check_awaitable() {
    constexpr bool named_task =
        std::is_lvalue_reference_v<Awaitable> && is_task<std::remove_cvref_t<Awaitable>>;
    static_assert(!named_task,
                  "quartet: a task is awaited once, and used up by it: co_await std::move(the_task)");
    constexpr bool foreign = !named_task && !own_awaitable<Awaitable>;
    static_assert(!foreign,
                  "quartet: a task awaits tasks, futures and what its context gives; another library's "
                  "awaitable is awaited by co_await ctx.await(it), which resumes the body on its own thread");
    return !named_task && !foreign;
}

/// Stands where something was refused, so that one sentence is all that is said.
struct refused_awaitable {
    bool await_ready() const noexcept { return true; }
    void await_suspend(std::coroutine_handle<>) const noexcept {}
    void await_resume() const noexcept {}
};

/// An awaiter that stays where it is; g++ 12 would copy what await_transform gives by reference.
template <class Awaiter>
struct awaiter_in_place {
    Awaiter& what;
    bool await_ready() { return what.await_ready(); }
    decltype(auto) await_suspend(std::coroutine_handle<> waiter) { return what.await_suspend(waiter); }
    decltype(auto) await_resume() { return what.await_resume(); }
};

/// `what`, if it may be awaited.
template <class Awaitable>
decltype(auto) require_own(Awaitable&& what) noexcept {
    if constexpr (check_awaitable<Awaitable>()) {
        using itself = std::remove_reference_t<Awaitable>;
        if constexpr (std::is_same_v<typename awaiter_of<Awaitable>::type, itself>)
            return awaiter_in_place<itself>{what};
        else
            return static_cast<Awaitable&&>(what);
    } else if constexpr (is_task<std::remove_cvref_t<Awaitable>>) {
        return std::move(what);
    } else if constexpr (any_awaiter<typename awaiter_of<Awaitable>::type>) {
        return static_cast<Awaitable&&>(what);
    } else {
        return refused_awaitable();
    }
}

}  // namespace detail
}  // namespace quartet::inline v0
