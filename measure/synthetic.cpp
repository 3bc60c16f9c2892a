#include "measure/synthetic.hpp"

#include <algorithm>
#include <chrono>
#include <limits>
#include <string>
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

/// What a task does.
struct piece {
    std::uint64_t steps;
    std::chrono::nanoseconds wait;
    std::size_t memory;
    std::size_t result;
};

task<std::string> work(context& ctx, piece what) {
    std::string const held(what.memory, 'q');
    auto const end = compute(what.steps);
    if (what.wait.count() > 0) co_await ctx.sleep_for(what.wait);
    std::string result(what.result, static_cast<char>('a' + end % 26));
    co_return result;
}

void run(workload_run& run) {
    std::chrono::duration<double> const wait(run.get<double>("wait"));
    piece const each{.steps = run.get<std::uint64_t>("steps"),
                     .wait = std::chrono::duration_cast<std::chrono::nanoseconds>(wait),
                     .memory = run.get<std::size_t>("memory"),
                     .result = run.get<std::size_t>("result")};
    run.checksum(run.map(work, std::vector(run.get<std::size_t>("tasks"), each)));
}

}  // namespace

workload const& synthetic_workload() {
    static workload const made{
        .name = "synthetic",
        .help = "tasks of a given shape",
        .parameters = {integer("tasks", 10, 1, 10'000'000, "how many tasks"),
                       integer("steps", 0, 0, std::int64_t{1} << 50, "that each computes"),
                       number("wait", 0, 0, 86'400, "seconds that each waits"),
                       integer("memory", 0, 0, std::int64_t{1} << 40, "bytes that each holds while it runs"),
                       integer("result", 0, 0, std::int64_t{1} << 30, "bytes that each gives")},
        .run = run,
    };
    return made;
}

parameter_values synthetic_parameters(work_shape const& work) {
    auto made = default_values(synthetic_workload().parameters, preset::quick);
    std::chrono::duration<double> const cpu(work.cpu_seconds);
    made["tasks"] = static_cast<std::int64_t>(work.tasks);
    if (work.cpu_seconds > 0)
        made["steps"] =
            static_cast<std::int64_t>(steps_in(std::chrono::duration_cast<std::chrono::nanoseconds>(cpu)));
    made["wait"] = work.wait_seconds;
    made["memory"] = static_cast<std::int64_t>(work.memory_bytes);
    made["result"] = static_cast<std::int64_t>(work.result_bytes);
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
