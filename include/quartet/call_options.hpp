// include/quartet/call_options.hpp
//
// How a call of an executor goes: what it does about time, stops and failures.
#pragma once

#include <quartet/backend/job.hpp>
#include <quartet/outcome.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>

namespace quartet::inline v0 {

/// Which failures are tried again, and when. By default none is. Under `cluster` a task that two machines
/// were lost with (cause::node_lost twice) is not tried again, whatever stands here: it would cost a third.
struct retry_options {
    std::size_t times = 0;  ///< further tries for each task at the most

    /// The pause before the first further try; each further one is `factor` times as long.
    std::chrono::nanoseconds pause = std::chrono::milliseconds(100);
    double factor = 2;

    /// Whether to try again after this failure; empty: after any but a cancel. Called on the caller's thread;
    /// for submit, where a stop is final, on any. If it throws, the task is not tried again.
    std::function<bool(failure const&)> when{};
};

/// The path of a file, or none. Not a plain string: g++ 12 destroys temporary aggregates within co_await
/// expressions twice, which a string does not bear; this does as long as it names no file.
class journal_path {
public:
    journal_path() = default;

    /// Of what a std::string can be made of, or a std::filesystem::path.
    template <class Path>
    requires std::constructible_from<std::string, Path const&>
    journal_path(Path const& path) : path_(std::make_shared<std::string const>(path)) {}
    template <class Path>
    requires(!std::constructible_from<std::string, Path const&> && requires(Path const& path) {
        { path.native() } -> std::convertible_to<std::string>;
    }) journal_path(Path const& path)
        : path_(std::make_shared<std::string const>(path.native())) {}

    bool empty() const noexcept { return !path_ || path_->empty(); }

    /// Empty if there is none.
    std::string text() const { return path_ ? *path_ : std::string(); }

private:
    std::shared_ptr<std::string const> path_;
};

struct call_options {
    std::stop_token stop{};  ///< a request cancels what has not ended
    on_failure failure = on_failure::finish_all;

    /// For each task, from when its body begins. What the body awaits then ends early, as in
    /// context::with_timeout, and stop_requested() turns true; the outcome's cause is timed_out. A body that
    /// goes on regardless is waited for, and its value counts; under `processes` its worker is killed 250 ms
    /// later, on a loop that it holds when it has held that for so long.
    std::chrono::nanoseconds task_timeout = std::chrono::nanoseconds::max();

    /// For the whole call, from when it is made: then it is stopped, as by `stop`, and what has not ended has
    /// timed out. One thread waits for the limits of all calls of a process; callbacks that bodies have with
    /// their ctx.stop_token() run on it.
    std::chrono::nanoseconds timeout = std::chrono::nanoseconds::max();

    /// Of map and its kin: when all tasks have had a try, those that failed are run once more, all together.
    /// Of a stream: the same, for each chunk whose results are about to be taken. Of submit: the call begins
    /// again when its pause is over, beside the caller; in `single` the caller waits for that.
    /// Under on_failure::stop_all a failure cancels the others all the same, and `when` has to name those.
    retry_options retry{};

    /// Tasks that a worker takes at a time. 0: a number that follows how long they take. Under `cluster` the
    /// machines are given whole chunks, and of one that is lost, those that its workers were at fail.
    std::size_t chunk_size = 0;

    /// Told how many tasks of how many have an outcome: on the caller's thread, every 100 ms while it waits,
    /// and at the end. In `single` between two bodies. If it throws, the call is stopped, and throws that
    /// when it has ended.
    std::function<void(std::size_t ended, std::size_t tasks)> progress{};

    /// The path of a file that keeps the call's values, so that a later run of the program goes on where this
    /// one ended, however that was. Empty: none. For map and its kin, and for streams.
    ///
    /// Each value is added to the file when its task has ended (under `processes` up to 100 ms later, of a
    /// stream when its chunk has ended), and the disk is asked to keep it within a second and at the end of
    /// the call. The same call in a later run takes the values that it finds, which must be those of the same
    /// inputs, and runs the other tasks, failed ones too. The file holds one call and is not removed by
    /// anybody.
    ///
    /// Throws, before any body has run: std::invalid_argument, which says what differs, for a file of another
    /// program (each build is one), body, type or number of inputs, or input, and for one that is no journal;
    /// std::runtime_error if another call uses it; std::system_error if it can't be opened. A stream throws
    /// from next() when it comes to an input that differs. What a body captures is not compared. A record
    /// whose writing was cut short is cut off, and its task runs again. If the file can't be written, by a
    /// full disk say, the call is stopped, and throws std::system_error when it has ended; the file is good
    /// for a later run.
    ///
    /// Costs a task about a microsecond and 28 bytes of the file beside its value's, and each call a thread.
    journal_path journal{};
};

namespace detail {

/// Throws std::invalid_argument, with a sentence, for limits and pauses below zero, and for counts that can
/// only be negative numbers which were converted.
void check_options(call_options const& options);

/// The same for a call of one task, which tells of no progress.
void check_single(call_options const& options);

/// The same for a map that nobody waits for, whose tasks are not tried again either.
void check_async_map(call_options const& options);

/// Tells of the progress of a call of which nothing is left to run.
void tell_of_end(call_options const& options, std::size_t tasks);

/// The same for a number that counts something: `what` is its name.
void check_count(std::size_t count, char const* what);

}  // namespace detail

}  // namespace quartet::inline v0
