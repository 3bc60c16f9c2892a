#include "measure/calibration.hpp"

#include <algorithm>
#include <limits>
#include <vector>

namespace quartet::measure {
namespace {

/// A linear congruential generator, whose steps have to wait for each other: Knuth, The Art of Computer
/// Programming, volume 2, section 3.3.4, line 26.
std::uint64_t compute(std::uint64_t steps) {
    std::uint64_t state = steps;
    for (std::uint64_t step = 0; step < steps; ++step)
        state = state * 6364136223846793005u + 1442695040888963407u;
    return state;
}

}  // namespace

workload const& computing_workload() {
    static workload const made{
        .name = "computing",
        .help = "computes for a known number of steps",
        .parameters = {integer("tasks", 10, 1, 1'000'000, "how many tasks"),
                       integer("steps", 1'000'000, 1, std::int64_t{1} << 50, "steps of each")},
        .run =
            [](workload_run& run) {
                std::vector const inputs(run.get<std::size_t>("tasks"), run.get<std::uint64_t>("steps"));
                run.checksum(run.map(compute, inputs));
            },
    };
    return made;
}

std::uint64_t steps_in(std::chrono::nanoseconds time) {
    constexpr std::uint64_t steps = 2'000'000;
    auto least = std::chrono::nanoseconds::max();
    for (int tries = 0; tries < 5; ++tries) {
        auto const began = std::chrono::steady_clock::now();
        std::uint64_t const volatile result = compute(steps);
        static_cast<void>(result);
        least = std::min<std::chrono::nanoseconds>(least, std::chrono::steady_clock::now() - began);
    }
    auto const rate =
        static_cast<double>(steps) / static_cast<double>(std::max<std::int64_t>(1, least.count()));
    return std::max<std::uint64_t>(1, static_cast<std::uint64_t>(rate * static_cast<double>(time.count())));
}

}  // namespace quartet::measure
