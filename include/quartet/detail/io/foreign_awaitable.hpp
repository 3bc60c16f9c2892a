// include/quartet/detail/io/foreign_awaitable.hpp
//
// Waiting for another library's awaitable: it is awaited by a coroutine of its own, which belongs to nobody,
// ends by itself, and then resumes the body. So whoever resumes it, on whatever thread, never touches the
// body; and a body that does not wait any more leaves nothing behind that it owns.
#pragma once

#include <quartet/detail/io/own_awaitable.hpp>
#include <quartet/resumer.hpp>

#include <coroutine>
#include <exception>
#include <type_traits>
#include <utility>

// g++ 12 takes the frame of a coroutine template for a type that others may see, and warns where a value's
// type is in an anonymous namespace.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsubobject-linkage"
#endif

namespace quartet::inline v0::detail {

/// A coroutine that runs at once, and that nobody waits for.
struct detached {
    struct promise_type {
        detached get_return_object() const noexcept { return {}; }
        std::suspend_never initial_suspend() const noexcept { return {}; }
        std::suspend_never final_suspend() const noexcept { return {}; }
        void return_void() const noexcept {}
        void unhandled_exception() const noexcept { std::terminate(); }  // all is caught within
    };
};

/// What `co_await` gives of it, as a value.
template <class Awaitable>
using foreign_value_t =
    std::decay_t<decltype(std::declval<typename awaiter_of<Awaitable>::type&>().await_resume())>;

template <class Awaitable>
detached await_for(Awaitable what, resumer<foreign_value_t<Awaitable>> body) {
    std::exception_ptr thrown;
    try {
        if constexpr (std::is_void_v<foreign_value_t<Awaitable>>) {
            co_await std::move(what);
            body();
        } else {
            body(co_await std::move(what));
        }
    } catch (...) {
        thrown = std::current_exception();
    }
    if (thrown) body.fail(std::move(thrown));  // when nothing here holds it any more
}

/// Whether it is one; says in one sentence if not.
template <class Awaitable>
consteval bool check_foreign() {
    constexpr bool own = own_awaitable<Awaitable>;
    static_assert(!own,
                  "quartet: this is awaited as it is, without ctx.await(): that is for the awaitables of "
                  "other libraries");
    constexpr bool none = !own && !any_awaiter<typename awaiter_of<Awaitable>::type>;
    static_assert(!none,
                  "quartet: ctx.await() takes an awaitable: something with await_ready(), "
                  "await_suspend() and await_resume(), or with an operator co_await");
    return !own && !none;
}

/// What begins the wait; see context::suspend.
template <class Awaitable>
struct foreign_start {
    Awaitable what;
    void operator()(resumer<foreign_value_t<Awaitable>> body) { await_for(std::move(what), std::move(body)); }
};

}  // namespace quartet::inline v0::detail

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif
