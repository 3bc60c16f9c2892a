#include "src/core/futex.hpp"

#include <climits>

#include <ctime>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace quartet::detail {
namespace {

static_assert(std::atomic<std::uint32_t>::is_always_lock_free);

std::uint32_t* address(std::atomic<std::uint32_t> const& word) noexcept {
    return reinterpret_cast<std::uint32_t*>(const_cast<std::atomic<std::uint32_t>*>(&word));
}

}  // namespace

void futex_wait(std::atomic<std::uint32_t> const& word, std::uint32_t expected,
                std::optional<steady_deadline> deadline) noexcept {
    timespec until{};
    if (deadline) {
        auto const since_epoch = deadline->time_since_epoch();
        auto const seconds = std::chrono::floor<std::chrono::seconds>(since_epoch);
        until = {.tv_sec = seconds.count(), .tv_nsec = (since_epoch - seconds).count()};
    }
    // WAIT_BITSET takes an absolute CLOCK_MONOTONIC time, which is what steady_clock counts.
    syscall(SYS_futex, address(word), FUTEX_WAIT_BITSET, expected, deadline ? &until : nullptr, nullptr,
            FUTEX_BITSET_MATCH_ANY);
}

void futex_wake_all(std::atomic<std::uint32_t> const& word) noexcept {
    syscall(SYS_futex, address(word), FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
}

}  // namespace quartet::detail
