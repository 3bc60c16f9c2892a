// src/base/futex.hpp
//
// Waiting for a 32-bit word to change, also between processes that share its memory. See futex(2).
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>

namespace quartet::inline v0::detail {

using steady_deadline = std::chrono::steady_clock::time_point;

/// Waits until the word differs from `expected`, somebody wakes it, or the deadline passes; may also return
/// for no reason.
void futex_wait(std::atomic<std::uint32_t> const& word, std::uint32_t expected,
                std::optional<steady_deadline> deadline = {}) noexcept;

/// The same with two words: until one of them differs from what is expected of it. Before Linux 5.16 it
/// returns every 20 ms.
void futex_wait_either(std::atomic<std::uint32_t> const& word, std::uint32_t expected,
                       std::atomic<std::uint32_t> const& other, std::uint32_t other_expected,
                       steady_deadline deadline) noexcept;

/// Wakes all that wait for the word. Async-signal-safe.
void futex_wake_all(std::atomic<std::uint32_t> const& word) noexcept;

}  // namespace quartet::inline v0::detail
