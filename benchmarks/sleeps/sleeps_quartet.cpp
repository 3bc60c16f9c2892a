// benchmarks/sleeps/sleeps_quartet.cpp
//
//     sleeps_quartet COUNT
//
// COUNT bodies that sleep for 0.1 s at the same time, under `async`. Prints the seconds it took, and by how
// many bytes a task the peak of the resident memory grew.
#include "benchmarks/sleeps/peak_memory.hpp"

#include <quartet/quartet.hpp>

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

namespace {

quartet::task<int> sleep_for(quartet::context& ctx, int milliseconds) {
    co_await ctx.sleep_for(std::chrono::milliseconds(milliseconds));
    co_return milliseconds;
}

}  // namespace

int main(int argc, char** argv) try {
    std::size_t const count = argc > 1 ? std::stoul(argv[1]) : 100'000;
    std::vector<int> const delays(count, 100);
    auto executor = quartet::make_executor("async:" + std::to_string(count));
    executor.map(sleep_for, std::vector<int>{1});
    std::size_t const before = peak_memory();
    auto const began = std::chrono::steady_clock::now();
    auto const slept = executor.map(sleep_for, delays);
    std::chrono::duration<double> const took = std::chrono::steady_clock::now() - began;
    if (slept != delays) throw std::runtime_error("a sleep is missing");
    std::printf("%.6f %zu\n", took.count(), (peak_memory() - before) / count);
} catch (std::exception const& why) {
    std::fprintf(stderr, "sleeps_quartet: %s\n", why.what());
    return 1;
}
