// src/base/timers.hpp
//
// One thread that waits for the deadlines of a whole process: those of calls with a time limit, or of those
// that pause before a further try, of which there may be many thousands. It begins with the first deadline,
// and ends when there was none for a while. A process that was forked has one of its own, since neither the
// thread nor the state of the locks came along whole. Any thread.
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

/// What hears of a deadline.
class timed {
public:
    virtual ~timed() = default;

    /// On the thread of the timers, under no lock. It holds up the other deadlines.
    virtual void time_is_up() noexcept = 0;

private:
    friend class timers;
    using queue = std::multimap<std::chrono::steady_clock::time_point, std::shared_ptr<timed>>;

    timers* among_ = nullptr;
    std::uint32_t made_after_ = 0;             // so many forks
    std::optional<queue::iterator> position_;  // guarded by the mutex of the timers
};

class timers {
public:
    using clock = std::chrono::steady_clock;

    /// Those of calls.
    static timers& of_calls();

    /// Those of calls that are to be tried again: to begin a call takes as long as its model and the encoding
    /// of its arguments take.
    static timers& of_tries();

    /// Those of watching threads, which may report; a report takes as long as a log handler does.
    static timers& of_watchers();

    /// Keeps `what` until its deadline, or until it is taken back. Throws std::bad_alloc, and
    /// std::system_error if there is no thread yet and the system has none.
    void add(std::shared_ptr<timed> what, clock::time_point deadline);

    /// Does nothing if its time was up before. It may be about to hear of it, or be hearing of it.
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
