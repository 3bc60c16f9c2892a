// include/quartet/operations.hpp
//
// What a body awaits. `context` makes these; a body only ever writes `co_await ctx.sleep_for(1s)`.
//
// An operation begins when it is awaited. A context's start() either does it at once and returns true, so
// that the body never suspends, or returns false and completes it later from the event loop of the same
// thread. The loop can't run between await_ready and await_suspend, so no completion comes too early.
//
// An operation may be moved until it is awaited. It must not be destroyed while it is under way; a model runs
// every body it has started to its end, so this can't happen to a body. Text and data that an operation
// refers to must live until it is done: a temporary within the co_await expression does.
#pragma once

#include <quartet/command.hpp>
#include <quartet/detail/base/own_process.hpp>
#include <quartet/detail/io/own_awaitable.hpp>
#include <quartet/detail/io/scope.hpp>
#include <quartet/detail/io/stall_watch.hpp>
#include <quartet/detail/io/task_slots.hpp>
#include <quartet/http.hpp>

#include <chrono>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

namespace quartet {

class context;

namespace detail {

class http_transfer;

class operation : public waiting_place, public own_awaiter {
public:
    operation& operator=(operation const&) = delete;

    void await_suspend(std::coroutine_handle<> waiter) noexcept {
        waiter_ = waiter;
        scope_ = current_scope();
        if (scope_) scope_->wait_in(this);
        task_ = this_task;
    }

    /// For contexts: the operation is done (or failed, see `error`), its body goes on.
    void complete() {
        if (waits_since_ != 0) [[unlikely]]
            end_wait(task_, std::exchange(waits_since_, 0), *owner_);
        task_switch const at_work(task_);
        current_scope() = scope_;
        if (scope_) scope_->wait_in(nullptr);
        running_body const* const body = scope_ ? scope_->body() : nullptr;
        stall_watch* const watch = body ? current_stall_watch() : nullptr;
        auto const since = watch ? watch->begin(*body) : stall_watch::time_point();
        process_stamp const began = this_process();
        waiter_.resume();  // which may destroy the operation
        if (!is_still(began)) [[unlikely]]
            end_forked_child(false);  // a child of the body's waits, and the loop is the parent's
        current_scope() = nullptr;
        if (watch) watch->end(*body, since);
    }

    /// Most operations are short or can't be ended, and their bodies learn of it afterwards.
    void cancel() noexcept override {}

    /// For contexts: what await_resume throws, if set.
    std::exception_ptr error;

protected:
    explicit operation(context& owner) noexcept : owner_(&owner) {}
    operation(operation&&) noexcept = default;

    context& owner() const noexcept { return *owner_; }

    /// Has the context start what the body then waits for, and records that if the body's task is recorded.
    template <class Own>
    bool start_waiting(Own& own);

    void throw_error() {
        if (error) std::rethrow_exception(std::exchange(error, nullptr));
    }

private:
    context* owner_;
    std::coroutine_handle<> waiter_;
    scope* scope_ = nullptr;
    task_at_work task_{};
    std::int64_t waits_since_ = 0;
};

/// An operation that may wait for a moment, and its place in a timer_queue.
class timed_operation : public operation {
public:
    static constexpr std::size_t not_queued = ~std::size_t{0};
    std::size_t place = not_queued;

protected:
    using operation::operation;
};

class [[nodiscard]] sleep_operation final : public timed_operation {
public:
    sleep_operation(context& owner, std::chrono::nanoseconds length) noexcept
        : timed_operation(owner), duration(length) {}

    bool await_ready();
    void cancel() noexcept override;
    void await_resume() { throw_error(); }

    std::chrono::nanoseconds duration;
};

class [[nodiscard]] fetch_operation final : public timed_operation {
public:
    fetch_operation(context& owner, http_request what) : timed_operation(owner), request(std::move(what)) {}

    bool await_ready();
    void cancel() noexcept override;
    http_response await_resume() {
        throw_error();
        return std::move(response);
    }

    http_request request;
    http_response response;
    http_transfer* transfer = nullptr;  ///< what carries it out on a loop
};

class [[nodiscard]] command_operation final : public timed_operation {
public:
    command_operation(context& owner, command program) : timed_operation(owner), what(std::move(program)) {}

    bool await_ready();
    void cancel() noexcept override;
    command_result await_resume() {
        throw_error();
        return std::move(result);
    }

    command what;
    command_result result;
};

class [[nodiscard]] yield_operation final : public operation {
public:
    explicit yield_operation(context& owner) noexcept : operation(owner) {}

    bool await_ready();
    void await_resume() { throw_error(); }
};

/// A function that runs beside the event loop. One that has begun goes on to its end.
class offload_base : public operation {
public:
    /// Calls the function and keeps what it returned or threw. On any thread, once.
    virtual void run() noexcept = 0;

    bool await_ready();
    void cancel() noexcept override;

    bool is_cancelled = false;  ///< its body is to end, and it need not begin any more

protected:
    using operation::operation;
};

template <class Function>
class [[nodiscard]] offload_operation final : public offload_base {
    using result = std::invoke_result_t<Function&>;
    using stored = std::conditional_t<std::is_void_v<result>, std::monostate, result>;

public:
    offload_operation(context& owner, Function function)
        : offload_base(owner), function_(std::move(function)) {}

    void run() noexcept override {
        try {
            same_process const here;
            if constexpr (std::is_void_v<result>) {
                function_();
                result_.emplace();
            } else {
                result_.emplace(function_());
            }
        } catch (...) {
            error = std::current_exception();
        }
    }
    result await_resume() {
        throw_error();
        if constexpr (!std::is_void_v<result>) return std::move(*result_);
    }

private:
    Function function_;
    std::optional<stored> result_;
};

/// What an open file may have its reader or writer wait for.
enum class file_nature : std::uint8_t {
    disk,    ///< a device or a server, which answers
    memory,  ///< nothing; all is done at once
    stream,  ///< whoever is at the other end, perhaps for ever: pipes, terminals, sockets, /proc/kmsg
};

/// Any of the file operations, as a context sees them. Those on streams end early when they are cancelled.
class [[nodiscard]] file_operation : public operation {
public:
    enum class kind : std::uint8_t {
        read_whole,    ///< path → output
        write_whole,   ///< input → path, replaced
        append_whole,  ///< input → end of path
        open_read,     ///< path → descriptor
        open_append,   ///< path → descriptor, created if absent
        read_at,       ///< descriptor, offset, length → output (shorter at the end of the file)
        write,         ///< input → descriptor, all of it
        close,         ///< descriptor
    };

    file_operation(context& owner, kind what, std::string_view where, std::string_view data = {})
        : operation(owner), work(what), path(where), input(data) {}

    bool await_ready();
    void cancel() noexcept override;
    void await_resume() { throw_error(); }

    /// Does all of it at once, without waiting for who reads or writes a pipe; what goes wrong is left in
    /// `error`.
    void perform_now() noexcept;

    kind work;
    file_nature nature = file_nature::disk;  ///< of `descriptor`, once it is open
    bool is_cancelled = false;               ///< it is not to wait for a stream any longer
    int descriptor = -1;
    std::uint64_t offset = 0;
    std::size_t length = 0;
    std::size_t written = 0;  ///< how much of the input the file has taken
    std::string path;
    std::string_view input;
    std::string output;
};

class [[nodiscard]] read_file_operation final : public file_operation {
public:
    using file_operation::file_operation;
    std::string await_resume() {
        throw_error();
        return std::move(output);
    }
};

}  // namespace detail
}  // namespace quartet
