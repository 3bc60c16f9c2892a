// batch/control/memory_fit.hpp
//
// How many jobs fit into memory, from the peaks of those that have ended and what the machine has left.
//
// One more is taken to need as much as 95 of 100 that have ended did, and those that run to have that still
// before them. As long as none has ended, each is taken to need twice of what the running ones have taken so
// far. A sixteenth of what was there at first is left alone.
//
// One thread. Nothing is allocated.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace quartet::batch {

class memory_fit {
public:
    explicit memory_fit(std::optional<std::uint64_t> limit) noexcept : limit_(limit) {}

    /// 0 is an unknown peak, and is left out.
    void ended(std::uint64_t peak_bytes) noexcept;

    /// What is left while `running` jobs run.
    void available(std::uint64_t bytes, std::size_t running) noexcept;

    /// How many may run at once, at least 1, while `running` do. Absent if nothing is known.
    std::optional<std::size_t> most(std::size_t running) const noexcept;

    /// What one more probably needs; 0 if nothing is known.
    double expected_peak() const noexcept { return expected_; }

private:
    void expect() noexcept;

    // The greatest of a bucket is 4 % above its least.
    static constexpr std::size_t to_a_doubling = 16;
    static constexpr std::size_t buckets = 64 * to_a_doubling;
    std::array<std::uint32_t, buckets> peaks_{};
    std::size_t seen_ = 0;
    double expected_ = 0;
    double mean_ = 0;
    std::optional<std::uint64_t> limit_;
    double at_first_ = 0;  // available with none of ours
    double now_ = 0;
    std::size_t running_then_ = 0;
};

}  // namespace quartet::batch
