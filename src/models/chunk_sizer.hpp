// src/models/chunk_sizer.hpp
//
// How many tasks a worker takes at a time.
//
// Taking one task costs some 10 to 20 ns when workers meet at the shared counter, so short tasks are taken
// many at a time; a long task must be taken alone, or others wait behind it while workers stand idle. A
// worker therefore begins with one task and lets its chunk grow towards a span of time. Nobody knows
// whether the next tasks are as short as the last ones, so a chunk is never more than a fair part of what
// is left, as in guided self-scheduling (Polychronopoulos and Kuck, IEEE Trans. Computers C-36(12), 1987):
// even if all of it turns out long, the others have at least as much to do meanwhile.
//
// One object per worker and run.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>

namespace quartet::inline v0::detail {

class chunk_sizer {
public:
    using clock = std::chrono::steady_clock;

    explicit chunk_sizer(std::size_t workers) noexcept : workers_(workers) {}

    /// The size of the next chunk when `left` tasks are not taken yet; at least 1.
    std::size_t next(std::size_t left) const noexcept {
        std::size_t const fair = left / (4 * workers_);
        return std::max<std::size_t>(1, std::min(size_, fair));
    }

    /// Tells how long a chunk of `tasks` took.
    void took(std::size_t tasks, clock::duration time) noexcept {
        auto const per_task =
            std::max<double>(static_cast<double>(time.count()) / static_cast<double>(tasks), 0.1);
        auto const wanted = static_cast<std::size_t>(static_cast<double>(target.count()) / per_task);
        size_ = std::clamp<std::size_t>(wanted, 1, tasks * growth);
    }

private:
    static constexpr std::chrono::nanoseconds target = std::chrono::microseconds(100);
    static constexpr std::size_t growth = 16;

    std::size_t workers_;
    std::size_t size_ = 1;
};

}  // namespace quartet::inline v0::detail
