// tests/measure/sample_results.hpp
//
// A results document with every difficulty that the reports must bear.
#pragma once

#include "measure/results/results.hpp"

namespace quartet::test {

inline measure::trial_figures trial(std::uint64_t round, double seconds) {
    return {
        .round = round, .place = 1, .started_seconds = 10, .wall_seconds = seconds, .outlier = round == 1};
}

inline measure::measurement complete_measurement() {
    return {
        .workload = "fetch",
        .model = "threads",
        .spec = "threads:8",
        .tasks = 100,
        .failed = 2,
        .checksum = "5d41402abc4b2a76",
        .wall_seconds = {.median = 1.25, .low = 1.0, .high = 1.5, .confidence = 0.75},
        .tasks_per_second = 80,
        .cpu_user_seconds = 0.5,
        .cpu_system_seconds = 0.125,
        .processor_wait_seconds = 0.0625,
        .heap_current_bytes = 4096,
        .heap_peak_bytes = 3 * 1024 * 1024,
        .tree_peak_bytes = 8 * 1024 * 1024,
        .tree_peak_method = "pss",
        .voluntary_switches = 1234,
        .involuntary_switches = 5,
        .minor_faults = 600,
        .major_faults = 1,
        .read_bytes = 4096,
        .written_bytes = 8192,
        .queue_seconds = {.p50 = 0.5, .p90 = 0.75, .max = 1},
        .service_seconds = {.p50 = 0.0625, .p90 = 0.125, .max = 0.25},
        .verification = "98 pages, not 100",
        .failures = {"task 7: \"timed out\", after 15 s", "task 9: a | b\nsecond line"},
        .warnings = {"far from the median: round 1, +20 %"},
        .laps = {{.name = "first 10", .tasks = 10, .wall_seconds = 0.25},
                 {.name = "all", .tasks = 100, .wall_seconds = 1.25}},
        .workers = {{.worker = 0, .tasks = 60, .occupied_share = 0.75, .cpu_share = 0.5, .wait_share = 0.125},
                    {.worker = 1, .tasks = 40}},
        .trials = {trial(0, 2.5), trial(1, 1.5), trial(2, 1.0), trial(3, 1.25)},
        .records = {.round = 3,
                    .tasks_seen = 100,
                    .call = {0, 0},
                    .index = {0, 50},
                    .worker = {1, 0},
                    .queued = {10, 10},
                    .started = {20, 30},
                    .finished = {1'000'000'020, 40},
                    .failed = {1},
                    .waits_known = true,
                    .wait_task = {0, 0, 1},
                    .wait_began = {30, 50, 31},
                    .wait_ended = {40, 1'000'000'000, 39},
                    .wait_nested = {2, 0, 3},
                    .nested_seen = 9,
                    .nested_task = {0, 0, 1},
                    .nested_parent = {0, 1, 0},
                    .nested_worker = {0, 1, 1},
                    .nested_made = {31, 33, 32},
                    .nested_started = {32, 34, 33},
                    .nested_finished = {40, 39, 36},
                    .nested_failed = {1}},
        .usage = {.seconds = {0, 0.5}, .memory_bytes = {4096, 8192}, .cpu_seconds = {0, 0.25}},
    };
}

inline measure::measurement command_measurement() {
    auto of_run = trial(1, 0.25);
    of_run.counters = {.instructions = 1000, .cycles = 2000};
    of_run.exit_code = 0;
    of_run.left_processes = 1;
    return {.workload = "time",
            .model = "command",
            .spec = "gzip | cat, quick",
            .command = "gzip -kc1 f | cat",
            .parameters = {{"level", "1"}, {"tool", "gzip"}},
            .shell_seconds = 0.125,
            .tasks = 1,
            .wall_seconds = {.median = 0.25, .low = 0.25, .high = 0.25, .confidence = 0},
            .tree_peak_bytes = 4096,
            .tree_peak_method = "hwm",
            .counters = {.instructions = 1000, .cycles = 2000, .cache_misses = 3},
            .trials = {of_run}};
}

/// Nothing that may be absent is there.
inline measure::measurement bare_measurement() {
    measure::measurement bare{.workload = "sleep", .model = "single", .spec = "single"};
    bare.wall_seconds = {.median = 2, .low = 2, .high = 2};
    bare.trials = {trial(1, 2)};
    return bare;
}

inline measure::results sample_results() {
    return {
        .quartet = "0.1.0",
        .machine = {.cpu_model = "A Processor",
                    .cpus = 4,
                    .usable_cpus = 2,
                    .cpu_quota = 1.5,
                    .memory_bytes = 1ull << 33,
                    .kernel = "Linux 6.1",
                    .build_type = "Release",
                    .compiler = "g++ 12.2.0"},
        .settings = {.command = "quartet run",
                     .preset = "quick",
                     .warmup = 1,
                     .rounds = 3,
                     .margin = 0.03,
                     .seed = 7,
                     .parameters = {{"sleep.scale", "0.1"}}},
        .conditions = {.started = "2026-11-24T15:00:00Z",
                       .finished = "2026-11-24T15:01:00Z",
                       .stopped_by = "rounds",
                       .load_before = 0.5,
                       .other_cpu_share = 0.0625,
                       .warnings = {"other programs used 6 % of the processors"}},
        .measurements = {bare_measurement(), complete_measurement(), command_measurement()},
        .scaling = {{.workload = "fetch",
                     .model = "threads",
                     .axis = "workers",
                     .counts = {{.count = 1,
                                 .spec = "threads:1",
                                 .tasks_per_second = 10,
                                 .low = 9,
                                 .high = 11,
                                 .fitted = 10.5}},
                     .best = 1,
                     .lambda = 10.5,
                     .no_law = "too few counts"}},
    };
}

}  // namespace quartet::test
