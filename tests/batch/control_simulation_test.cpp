// The automatic number of jobs at once against the best fixed one, over all kinds of batch, in simulated
// time. benchmarks/batch_control has the table, and looks for the best numbers that stand here.
#include "tests/batch/batch_kinds.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace quartet::batch::control_simulation_test {
namespace {

using simulated::all_kinds;
using simulated::kind;
using simulated::kind_named;

std::size_t best_of(std::string const& name) {
    static std::map<std::string, std::size_t> const best{{"compute 2 ms", 51},
                                                         {"compute 20 ms", 54},
                                                         {"compute 100 ms", 181},
                                                         {"compute 1 s", 362},
                                                         {"compute 8 s", 45},
                                                         {"compute, unequal", 23},
                                                         {"compute, crowded", 4},
                                                         {"wait 5 ms", 11},
                                                         {"wait 100 ms", 128},
                                                         {"wait 1 s", 434},
                                                         {"wait 10 s", 256},
                                                         {"wait, unequal", 362},
                                                         {"half and half", 28},
                                                         {"a tenth computes", 128},
                                                         {"fetch, then compute", 91},
                                                         {"read, then compute", 9},
                                                         {"disk for 1", 1},
                                                         {"disk for 4", 4},
                                                         {"disk for 16", 18},
                                                         {"disk, long", 4},
                                                         {"memory for 5", 5},
                                                         {"memory for 20", 19},
                                                         {"lock", 256},
                                                         {"lock, fought for", 8},
                                                         {"server for 8", 18},
                                                         {"server for 20", 21},
                                                         {"server for 64", 64},
                                                         {"server, uneven", 16},
                                                         {"20 a second", 3},
                                                         {"20 a second, slow", 32},
                                                         {"wait, later compute", 163},
                                                         {"compute, later wait", 362},
                                                         {"short and long", 128}};
    return best.at(name);
}

double quantile(std::vector<double> values, double part) {
    std::ranges::sort(values);
    return values[static_cast<std::size_t>(part * static_cast<double>(values.size() - 1) + 0.5)];
}

/// By how much longer all batches take than with the best fixed number.
template <class Run>
std::vector<double> losses(Run run) {
    std::vector<double> found;
    for (auto const& each : all_kinds()) {
        for (std::uint64_t seed = 1; seed <= 3; ++seed)
            found.push_back(run(each, seed).seconds / run_fixed(each, seed, best_of(each.name)).seconds - 1);
    }
    return found;
}

TEST(SimulatedBatches, take_about_as_long_as_with_the_best_fixed_number) {
    auto const found = losses([](kind const& what, std::uint64_t seed) { return run_automatic(what, seed); });
    EXPECT_GE(found.size(), 90u);
    EXPECT_LE(quantile(found, 0.5), 0.1);
    EXPECT_LE(quantile(found, 0.95), 0.25);
}

TEST(SimulatedBatches, take_longer_with_as_many_as_processors) {
    auto const found = losses([](kind const& what, std::uint64_t seed) {
        return run_fixed(what, seed, static_cast<std::size_t>(what.machine.processors));
    });
    EXPECT_GT(quantile(found, 0.95), 2);
}

TEST(SimulatedBatches, the_same_seed_takes_the_same_course) {
    auto const& what = kind_named("server, uneven");
    EXPECT_EQ(run_automatic(what, 5).seconds, run_automatic(what, 5).seconds);
    EXPECT_NE(run_automatic(what, 5).seconds, run_automatic(what, 6).seconds);
}

TEST(SimulatedBatches, take_no_more_memory_than_there_is) {
    for (auto const* const name : {"memory for 5", "memory for 20"}) {
        auto const& what = kind_named(name);
        for (std::uint64_t seed = 1; seed <= 5; ++seed)
            EXPECT_LE(run_automatic(what, seed).most_gigabytes, what.machine.gigabytes) << name;
    }
}

std::string explained(std::string const& name) {
    auto const& what = kind_named(name);
    concurrency_control control({.first = static_cast<std::size_t>(what.machine.processors)});
    run_automatic(what, 1, control);
    return control.explanation();
}

TEST(SimulatedBatches, the_choice_is_explained) {
    EXPECT_EQ(explained("disk for 4"), "4 at once: more made each slower");
    EXPECT_NE(explained("20 a second").find("the server said slow down"), std::string::npos);
    EXPECT_NE(explained("memory for 5").find("no more fit into memory"), std::string::npos);
}

}  // namespace
}  // namespace quartet::batch::control_simulation_test
