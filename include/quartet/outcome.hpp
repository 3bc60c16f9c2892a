// include/quartet/outcome.hpp
//
// What became of a task: its value, or a failure that says which task it was, why, and where.
//
// Plain values without hidden state; one object is not to be changed by two threads at the same time.
#pragma once

#include <quartet/detail/base/misuse.hpp>

#include <chrono>
#include <cstddef>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace quartet::inline v0 {

/// Why a task has no value.
enum class cause {
    threw,        ///< the body threw an exception
    worker_died,  ///< the process that ran it ended: a signal, an exit, no memory
    cancelled,    ///< a stop was asked for before it ended, or before it began
    timed_out,    ///< the time for it, or for the whole call, was up
    node_lost,    ///< the machine of the cluster that ran it was heard no more
};

/// "threw", "worker died", "cancelled", "timed out", "node lost".
std::string_view to_string(cause why) noexcept;

/// A task that has no value, and all that is known about why.
struct failure {
    std::size_t index = 0;  ///< of the task's input
    cause why = cause::threw;

    /// The exception's text, or the signal or exit code. It is one line, unless the exception's text has
    /// more. A text of more than 64 KiB is cut, and ends with a mark that says by how much: "... [936 bytes
    /// cut]".
    std::string message{};

    std::string worker{};  ///< where the body ran, as context::where().name; empty if it never began
    std::exception_ptr exception{};     ///< what was thrown; see remote_error if that was in another process
    int signal = 0;                     ///< the signal that ended the worker, or 0
    int exit_code = 0;                  ///< the worker's exit code, if it ended by itself
    std::size_t worker_peak_bytes = 0;  ///< the most memory (resident set) the worker that ended ever had
};

/// Stands for an exception that was thrown in another process and whose type can't cross to this one. Its
/// text is that of the exception, as in failure::message.
///
/// Exceptions of <stdexcept>, std::bad_alloc, std::system_error with the system's codes, fetch_error and
/// timed_out cross as themselves. Classes derived from them do not.
class remote_error : public std::runtime_error {
public:
    remote_error(std::string const& what, std::string type, std::string origin)
        : std::runtime_error(what), type_(std::move(type)), origin_(std::move(origin)) {}

    std::string const& type() const noexcept { return type_; }      ///< "std::out_of_range"
    std::string const& origin() const noexcept { return origin_; }  ///< the worker's name

private:
    std::string type_;
    std::string origin_;
};

/// Thrown into a body by an awaited operation that ended early, since a stop was asked for, or a time limit
/// or a sibling ended the part of the body that awaits.
///
/// It is no std::exception, so that a body which handles errors of all kinds lets it pass: a body that goes
/// on as if a fetch had failed would never end. Code that catches it, or everything by `catch (...)`, to
/// clean up has to rethrow it (`throw;`) or to return. Outside of bodies it is never seen: a value that is
/// missing since its task was cancelled is a task_error.
class cancelled {
public:
    cancelled() = default;
    cancelled(cancelled const&) = default;
    cancelled& operator=(cancelled const&) = default;
    virtual ~cancelled() = default;

    /// "cancelled"; derived classes may say what was waited for.
    virtual char const* what() const noexcept { return "cancelled"; }
};

/// Thrown into a body by context::with_timeout when the time was up.
class timed_out : public std::runtime_error {
public:
    explicit timed_out(std::chrono::nanoseconds limit);
    std::chrono::nanoseconds limit() const noexcept { return limit_; }

private:
    std::chrono::nanoseconds limit_;
};

namespace detail {

/// Thrown out of a body by call_options::task_timeout.
class task_timed_out : public timed_out {
public:
    using timed_out::timed_out;
};

}  // namespace detail

/// Thrown by outcome::value() of a task whose worker died, that was cancelled or whose time was up.
class task_error : public std::runtime_error {
public:
    explicit task_error(failure why) : std::runtime_error(why.message), failure_(std::move(why)) {}
    failure const& why() const noexcept { return failure_; }

private:
    failure failure_;
};

/// Thrown by executor::map when tasks failed. Holds every failure, ordered by index.
class map_error : public std::runtime_error {
public:
    /// `failures` should not be empty; `tasks` is how many the map had.
    map_error(std::vector<failure> failures, std::size_t tasks);

    std::vector<failure> const& failures() const noexcept { return *failures_; }
    std::size_t tasks() const noexcept { return tasks_; }

private:
    std::shared_ptr<std::vector<failure> const> failures_;  // shared: copying an exception must not throw
    std::size_t tasks_;
};

namespace detail {
/// Throws the failure's own exception, or a task_error if there is none or the task was cancelled.
[[noreturn]] void throw_failure(failure const& why);
}  // namespace detail

/// A task's value or its failure. `T` may be void.
template <class T>
class outcome {
    using stored = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

public:
    using value_type = T;

    /// A task that has not been run: a failure with cause::cancelled.
    outcome() : state_(std::in_place_index<1>, nullptr) {}
    explicit outcome(stored value) : state_(std::in_place_index<0>, std::move(value)) {}
    explicit outcome(failure why)
        : state_(std::in_place_index<1>, std::make_shared<failure const>(std::move(why))) {}

    bool has_value() const noexcept { return state_.index() == 0; }
    explicit operator bool() const noexcept { return has_value(); }

    /// The value. If there is none, throws the exception that the body threw, or a task_error if it threw
    /// none or was cancelled.
    stored const& value() const& {
        require_value();
        return std::get<0>(state_);
    }
    stored&& value() && {
        require_value();
        return std::get<0>(std::move(state_));
    }
    /// As value().
    stored const& operator*() const& { return value(); }
    stored const* operator->() const { return &value(); }

    /// The failure. Throws std::logic_error if there is a value.
    failure const& error() const {
        static failure const not_run{.why = cause::cancelled, .message = "not run"};
        if (has_value()) [[unlikely]]
            detail::misuse("this outcome has a value, and no failure");
        auto const* const why = std::get_if<1>(&state_);
        return why && *why ? **why : not_run;
    }

private:
    void require_value() const {
        if (!has_value()) detail::throw_failure(error());
    }

    std::variant<stored, std::shared_ptr<failure const>> state_;
};

}  // namespace quartet::inline v0
