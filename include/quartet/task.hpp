// include/quartet/task.hpp
//
// task<T>: the coroutine type of a task body.
//
// A task does nothing until it is awaited or a model starts it; it then runs on the caller's thread up to
// its first wait. It is resumed on the thread that started it and on no other, so a body needs no locks
// for its own variables. Members are not thread-safe.
//
// Cost: one allocation for the coroutine frame. A body whose awaits are all done at once never suspends.
#pragma once

#include <quartet/detail/base/misuse.hpp>
#include <quartet/detail/io/own_awaitable.hpp>

#include <coroutine>
#include <exception>
#include <type_traits>
#include <utility>
#include <variant>

namespace quartet::inline v0 {

template <class T>
class task;

namespace detail {

/// Told that a task which nobody awaits has ended. It must not destroy the task from within `ended`: the
/// coroutine's last suspension is still on the stack. It gives the coroutine that goes on now, or one that
/// does nothing.
class task_listener {
public:
    virtual std::coroutine_handle<> ended() noexcept = 0;

protected:
    virtual ~task_listener() = default;
};

class task_promise_base {
public:
    /// Resumes the coroutine that waits for the task.
    struct final_awaiter {
        bool await_ready() const noexcept { return false; }
        template <class Promise>
        std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> ended) const noexcept {
            task_promise_base& promise = ended.promise();
            if (promise.waiter_) return promise.waiter_;
            if (promise.listener_) return promise.listener_->ended();
            return std::noop_coroutine();
        }
        void await_resume() const noexcept {}
    };

    std::suspend_always initial_suspend() const noexcept { return {}; }
    final_awaiter final_suspend() const noexcept { return {}; }

    /// What a body may await: see own_awaitable.hpp.
    template <class Awaitable>
    decltype(auto) await_transform(Awaitable&& what) noexcept {
        return require_own(std::forward<Awaitable>(what));
    }

    template <class Value>
    std::suspend_never yield_value(Value&&) const noexcept {
        static_assert(detail::refused<Value>,
                      "quartet: a task gives one value, by co_return: co_yield has nowhere to go; send what "
                      "comes bit by bit through a channel");
        return {};
    }

    void set_waiter(std::coroutine_handle<> waiter) noexcept { waiter_ = waiter; }
    void set_listener(task_listener* listener) noexcept { listener_ = listener; }

    /// Called before the task runs to its first wait. Throws std::logic_error at the second call.
    void begin() {
        if (begun_) [[unlikely]]
            misuse("a task is started or awaited once, and this one was before");
        begun_ = true;
    }
    bool begun() const noexcept { return begun_; }

protected:
    /// Throws std::logic_error the second time.
    void take_once() {
        if (taken_) [[unlikely]]
            misuse("the value of a task is taken once, and it was before");
        taken_ = true;
    }

private:
    std::coroutine_handle<> waiter_;
    task_listener* listener_ = nullptr;
    bool begun_ = false;
    bool taken_ = false;
};

template <class T>
class task_promise final : public task_promise_base {
public:
    task<T> get_return_object() noexcept;

    template <class Value>
    requires std::is_convertible_v<Value&&, T>
    void return_value(Value&& value) noexcept(std::is_nothrow_constructible_v<T, Value&&>) {
        result_.template emplace<1>(std::forward<Value>(value));
    }
    void unhandled_exception() noexcept { result_.template emplace<2>(std::current_exception()); }
    bool failed() const noexcept { return result_.index() == 2; }

    T take() {
        if (result_.index() == 2) std::rethrow_exception(std::get<2>(result_));
        take_once();
        return std::move(std::get<1>(result_));
    }

private:
    std::variant<std::monostate, T, std::exception_ptr> result_;
};

template <>
class task_promise<void> final : public task_promise_base {
public:
    task<void> get_return_object() noexcept;
    void return_void() const noexcept {}
    void unhandled_exception() noexcept { error_ = std::current_exception(); }
    bool failed() const noexcept { return error_ != nullptr; }
    void take() {
        if (error_) std::rethrow_exception(error_);
        take_once();
    }

private:
    std::exception_ptr error_;
};

}  // namespace detail

/// A body that has been called, or a helper that one awaits: `task<int> answer(context&, std::string)`.
///
/// The parameters of a coroutine live as long as its task. Take them by value, or by reference to what
/// outlives the run; a capturing lambda's captures live as long as the lambda, not the task.
///
/// A task that was moved from, or awaited, can't be used again: start(), done(), failed(), take() and
/// co_await throw std::logic_error then.
template <class T>
class [[nodiscard]] task {
    static_assert(!std::is_reference_v<T>, "quartet: a task returns a value; a reference can't cross models");

public:
    using value_type = T;
    using promise_type = detail::task_promise<T>;

    task(task&& other) noexcept : coroutine_(std::exchange(other.coroutine_, {})) {}
    task& operator=(task&& other) noexcept {
        if (this != &other) {
            destroy();
            coroutine_ = std::exchange(other.coroutine_, {});
        }
        return *this;
    }
    ~task() { destroy(); }

    /// Whether there is a body: not after a move.
    bool valid() const noexcept { return static_cast<bool>(coroutine_); }

    /// Whether it was started or awaited. False if it was moved from.
    bool begun() const noexcept { return coroutine_ && coroutine_.promise().begun(); }

    /// Runs until the first wait or the end. Once.
    void start() {
        promise().begin();
        coroutine_.resume();
    }

    bool done() const {
        require_body();
        return coroutine_.done();
    }

    /// Whether the body threw, if it has ended.
    bool failed() const {
        require_body();
        return coroutine_.promise().failed();
    }

    /// The value, or a throw of what the body threw. Once, and when the body has ended: else throws
    /// std::logic_error.
    T take() {
        if (!done()) [[unlikely]]
            detail::misuse("a task has a value when it has ended, and this one has not");
        return coroutine_.promise().take();
    }

    /// Sets what is told when the task ends. Before start(); a task that is awaited has no listener.
    void set_listener(detail::task_listener* listener) { promise().set_listener(listener); }

    /// Awaiting a task runs it right here; the awaiting coroutine suspends only if the task had to wait.
    auto operator co_await() && noexcept {
        struct awaiter : detail::own_awaiter {
            std::coroutine_handle<promise_type> awaited;
            bool await_ready() const {
                if (!awaited) [[unlikely]]
                    detail::misuse(moved_from);
                awaited.promise().begin();
                awaited.resume();
                return awaited.done();
            }
            // The awaited task can't have ended since await_ready: it goes on only from this thread's loop.
            void await_suspend(std::coroutine_handle<> waiter) const noexcept {
                awaited.promise().set_waiter(waiter);
            }
            T await_resume() const { return awaited.promise().take(); }
        };
        return awaiter{{}, coroutine_};
    }

private:
    friend promise_type;
    explicit task(std::coroutine_handle<promise_type> coroutine) noexcept : coroutine_(coroutine) {}

    static constexpr char const* moved_from = "this task was moved from, and has no body";

    void require_body() const {
        if (!coroutine_) [[unlikely]]
            detail::misuse(moved_from);
    }
    promise_type& promise() const {
        require_body();
        return coroutine_.promise();
    }

    void destroy() noexcept {
        if (coroutine_) coroutine_.destroy();
    }

    std::coroutine_handle<promise_type> coroutine_;
};

namespace detail {

template <class T>
task<T> task_promise<T>::get_return_object() noexcept {
    return task<T>(std::coroutine_handle<task_promise>::from_promise(*this));
}

inline task<void> task_promise<void>::get_return_object() noexcept {
    return task<void>(std::coroutine_handle<task_promise>::from_promise(*this));
}

}  // namespace detail
}  // namespace quartet::inline v0
