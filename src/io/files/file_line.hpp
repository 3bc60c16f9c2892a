// src/io/files/file_line.hpp
//
// The operations of one event loop that open a file and that nobody has begun yet, in the order they came,
// and threads that take from this line and do them by blocking system calls.
//
// To open, fill and read a small file in the cache is some 10 µs of the kernel's own work, which io_uring
// does on the thread that asks. So where the loop has more than one processor, threads take part.
//
// A thread takes one operation at a time: its file may lie on a server that doesn't answer, and no other
// operation is to stand behind that.
#pragma once

#include "src/io/files/file_streams.hpp"

#include <quartet/backend/loop.hpp>
#include <quartet/detail/io/operations/file_operation.hpp>

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

namespace quartet::inline v0::detail {

/// All members are for the loop's thread.
class file_line {
public:
    /// `streams` gets what turns out to be an operation on a stream.
    file_line(event_loop& loop, file_streams& streams) : loop_(loop), streams_(streams) {}
    file_line(file_line const&) = delete;
    file_line& operator=(file_line const&) = delete;
    /// If there are threads, all that stands in line is done first.
    ~file_line();

    /// Starts threads until there are so many. Throws std::system_error if the system refuses one.
    void have_threads(std::size_t count);

    /// An operation's completion comes from the loop, if a thread takes it.
    void add(file_operation& operation);

    /// Wakes a thread, if one sleeps, for each `worth` operations that stand in line. To be called once a
    /// turn; add() does so now and then.
    void call_threads(std::size_t worth);

    /// Takes the first out; null if there is none.
    file_operation* take();

    /// How many stand in line. Less may be there to take. Takes no lock: a loop asks at every turn.
    std::size_t size() const noexcept { return length_.load(std::memory_order_relaxed); }

    bool has_threads() const noexcept { return !threads_.empty(); }

private:
    void work();
    file_operation* first();
    file_operation* next();
    void perform(file_operation& operation);

    event_loop& loop_;
    file_streams& streams_;
    std::vector<std::thread> threads_;

    std::mutex mutex_;  // guards all that follows
    std::condition_variable changed_;
    std::deque<file_operation*> line_;
    std::atomic<std::size_t> length_ = 0;  // of the line; written under the lock
    std::size_t sleeping_ = 0;             // threads
    std::size_t called_ = 0;               // of those
    bool is_ending_ = false;
};

}  // namespace quartet::inline v0::detail
