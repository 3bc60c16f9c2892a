// include/quartet/detail/io/stall_watch.hpp
//
// Notices bodies that hold an event loop: while one computes or blocks, no other can go on.
//
// The loop reads the clock before and after each body that it begins or resumes: the kernel's coarse clock,
// which is some milliseconds inexact and costs 5 ns. It also notes which body runs, for a watching thread of
// the process, which names a body that still holds the loop. That thread looks again and again while the loop
// runs bodies, and sleeps when the loop has rested for as long as a body may hold it.
//
// All members are for the loop's thread.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <time.h>
#include <typeinfo>
#include <utility>

namespace quartet::inline v0 {
class job;
}

namespace quartet::inline v0::detail {

class running_body;

/// The body that holds a loop just now, in shared memory, so that other threads and processes can read it.
/// The job may be gone by then, so what its name is made of are addresses in the program, which stay.
struct loop_holder {
    static constexpr std::int64_t nobody = 0;

    std::atomic<void*> work;  ///< job::remote
    std::atomic<std::size_t> task;
    std::atomic<std::size_t> number;  ///< job::number_of the task
    std::atomic<void const*> function;
    std::atomic<std::type_info const*> type;
    std::atomic<std::int64_t> since;  ///< nanoseconds of the steady clock, written last; or nobody
};

class stall_watch {
public:
    using time_point = std::chrono::nanoseconds;  // of the steady clock

    /// Calls `report` once for each body function that holds the loop for longer than `limit`: on the
    /// watching thread while it does, or on the loop's afterwards.
    stall_watch(std::chrono::nanoseconds limit, std::function<void(std::string)> report,
                loop_holder* shown = nullptr);
    ~stall_watch();
    stall_watch(stall_watch const&) = delete;
    stall_watch& operator=(stall_watch const&) = delete;

    /// A body is about to run.
    time_point begin(running_body const& body) noexcept {
        time_point const now = coarse_now();
        show(body, now);
        return now;
    }
    time_point begin(job const& work, std::size_t task) noexcept {
        time_point const now = coarse_now();
        show(work, task, now);
        return now;
    }

    /// The body that begin() noted has returned or waits; `since` is what begin() returned.
    void end(running_body const& body, time_point since) {
        if (auto const held = hold_ended(since); held > limit_) [[unlikely]]
            tell(body, held);
    }
    void end(job const& work, std::size_t task, time_point since) {
        if (auto const held = hold_ended(since); held > limit_) [[unlikely]]
            tell(work, task, held);
    }

private:
    class lookout;

    static time_point coarse_now() noexcept {
        timespec coarse{};
        clock_gettime(CLOCK_MONOTONIC_COARSE, &coarse);
        return std::chrono::seconds(coarse.tv_sec) + std::chrono::nanoseconds(coarse.tv_nsec);
    }
    std::chrono::nanoseconds hold_ended(time_point since) noexcept {
        shown_.since.store(loop_holder::nobody, std::memory_order_relaxed);
        std::atomic_thread_fence(std::memory_order_release);  // before the next one is written
        return coarse_now() - since;
    }
    void show(running_body const& body, time_point now) noexcept;
    void show(job const& work, std::size_t task, time_point now) noexcept;
    void tell(running_body const& body, std::chrono::nanoseconds held);
    void tell(job const& work, std::size_t task, std::chrono::nanoseconds held);
    bool is_first(std::string const& name);
    std::optional<std::chrono::nanoseconds> look();
    void tell_of_holder(std::int64_t since, std::chrono::nanoseconds held);

    std::chrono::nanoseconds limit_;
    std::function<void(std::string)> report_;
    loop_holder own_{};
    loop_holder& shown_;

    std::mutex mutex_;  // guards what follows
    std::set<std::string> told_;
    std::int64_t named_since_ = loop_holder::nobody;  // the last that was named while it held the loop

    bool rests_ = false;                 // at the last look; for the watching thread
    std::atomic<bool> looked_at_{true};  // it is watched, or can't be watched
    std::shared_ptr<lookout> lookout_;
};

/// The watch of the loop that runs on this thread; null if that is not watched.
inline stall_watch*& current_stall_watch() noexcept {
    static thread_local constinit stall_watch* current = nullptr;
    return current;
}

}  // namespace quartet::inline v0::detail
