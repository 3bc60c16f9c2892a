// tests/cli/shown_results.hpp
//
// Results to be shown: a clear winner, a tie, failures, a wrong end state, and a model that never ran.
#pragma once

#include "cli/terminal/terminal.hpp"
#include "measure/results/results.hpp"
#include "measure/statistics/comparison.hpp"
#include "measure/statistics/statistics.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

namespace quartet::cli {

inline measure::measurement timed(std::string workload, std::string spec, std::vector<double> samples) {
    auto const model = spec.substr(0, spec.find(':'));
    measure::measurement made{
        .workload = std::move(workload), .model = model, .spec = std::move(spec), .tasks = 26};
    for (std::size_t i = 0; i < samples.size(); ++i)
        made.trials.push_back({.round = i + 1, .wall_seconds = samples[i]});
    auto const bounds = measure::median_interval(samples);
    made.wall_seconds = {measure::median(samples), bounds.low, bounds.high, bounds.confidence};
    made.cpu_user_seconds = made.wall_seconds.median / 2;
    made.cpu_system_seconds = 0;
    made.heap_peak_bytes = 1500;
    made.tree_peak_bytes = 12 << 20;
    made.tree_peak_method = "pss";
    return made;
}

inline measure::measurement failed(measure::measurement of, std::vector<std::string> failures,
                                   std::size_t count) {
    of.failures = std::move(failures);
    of.failed = count;
    return of;
}

inline measure::measurement wrong(measure::measurement of, std::string verification) {
    of.verification = std::move(verification);
    return of;
}

/// It never ran.
inline measure::measurement refused(std::string workload, std::string spec, std::string why) {
    auto made = wrong(timed(std::move(workload), std::move(spec), {1}), std::move(why));
    made.wall_seconds = {};
    made.trials = {};
    made.tasks = 0;
    made.heap_peak_bytes = made.tree_peak_bytes = {};
    return made;
}

inline measure::results results_of(std::vector<measure::measurement> measurements) {
    measure::results made;
    made.settings.rounds = 2;
    made.settings.margin = measure::usual_margin;
    made.conditions.stopped_by = "rounds";
    made.measurements = std::move(measurements);
    return made;
}

inline measure::results everything() {
    return results_of({
        timed("waiting", "single", {178, 178.2}),
        timed("waiting", "processes:2", {97.1, 97.3}),
        timed("waiting", "threads:26", {10.01, 10.02}),
        timed("waiting", "async:26", {10.0, 10.01}),
        timed("counting", "single", {0.9, 0.91}),
        timed("counting", "processes:2", {0.45, 0.46}),
        timed("counting", "threads:2", {0.00041, 0.00042}),
        timed("counting", "async:16", {0.00046, 0.00045}),
        failed(timed("asking", "single", {0.001, 0.001}),
               {"task 0: no answer", "task 1: no answer", "task 2: no answer", "task 7: status 500"}, 6),
        failed(timed("asking", "processes:2", {0.001, 0.001}),
               {"task 0: no answer", "task 1: no answer", "task 2: no answer", "task 7: status 500"}, 6),
        wrong(timed("asking", "threads:32", {0.002, 0.002}), "its answer differs from that of single"),
        refused("asking", "async:100", "cannot make an event loop: Too many open files"),
    });
}

inline terminal plain(std::size_t width) {
    return {.is_terminal = false, .colour = false, .utf8 = true, .width = width};
}

/// QUARTET_ACCEPT=1 makes what is shown now the expected text.
inline void expect_golden(std::string const& name, std::string const& text) {
    auto const path = std::string(QUARTET_GOLDEN) + "/" + name;
    if (std::getenv("QUARTET_ACCEPT")) std::ofstream(path) << text;
    std::ifstream file(path);
    std::string const expected{std::istreambuf_iterator<char>(file), {}};
    EXPECT_EQ(expected, text) << path << " (QUARTET_ACCEPT=1 accepts the change)";
}

}  // namespace quartet::cli
