// tests/stress/watch.hpp
#pragma once

#include "tests/stress/bodies.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace quartet::stress {

struct watch_options {
    std::uint64_t seed = 0;
    std::vector<std::string> specs{};
    std::chrono::seconds time{20};
    std::optional<std::uint64_t> only{};
    std::uint64_t jobs = 1;
    std::chrono::seconds limit{120};
    bool list = false;
    breakage broken = breakage::nothing;
};

/// Runs episodes, each in a process of its own, until the time is over or one has broken a promise, hangs or
/// died; tells on standard output. True: all is well.
bool watch_episodes(watch_options const& options);

}  // namespace quartet::stress
