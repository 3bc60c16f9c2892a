// measure/results/results.hpp
//
// What a run found out, as plain values: the document that the reports write and read back.
//
// A figure that could not be had is absent (std::nullopt, `null` in JSON, an empty cell in CSV), never zero.
// fields.hpp lists all of this with units and explanations. Every member has an initializer, so that one may
// name just the members one sets: {.workload = "sleep", .tasks = 26}.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace quartet::measure {

inline constexpr std::string_view results_schema = "quartet/results/2";

/// Where it ran. Without the host's name: results are shown to others.
struct machine {
    std::string cpu_model = {};
    std::uint64_t cpus = 0;         ///< that are online
    std::uint64_t usable_cpus = 0;  ///< by affinity and quota
    std::optional<double> cpu_quota = {};
    std::optional<std::uint64_t> threads_per_core = {};
    std::string governor = {};        ///< of the processors' frequency; empty if there is none to see
    std::string clock_source = {};    ///< that the kernel's clocks go by
    std::string virtualization = {};  ///< "KVM"; empty if none is to be seen
    std::uint64_t memory_bytes = 0;
    std::optional<std::uint64_t> memory_limit_bytes = {};
    std::uint64_t swap_bytes = 0;
    std::string huge_pages = {};  ///< transparent ones: always, madvise, never
    std::string kernel = {};
    std::string distribution = {};
    std::string libc = {};
    std::string scratch_file_system = {};  ///< where the trials' files were
    std::optional<std::uint64_t> open_files_limit = {};
    std::optional<std::uint64_t> processes_limit = {};
    std::string build_type = {};
    std::string compiler = {};
    std::string libraries = {};  ///< "Boost 1.74.0, libcurl 7.88.1, liburing 2.3"

    bool operator==(machine const&) const = default;
};

/// What was asked for.
struct settings {
    std::string command = {};  ///< the command line
    std::string preset = {};
    std::uint64_t warmup = 0;                            ///< rounds that do not count
    std::uint64_t rounds = 0;                            ///< that count, at the most
    std::optional<double> precision = {};                ///< at which to stop earlier
    std::optional<double> budget_seconds = {};           ///< after which to stop
    double margin = 0;                                   ///< a smaller difference is none
    std::uint64_t seed = 0;                              ///< of the order of trials
    std::map<std::string, std::string> parameters = {};  ///< "sleep.scale" to "0.1"

    bool operator==(settings const&) const = default;
};

/// What the run met with.
struct conditions {
    std::string started = {};     ///< "2026-11-24T15:03:00Z"
    std::string finished = {};    ///< or when this was written, if it is under way
    std::string stopped_by = {};  ///< rounds, precision, budget or interrupt; empty while it is under way
    double load_before = 0;       ///< the load average of a minute
    double load_after = 0;
    double other_cpu_share = 0;  ///< of the usable processors, what programs outside of the run used
    double steal_share = 0;      ///< of them, what the hypervisor gave to other machines
    std::optional<double> throttled_seconds = {};      ///< that a quota kept our control group from running
    std::optional<double> io_pressure_share = {};      ///< of the time, that some task waited for the disk
    std::optional<double> memory_pressure_share = {};  ///< of the time, that some task waited for memory
    double sampling_share = 0;  ///< of a processor, what sampling memory took, in the trial where it was most
    double recording_share = 0;  ///< of the processor time of a trial, what task records took, likewise
    std::vector<std::string> warnings = {};  ///< what makes the figures doubtful

    bool operator==(conditions const&) const = default;
};

/// A node of a cluster in one trial. Of one that was lost some are absent.
struct node_figures {
    std::string name = {};  ///< of its host
    std::uint64_t workers = 0;
    std::optional<double> cpu_user_seconds = {};
    std::optional<double> cpu_system_seconds = {};
    std::optional<double> mpi_cpu_seconds = {};  ///< of the process that talks MPI, not in the others
    std::optional<std::uint64_t> tree_peak_bytes = {};
    std::optional<std::uint64_t> mpi_bytes = {};     ///< of that process, likewise
    std::optional<std::uint64_t> input_bytes = {};   ///< of all tasks that it was given
    std::optional<std::uint64_t> result_bytes = {};  ///< that it gave
    std::optional<double> round_trip_seconds = {};   ///< to the root and back, the quickest
    std::optional<double> clock_error_seconds = {};  ///< by which its times may be wrong to those of the root

    bool operator==(node_figures const&) const = default;
};

/// What the processor counted while a command and its descendants ran. Each is absent where the machine does
/// not count it.
struct counter_figures {
    std::optional<std::uint64_t> instructions = {};
    std::optional<std::uint64_t> cycles = {};
    std::optional<std::uint64_t> cache_references = {};
    std::optional<std::uint64_t> cache_misses = {};
    std::optional<std::uint64_t> branch_misses = {};

    bool operator==(counter_figures const&) const = default;
};

/// One trial: a configuration, once, in a process of its own.
struct trial_figures {
    std::uint64_t round = 0;     ///< from 1; 0 is a warm-up, which does not count
    std::uint64_t place = 0;     ///< in the round, from 1
    double started_seconds = 0;  ///< since the run began
    double wall_seconds = 0;
    double cpu_user_seconds = 0;
    double cpu_system_seconds = 0;
    double processor_wait_seconds = 0;  ///< that its processes wanted a processor and had none
    std::uint64_t tree_peak_bytes = 0;
    std::uint64_t voluntary_switches = 0;
    std::uint64_t involuntary_switches = 0;
    std::uint64_t minor_faults = 0;
    std::uint64_t major_faults = 0;
    std::uint64_t read_bytes = 0;
    std::uint64_t written_bytes = 0;
    double other_cpu_seconds = 0;
    double steal_seconds = 0;
    double throttled_seconds = 0;
    bool outlier = false;
    bool disturbed = false;
    std::vector<node_figures> nodes = {};              ///< of a cluster; this machine first
    counter_figures counters = {};                     ///< of a command line
    std::optional<std::uint64_t> exit_code = {};       ///< of a command line; absent if a signal ended it
    std::optional<std::uint64_t> left_processes = {};  ///< of a command line: that ran on when it had ended

    bool counts() const noexcept { return round > 0; }
    bool operator==(trial_figures const&) const = default;
};

/// A figure that was taken once a round.
struct sampled {
    double median = 0;
    double low = 0;  ///< of the median's interval
    double high = 0;
    double confidence = 0;  ///< of the interval

    bool operator==(sampled const&) const = default;
};

/// Of the times of single tasks. Each is absent where there were too few tasks to know it.
struct percentiles {
    std::optional<double> p50 = {};
    std::optional<double> p90 = {};
    std::optional<double> p99 = {};
    std::optional<double> max = {};

    bool operator==(percentiles const&) const = default;
};

/// What a worker did in one trial.
struct worker_use {
    std::uint64_t worker = 0;                   ///< its number
    std::uint64_t tasks = 0;                    ///< that left a record
    std::optional<double> occupied_share = {};  ///< of the time, that it had a task, if all left records
    std::optional<double> cpu_share = {};       ///< of the time, that it was on a processor
    std::optional<double> wait_share = {};      ///< of the time, that it waited for a processor

    bool operator==(worker_use const&) const = default;
};

/// The tasks' records of one trial, in columns. Times are nanoseconds since the clock started.
struct task_table {
    std::uint64_t round = 0;
    std::uint64_t tasks_seen = 0;  ///< those that left no record, too
    std::vector<std::uint64_t> call = {};
    std::vector<std::uint64_t> index = {};
    std::vector<std::uint64_t> worker = {};
    std::vector<std::string> worker_names = {};  ///< by number; empty if it is not on a cluster
    std::vector<std::int64_t> queued = {};
    std::vector<std::int64_t> started = {};
    std::vector<std::int64_t> finished = {};
    std::vector<std::uint64_t> failed = {};  ///< places in the columns
    // Of waits, which only a trial for pictures records: the place of the task, and from when to when.
    bool waits_known = false;
    std::vector<std::uint64_t> wait_task = {};
    std::vector<std::int64_t> wait_began = {};
    std::vector<std::int64_t> wait_ended = {};
    std::vector<std::uint64_t> wait_nested = {};  ///< the call that waited, as nested_parent; may be empty
    // Of calls that the bodies made of their context, which only a trial for pictures records, too: a call's
    // parent is the place of another one's in these columns, plus one, or 0 for the task itself.
    std::uint64_t nested_seen = 0;  ///< by the tasks in the columns; those that left no record, too
    std::vector<std::uint64_t> nested_task = {};
    std::vector<std::uint64_t> nested_parent = {};
    std::vector<std::uint64_t> nested_worker = {};
    std::vector<std::int64_t> nested_made = {};
    std::vector<std::int64_t> nested_started = {};
    std::vector<std::int64_t> nested_finished = {};
    std::vector<std::uint64_t> nested_failed = {};  ///< places in these columns

    bool operator==(task_table const&) const = default;
};

/// What a trial for pictures used in its course, in columns.
struct usage_table {
    std::vector<double> seconds = {};              ///< since the clock started
    std::vector<std::uint64_t> memory_bytes = {};  ///< of the process tree
    std::vector<double> cpu_seconds = {};          ///< of the process tree until then

    bool operator==(usage_table const&) const = default;
};

/// How many records `measurement::records` holds at most: every n-th of more.
inline constexpr std::size_t most_records_kept = 10'000;

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
    std::string model = {};    ///< single, processes, threads, async or cluster; command for a command line
    std::string spec = {};     ///< the model as it was asked for: threads:8; the name of a command line
    std::string command = {};  ///< the command line
    std::map<std::string, std::string> parameters = {};  ///< that were filled in there
    std::optional<double> shell_seconds = {};            ///< that were taken off for its shell's start
    std::uint64_t tasks = 0;
    std::uint64_t failed = 0;
    std::string checksum = {};  ///< of the answer; the same under all models
    sampled wall_seconds = {};
    std::optional<double> tasks_per_second = {};
    std::optional<double> cpu_user_seconds = {};
    std::optional<double> cpu_system_seconds = {};
    std::optional<double> processor_wait_seconds = {};
    std::optional<std::uint64_t> heap_current_bytes = {};
    std::optional<std::uint64_t> heap_peak_bytes = {};
    std::optional<std::uint64_t> tree_peak_bytes = {};
    std::optional<std::string> tree_peak_method = {};
    std::optional<std::uint64_t> voluntary_switches = {};
    std::optional<std::uint64_t> involuntary_switches = {};
    std::optional<std::uint64_t> minor_faults = {};
    std::optional<std::uint64_t> major_faults = {};
    std::optional<std::uint64_t> read_bytes = {};
    std::optional<std::uint64_t> written_bytes = {};
    counter_figures counters = {};  ///< of a command line
    percentiles queue_seconds = {};
    percentiles service_seconds = {};
    std::string verification = {};           ///< what was wrong with the end state; empty if nothing was
    std::vector<std::string> failures = {};  ///< messages of failed tasks, as examples
    std::vector<std::string> warnings = {};  ///< what makes its figures doubtful
    std::vector<lap> laps = {};
    std::vector<node_figures> nodes = {};  ///< of a cluster: medians of the rounds that count
    std::vector<worker_use> workers = {};  ///< in the trial that `records` is of
    std::vector<trial_figures> trials = {};
    task_table records = {};  ///< of the trial for pictures, or of that whose time was nearest to the median
    usage_table usage = {};   ///< of the trial for pictures

    bool operator==(measurement const&) const = default;
};

/// How many messages `measurement::failures` holds at most.
inline constexpr std::size_t most_failures_kept = 10;

/// A count of workers in a sweep, and what it achieved.
struct scaling_count {
    std::uint64_t count = 0;
    std::string spec = {};
    double tasks_per_second = 0;  ///< by the median time; 0 if it failed
    double low = 0;               ///< by the upper end of the time's interval
    double high = 0;
    std::optional<double> fitted = {};  ///< what the law says
    std::optional<double> band_low = {};
    std::optional<double> band_high = {};

    bool operator==(scaling_count const&) const = default;
};

/// How a workload's throughput grows with one number of a model (scaling_law.hpp).
struct scaling_curve {
    std::string workload = {};
    std::string model = {};  ///< "threads"; "processes:2+async" where one of two numbers is fixed
    std::string axis = {};   ///< what is counted: "workers", "in flight" or "nodes"
    std::vector<scaling_count> counts = {};
    std::optional<std::uint64_t> best = {};  ///< the least count of those that are among the best
    std::optional<double> lambda = {};
    std::optional<double> sigma = {};
    std::optional<double> kappa = {};
    std::optional<double> deviation = {};  ///< of the counts from the law
    std::optional<double> peak = {};
    std::optional<double> knee = {};
    std::string no_law = {};  ///< why there is none

    bool operator==(scaling_curve const&) const = default;
};

struct results {
    std::string quartet = {};  ///< version
    measure::machine machine = {};
    measure::settings settings = {};
    measure::conditions conditions = {};
    std::vector<measurement> measurements = {};  ///< "results" in JSON
    std::vector<scaling_curve> scaling = {};     ///< of a sweep

    bool operator==(results const&) const = default;
};

/// What `model` is of a command line.
inline constexpr std::string_view command_model = "command";

/// Whether a measurement is without fault: no failed tasks, right end state, right checksum.
bool is_good(measurement const& of);

/// Of its processes, in user and kernel; 0 where it is not known.
double cpu_seconds_of(measurement const& of);

/// The rounds that count, of a measurement.
std::size_t rounds_of(measurement const& of);

/// Whether it was swept.
bool has_curves(results const& all, std::string_view workload);

/// Whether any of them has such rounds.
bool has_counted_rounds(std::vector<measurement> const& measurements);

/// A figure of the rounds that count, in their order.
std::vector<double> counted(measurement const& of, double trial_figures::*figure);

/// Wall times of the rounds in which both were measured, in their order: a pair of equal length.
struct paired_samples {
    std::vector<double> first;
    std::vector<double> second;
};
paired_samples in_same_rounds(measurement const& first, measurement const& second);

}  // namespace quartet::measure
