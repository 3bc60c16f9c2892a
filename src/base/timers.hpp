// src/base/timers.hpp
//
// Deadlines of a whole process, of which there may be many thousands: of calls with a time limit, of calls
// that pause before a further try, and of threads that watch event loops. Each of these three kinds has one
// thread that waits for all its deadlines, so that a slow one of one kind does not make those of another
// late. The thread starts with the first deadline, and ends when there has been none for a while. A forked
// child has a thread of its own, since a fork copies no threads, and locks in any state. Any thread.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>

namespace quartet::inline v0::detail {

class timers;

/// Something that is called when its deadline has come.
class timed {
public:
    virtual ~timed() = default;

    /// Called on the thread of the timers, under no lock. The other deadlines wait until it returns.
    virtual void time_is_up() noexcept = 0;

private:
    friend class timers;
    using queue = std::multimap<std::chrono::steady_clock::time_point, std::shared_ptr<timed>>;

    timers* among_ = nullptr;
    std::uint32_t made_after_ = 0;             // the number of forks when it was added
    std::optional<queue::iterator> position_;  // guarded by the mutex of the timers
};

class timers {
public:
    using clock = std::chrono::steady_clock;

    /// For the time limits of calls.
    static timers& of_calls();

    /// For pauses before a further try. At the end of one the call begins anew, which takes as long as its
    /// model and the encoding of its arguments take.
    static timers& of_tries();

    /// For the threads that watch event loops. They may report, which takes as long as a log handler does.
    static timers& of_watchers();

    /// Keeps `what` until its deadline, or until it is taken back. Throws std::bad_alloc, and
    /// std::system_error if there is no thread yet and the system has none.
    void add(std::shared_ptr<timed> what, clock::time_point deadline);

    /// Does nothing if its deadline has come already: then time_is_up() may be about to run, or be running.
    static void take_back(timed& what) noexcept;

private:
    struct process_wide;

    timers() = default;
    static timers& in_this_process(process_wide& known);
    void start();
    void run();
    std::shared_ptr<timed> take_first() noexcept;

    std::mutex mutex_;  // guards what follows
    timed::queue waiting_;
    bool started_ = false;

    std::atomic<std::uint32_t> changes_{0};  // a futex: there is an earlier deadline, or none any more
};

}  // namespace quartet::inline v0::detail
