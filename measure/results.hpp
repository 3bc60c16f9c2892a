// measure/results.hpp
//
// What a run found out, as plain values: the document that the reports write and read back.
//
// A figure that could not be had is absent (std::nullopt, `null` in JSON, an empty cell in CSV), never zero.
// fields.hpp lists all of this with units and explanations. Every member has an initializer, so that one may
// name just the members one sets: {.workload = "sleep", .tasks = 26}.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace quartet::measure {

inline constexpr std::string_view results_schema = "quartet/results/1";

/// Where it ran. Without the host's name: results are shown to others.
struct machine {
    std::string cpu_model = {};
    std::uint64_t usable_cpus = 0;
    std::string kernel = {};
    std::uint64_t memory_bytes = 0;
    std::string build_type = {};
    std::string compiler = {};

    bool operator==(machine const&) const = default;
};

/// What was asked for.
struct settings {
    std::string preset = {};
    std::uint64_t rounds = 0;
    std::uint64_t seed = 0;                              ///< of the order of trials
    std::map<std::string, std::string> parameters = {};  ///< "sleep.scale" to "0.1"

    bool operator==(settings const&) const = default;
};

/// A figure that was taken once a round.
struct sampled {
    double median = 0;
    std::vector<double> samples = {};

    bool operator==(sampled const&) const = default;
};

/// A part of a workload that is timed by itself, such as the first 100 of its fetches.
struct lap {
    std::string name = {};
    std::uint64_t tasks = 0;
    double wall_seconds = 0;

    bool operator==(lap const&) const = default;
};

/// One workload under one model.
struct measurement {
    std::string workload = {};
    std::string model = {};  ///< single, processes, threads or async
    std::string spec = {};   ///< the model as it was asked for: threads:8
    std::uint64_t tasks = 0;
    std::uint64_t failed = 0;
    std::string checksum = {};  ///< of the answer; the same under all models
    sampled wall_seconds = {};
    std::optional<double> cpu_user_seconds = {};
    std::optional<double> cpu_system_seconds = {};
    std::optional<std::uint64_t> heap_current_bytes = {};
    std::optional<std::uint64_t> heap_peak_bytes = {};
    std::optional<std::uint64_t> tree_peak_bytes = {};
    std::optional<std::string> tree_peak_method = {};
    std::optional<std::uint64_t> context_switches = {};
    std::string verification = {};           ///< what was wrong with the end state; empty if nothing was
    std::vector<std::string> failures = {};  ///< messages of failed tasks, as examples
    std::vector<lap> laps = {};

    bool operator==(measurement const&) const = default;
};

/// How many messages `measurement::failures` holds at most.
inline constexpr std::size_t most_failures_kept = 10;

struct results {
    std::string quartet = {};  ///< version
    measure::machine machine = {};
    measure::settings settings = {};
    std::vector<measurement> measurements = {};  ///< "results" in JSON

    bool operator==(results const&) const = default;
};

}  // namespace quartet::measure
