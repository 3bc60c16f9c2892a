// include/quartet/detail/stall_watch.hpp
//
// Notices bodies that hold an event loop: while one computes or blocks, no other can go on.
//
// The clock is looked at before and after each body that is resumed: the kernel's coarse one, which is some
// milliseconds inexact and costs 5 ns. For the loop's thread.
#pragma once

#include <chrono>
#include <functional>
#include <set>
#include <string>
#include <time.h>
#include <utility>

namespace quartet::detail {

class running_body;

class stall_watch {
public:
    using time_point = std::chrono::nanoseconds;  // since some moment

    /// Tells `report` of each kind of body that holds the loop for longer than `limit`, once.
    stall_watch(std::chrono::nanoseconds limit, std::function<void(std::string)> report)
        : limit_(limit), report_(std::move(report)) {}

    static time_point now() noexcept {
        timespec coarse{};
        clock_gettime(CLOCK_MONOTONIC_COARSE, &coarse);
        return std::chrono::seconds(coarse.tv_sec) + std::chrono::nanoseconds(coarse.tv_nsec);
    }

    /// The body has run since then.
    void ran(running_body const& body, time_point since) {
        auto const held = now() - since;
        if (held > limit_) [[unlikely]]
            tell(body, held);
    }

private:
    void tell(running_body const& body, std::chrono::nanoseconds held);

    std::chrono::nanoseconds limit_;
    std::function<void(std::string)> report_;
    std::set<std::string> told_;
};

/// That of the loop which runs on this thread; null if nobody watches.
inline stall_watch*& current_stall_watch() noexcept {
    static thread_local constinit stall_watch* current = nullptr;
    return current;
}

}  // namespace quartet::detail
