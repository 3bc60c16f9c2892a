// tests/measure/sample_results.hpp
//
// A results document with every difficulty that the reports must bear.
#pragma once

#include "measure/results.hpp"

namespace quartet::test {

inline measure::measurement complete_measurement() {
    return {
        .workload = "fetch",
        .model = "threads",
        .spec = "threads:8",
        .tasks = 100,
        .failed = 2,
        .checksum = "5d41402abc4b2a76",
        .wall_seconds = {.median = 1.25, .samples = {1.5, 1.0, 1.25}},
        .cpu_user_seconds = 0.5,
        .cpu_system_seconds = 0.125,
        .heap_current_bytes = 4096,
        .heap_peak_bytes = 3 * 1024 * 1024,
        .tree_peak_bytes = 8 * 1024 * 1024,
        .tree_peak_method = "pss",
        .context_switches = 1234,
        .verification = "98 pages, not 100",
        .failures = {"task 7: \"timed out\", after 15 s", "task 9: a | b\nsecond line"},
        .laps = {{.name = "first 10", .tasks = 10, .wall_seconds = 0.25},
                 {.name = "all", .tasks = 100, .wall_seconds = 1.25}},
    };
}

/// Nothing that may be absent is there.
inline measure::measurement bare_measurement() {
    measure::measurement bare{.workload = "sleep", .model = "single", .spec = "single"};
    bare.wall_seconds = {.median = 2, .samples = {2}};
    return bare;
}

inline measure::results sample_results() {
    return {
        .quartet = "0.1.0",
        .machine = {.cpu_model = "A Processor",
                    .usable_cpus = 2,
                    .kernel = "Linux 6.1",
                    .memory_bytes = 1ull << 33,
                    .build_type = "Release",
                    .compiler = "g++ 12.2.0"},
        .settings = {.preset = "quick", .rounds = 3, .seed = 7, .parameters = {{"sleep.scale", "0.1"}}},
        .measurements = {bare_measurement(), complete_measurement()},
    };
}

}  // namespace quartet::test
