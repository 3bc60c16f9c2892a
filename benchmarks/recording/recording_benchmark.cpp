// benchmarks/recording/recording_benchmark.cpp
//
// What do task records cost? The same work runs with a recorder and without, right after each other, in an
// order that changes from round to round. Tasks range from those of a nanosecond, of which only a few can be
// recorded, to those that wait. Prints a line for each kind: the seconds of every round with and without, and
// how many of its tasks left a record.
#include <quartet/quartet.hpp>

#include <chrono>
#include <cstdio>
#include <functional>
#include <memory>
#include <ranges>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using namespace std::chrono_literals;
using clock_type = std::chrono::steady_clock;

int add_one(int number) {
    return number + 1;
}

/// About a microsecond.
std::uint64_t compute(std::uint64_t seed) {
    for (int n = 0; n < 700; ++n)
        seed = seed * 6364136223846793005u + 1442695040888963407u;
    return seed;
}

quartet::task<int> wait(quartet::context& ctx, int) {
    co_await ctx.sleep_for(100ms);
    co_return 1;
}

void map_tiny(quartet::executor& executor) {
    executor.map(add_one, std::views::iota(0, 10'000'000));
}

void map_short(quartet::executor& executor) {
    executor.map(compute, std::views::iota(std::uint64_t{0}, std::uint64_t{200'000}));
}

void sleep(quartet::executor& executor) {
    executor.map(wait, std::views::iota(0, 100'000));
}

void submit(quartet::executor& executor) {
    std::vector<quartet::future<int>> futures;
    futures.reserve(300'000);
    for (int n = 0; n < 300'000; ++n)
        futures.push_back(executor.submit(add_one, n));
    for (auto& each : futures)
        each.get();
}

void stream(quartet::executor& executor) {
    for (auto& each : executor.stream(add_one, std::views::iota(0, 2'000'000)))
        each.value();
}

struct contest {
    char const* name;
    char const* spec;
    void (*work)(quartet::executor&);

    std::vector<double> with{};
    std::vector<double> without{};
    std::size_t recorded = 0;
    std::size_t tasks = 0;

    double measure(quartet::task_recorder* recorder) const {
        auto executor = quartet::make_executor(spec, {.recorder = recorder});
        work(executor);  // warm
        if (recorder) recorder->clear();
        auto const began = clock_type::now();
        work(executor);
        return std::chrono::duration<double>(clock_type::now() - began).count();
    }

    void measure_with() {
        quartet::task_recorder recorder;
        with.push_back(measure(&recorder));
        recorded = recorder.records().size();
        tasks = recorder.tasks_seen();
    }

    void round(bool with_first) {
        if (with_first) measure_with();
        without.push_back(measure(nullptr));
        if (!with_first) measure_with();
    }
};

void print(char const* name, char const* which, std::vector<double> const& seconds) {
    std::printf("%s/%s", name, which);
    for (double const each : seconds)
        std::printf(" %.6g", each);
    std::printf("\n");
}

}  // namespace

int main(int argc, char** argv) {
    int const rounds = argc > 1 ? std::stoi(argv[1]) : 21;
    std::vector<contest> contests{
        {"map_1ns/single", "single", map_tiny},         {"map_1ns/threads", "threads:2", map_tiny},
        {"map_1ns/processes", "processes:2", map_tiny}, {"map_1us/threads", "threads:2", map_short},
        {"map_1us/async", "async", map_short},          {"sleeps/async", "async:each", sleep},
        {"submit/threads", "threads:2", submit},        {"stream/processes", "processes:2", stream},
    };
    for (int round = 0; round < rounds; ++round) {
        for (auto& each : contests)
            each.round(round % 2 == 0);
    }
    for (auto const& each : contests) {
        print(each.name, "with", each.with);
        print(each.name, "without", each.without);
        std::printf("%s/records %zu %zu\n", each.name, each.recorded, each.tasks);
    }
    std::printf("record %.3g\n",
                std::chrono::duration<double>(quartet::task_recorder::cost_per_record()).count());
}
