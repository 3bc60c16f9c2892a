#include "src/base/futex.hpp"

#include <climits>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <iterator>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace quartet::inline v0::detail {
namespace {

static_assert(std::atomic<std::uint32_t>::is_always_lock_free);

std::uint32_t* address(std::atomic<std::uint32_t> const& word) noexcept {
    return reinterpret_cast<std::uint32_t*>(const_cast<std::atomic<std::uint32_t>*>(&word));
}

timespec to_timespec(steady_deadline when) noexcept {
    auto const since_epoch = when.time_since_epoch();
    auto const seconds = std::chrono::floor<std::chrono::seconds>(since_epoch);
    return {.tv_sec = seconds.count(), .tv_nsec = (since_epoch - seconds).count()};
}

}  // namespace

void futex_wait(std::atomic<std::uint32_t> const& word, std::uint32_t expected,
                std::optional<steady_deadline> deadline) noexcept {
    timespec const until = to_timespec(deadline.value_or(steady_deadline()));
    // WAIT_BITSET takes an absolute CLOCK_MONOTONIC time, which is what steady_clock counts.
    syscall(SYS_futex, address(word), FUTEX_WAIT_BITSET, expected, deadline ? &until : nullptr, nullptr,
            FUTEX_BITSET_MATCH_ANY);
}

void futex_wait_either(std::atomic<std::uint32_t> const& word, std::uint32_t expected,
                       std::atomic<std::uint32_t> const& other, std::uint32_t other_expected,
                       steady_deadline deadline) noexcept {
    constexpr auto look_again = std::chrono::milliseconds(20);
    auto const entry = [](std::atomic<std::uint32_t> const& at, std::uint32_t value) {
        futex_waitv each{};
        each.val = value;
        each.uaddr = reinterpret_cast<std::uintptr_t>(address(at));
        each.flags = FUTEX_32;
        return each;
    };
    futex_waitv const words[] = {entry(word, expected), entry(other, other_expected)};
    timespec const until = to_timespec(deadline);
    long const result = syscall(SYS_futex_waitv, words, std::size(words), 0, &until, CLOCK_MONOTONIC);
    if (result >= 0 || (errno != ENOSYS && errno != EPERM)) return;  // EPERM: from a seccomp filter
    futex_wait(word, expected, std::min(deadline, std::chrono::steady_clock::now() + look_again));
}

void futex_wake_all(std::atomic<std::uint32_t> const& word) noexcept {
    syscall(SYS_futex, address(word), FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
}

}  // namespace quartet::inline v0::detail
