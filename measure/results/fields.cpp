#include "measure/results/fields.hpp"

#include "measure/results/json_values.hpp"

#include <algorithm>
#include <array>

namespace quartet::measure {
namespace {

template <class Record>
constexpr field<Record> only_in_json(field<Record> of) {
    of.extent = extent::only_json;
    return of;
}

template <class Record>
constexpr field<Record> added_later(field<Record> of) {
    of.added_later = true;
    return of;
}

template <class Record>
constexpr field<Record> at_least_one(field<Record> of) {
    of.promise.least = 1;
    return of;
}

template <class Record>
constexpr field<Record> not_empty(field<Record> of) {
    of.promise.not_empty = true;
    return of;
}

template <class Record>
constexpr field<Record> at_most(std::size_t elements, field<Record> of) {
    of.promise.most_elements = elements;
    return of;
}

template <class Record>
constexpr field<Record> one_of(std::span<std::string_view const> choices, field<Record> of) {
    of.promise.choices = choices;
    return of;
}

constexpr std::string_view model_names[] = {"single", "processes", "threads",
                                            "async",  "cluster",   command_model};
constexpr std::string_view stop_reasons[] = {"", "rounds", "precision", "budget", "interrupt", "failure"};
constexpr std::string_view tree_peak_methods[] = {"pss", "pss+hwm", "rss", "hwm"};
constexpr std::string_view axis_names[] = {"workers", "in flight", "nodes"};

using enum unit;

// ---- The lists

template <auto... Path>
constexpr auto of_machine = make_field<machine, Path...>;

constexpr std::array machine_list{
    of_machine<&machine::cpu_model>("cpu_model", none, "the processor, as it names itself"),
    of_machine<&machine::cpus>("cpus", none, "processors that are online"),
    at_least_one(of_machine<&machine::usable_cpus>("usable_cpus", none,
                                                   "processors this process may use, by affinity and quota")),
    of_machine<&machine::cpu_quota>("cpu_quota", none, "processors that the control group's quota allows"),
    of_machine<&machine::threads_per_core>("threads_per_core", none, "processors that share a core"),
    of_machine<&machine::governor>("governor", none, "what decides on the processors' frequency"),
    of_machine<&machine::clock_source>("clock_source", none, "what the kernel's clocks go by"),
    of_machine<&machine::virtualization>("virtualization", none, "the hypervisor, where one shows itself"),
    of_machine<&machine::memory_bytes>("memory_bytes", bytes, "physical memory"),
    of_machine<&machine::memory_limit_bytes>("memory_limit_bytes", bytes,
                                             "memory that the control group allows"),
    of_machine<&machine::swap_bytes>("swap_bytes", bytes, "memory on disk"),
    of_machine<&machine::huge_pages>("huge_pages", none, "transparent huge pages: always, madvise or never"),
    of_machine<&machine::kernel>("kernel", none, "system and release"),
    of_machine<&machine::distribution>("distribution", none, "the distribution, as it names itself"),
    of_machine<&machine::libc>("libc", none, "the C library"),
    of_machine<&machine::scratch_file_system>("scratch_file_system", none,
                                              "the file system of the trials' files"),
    of_machine<&machine::open_files_limit>("open_files_limit", none, "files a process may have open"),
    of_machine<&machine::processes_limit>("processes_limit", none, "processes and threads a user may have"),
    of_machine<&machine::build_type>("build_type", none, "how quartet was compiled"),
    of_machine<&machine::compiler>("compiler", none, "what quartet was compiled with"),
    of_machine<&machine::libraries>("libraries", none, "what quartet was linked with"),
};

template <auto... Path>
constexpr auto of_settings = make_field<settings, Path...>;

constexpr std::array settings_list{
    of_settings<&settings::command>("command", none, "the command line"),
    of_settings<&settings::preset>("preset", none, "the set of parameters that was started from"),
    of_settings<&settings::warmup>("warmup", none, "rounds before those that count"),
    at_least_one(of_settings<&settings::rounds>(
        "rounds", none, "how often each configuration was to be measured at the most")),
    of_settings<&settings::precision>("precision", none,
                                      "at which width of the leader's interval to stop earlier: 0.02 is 2 %"),
    of_settings<&settings::budget_seconds>("budget_seconds", seconds, "time after which to stop"),
    of_settings<&settings::margin>("margin", none, "a smaller difference is taken for none: 0.03 is 3 %"),
    of_settings<&settings::seed>("seed", none, "of the order in which the configurations were run"),
    of_settings<&settings::parameters>("parameters", none, "every parameter with its value"),
};

template <auto... Path>
constexpr auto of_conditions = make_field<conditions, Path...>;

constexpr std::array conditions_list{
    of_conditions<&conditions::started>("started", none, "when the run began, in UTC"),
    of_conditions<&conditions::finished>("finished", none, "when it ended, or this was written"),
    one_of(stop_reasons,
           of_conditions<&conditions::stopped_by>("stopped_by", none,
                                                  "rounds, precision, budget, interrupt, or the failure of a "
                                                  "command line; empty while it is under way")),
    of_conditions<&conditions::load_before>("load_before", none, "load average of a minute before it"),
    of_conditions<&conditions::load_after>("load_after", none, "load average of a minute after it"),
    of_conditions<&conditions::other_cpu_share>("other_cpu_share", none,
                                                "part of the usable processors that other programs used"),
    of_conditions<&conditions::steal_share>("steal_share", none,
                                            "part of them that the hypervisor gave to other machines"),
    of_conditions<&conditions::throttled_seconds>("throttled_seconds", seconds,
                                                  "time that a quota kept our control group from running"),
    of_conditions<&conditions::io_pressure_share>("io_pressure_share", none,
                                                  "part of the time that some task waited for a disk"),
    of_conditions<&conditions::memory_pressure_share>("memory_pressure_share", none,
                                                      "part of the time that some task waited for memory"),
    of_conditions<&conditions::sampling_share>("sampling_share", none,
                                               "part of a processor that sampling memory took, at the most"),
    of_conditions<&conditions::recording_share>(
        "recording_share", none, "part of a trial's processor time that task records took, at the most"),
    of_conditions<&conditions::warnings>("warnings", none, "what makes the figures doubtful"),
};

constexpr std::array lap_list{
    make_field<lap, &lap::name>("name", none, "which part of the workload"),
    make_field<lap, &lap::tasks>("tasks", none, "tasks in this part"),
    make_field<lap, &lap::wall_seconds>("wall_seconds", seconds, "time of this part on the clock"),
};

template <auto... Path>
constexpr auto of_worker = make_field<worker_use, Path...>;

constexpr std::array worker_list{
    of_worker<&worker_use::worker>("worker", none, "its number"),
    of_worker<&worker_use::tasks>("tasks", none, "tasks of its that left a record"),
    of_worker<&worker_use::occupied_share>("occupied_share", none,
                                           "part of the time that it had a task, if all tasks left records"),
    of_worker<&worker_use::cpu_share>("cpu_share", none, "part of the time that it was on a processor"),
    of_worker<&worker_use::wait_share>("wait_share", none, "part of the time that it waited for a processor"),
};

using k = counter_figures;

constexpr std::string_view instructions_help = "of a command line: instructions, of all its processes";
constexpr std::string_view cycles_help = "of a command line: cycles of processors, of all its processes";
constexpr std::string_view cache_references_help = "of a command line: looks into the last cache";
constexpr std::string_view cache_misses_help = "of a command line: looks into it that found nothing";
constexpr std::string_view branch_misses_help = "of a command line: branches that were guessed wrong";

template <auto... Path>
constexpr auto of_trial = make_field<trial_figures, Path...>;

using t = trial_figures;

constexpr std::array trial_list{
    of_trial<&t::round>("round", none, "its round, from 1; 0 is a warm-up, which does not count"),
    of_trial<&t::place>("place", none, "its place in the round, from 1"),
    of_trial<&t::started_seconds>("started_seconds", seconds, "when it began, since the run began"),
    of_trial<&t::wall_seconds>("wall_seconds", seconds, "time on the clock"),
    of_trial<&t::cpu_user_seconds>("cpu_user_seconds", seconds,
                                   "processor time of all processes in their own code"),
    of_trial<&t::cpu_system_seconds>("cpu_system_seconds", seconds,
                                     "processor time of all processes in the kernel"),
    added_later(of_trial<&t::processor_wait_seconds>(
        "processor_wait_seconds", seconds,
        "how long its processes waited for a processor that others had, by samples")),
    of_trial<&t::tree_peak_bytes>("tree_peak_bytes", bytes, "memory of all processes and commands at most"),
    of_trial<&t::voluntary_switches>("voluntary_switches", none, "times that a thread began to wait"),
    of_trial<&t::involuntary_switches>("involuntary_switches", none,
                                       "times that a thread had to make way for another"),
    of_trial<&t::minor_faults>("minor_faults", none, "pages that were given without a disk"),
    of_trial<&t::major_faults>("major_faults", none, "pages that a disk had to be asked for"),
    of_trial<&t::read_bytes>("read_bytes", bytes, "read from disks"),
    of_trial<&t::written_bytes>("written_bytes", bytes, "written, or to be written, to disks"),
    of_trial<&t::other_cpu_seconds>("other_cpu_seconds", seconds,
                                    "processor time of programs outside of the run meanwhile"),
    of_trial<&t::steal_seconds>("steal_seconds", seconds,
                                "processor time that the hypervisor gave to other machines meanwhile"),
    of_trial<&t::throttled_seconds>("throttled_seconds", seconds,
                                    "time that a quota kept our control group from running meanwhile"),
    of_trial<&t::outlier>("outlier", none, "far from the median of the rounds that count"),
    of_trial<&t::disturbed>("disturbed", none, "other programs or machines took much of the processors"),
    added_later(of_trial<&t::nodes>("nodes", none, "of a cluster: what each node used")),
    added_later(of_trial<&t::counters, &k::instructions>("counters.instructions", none, instructions_help)),
    added_later(of_trial<&t::counters, &k::cycles>("counters.cycles", none, cycles_help)),
    added_later(of_trial<&t::counters, &k::cache_references>("counters.cache_references", none,
                                                             cache_references_help)),
    added_later(of_trial<&t::counters, &k::cache_misses>("counters.cache_misses", none, cache_misses_help)),
    added_later(
        of_trial<&t::counters, &k::branch_misses>("counters.branch_misses", none, branch_misses_help)),
    added_later(of_trial<&t::exit_code>("exit_code", none,
                                        "of a command line; null if a signal ended it, and of other trials")),
    added_later(of_trial<&t::left_processes>(
        "left_processes", none, "of a command line: processes of its that ran on when it had ended")),
};

template <auto... Path>
constexpr auto of_node = make_field<node_figures, Path...>;

using nf = node_figures;

constexpr std::array node_list{
    not_empty(of_node<&nf::name>("name", none, "of its host")),
    of_node<&nf::workers>("workers", none, "bodies that it ran at the same time"),
    of_node<&nf::cpu_user_seconds>("cpu_user_seconds", seconds,
                                   "processor time of its processes in their own code"),
    of_node<&nf::cpu_system_seconds>("cpu_system_seconds", seconds,
                                     "processor time of its processes in the kernel"),
    of_node<&nf::mpi_cpu_seconds>(
        "mpi_cpu_seconds", seconds,
        "processor time of the process that talks MPI, which is not in the other figures"),
    of_node<&nf::tree_peak_bytes>("tree_peak_bytes", bytes, "memory of its processes and commands at most"),
    of_node<&nf::mpi_bytes>("mpi_bytes", bytes, "memory of the process that talks MPI, at the end"),
    of_node<&nf::input_bytes>("input_bytes", bytes,
                              "inputs of the tasks that it was given, as they are sent"),
    of_node<&nf::result_bytes>("result_bytes", bytes, "results that it gave, as they are sent"),
    of_node<&nf::round_trip_seconds>("round_trip_seconds", seconds,
                                     "of a message to it and back, the quickest"),
    of_node<&nf::clock_error_seconds>("clock_error_seconds", seconds,
                                      "by how much its times may be wrong against those of the first node"),
};

template <auto... Path>
constexpr auto of_records = make_field<task_table, Path...>;

using r = task_table;

constexpr std::array task_table_list{
    of_records<&r::round>("round", none, "the round they are of"),
    of_records<&r::tasks_seen>("tasks_seen", none, "tasks, those without a record included"),
    of_records<&r::call>("call", none, "which call of the workload's, from 0"),
    of_records<&r::index>("index", none, "which task of the call, from 0"),
    of_records<&r::worker>("worker", none, "the worker that ran it"),
    added_later(of_records<&r::worker_names>("worker_names", none,
                                             "of a cluster: what the worker of each number is called")),
    of_records<&r::queued>("queued", none, "when its call began, in nanoseconds since the clock started"),
    of_records<&r::started>("started", none, "when it began"),
    of_records<&r::finished>("finished", none, "when it ended"),
    of_records<&r::failed>("failed", none, "places in the columns of tasks that failed"),
    added_later(of_records<&r::waits_known>("waits_known", none, "whether waits were recorded, all of them")),
    added_later(of_records<&r::wait_task>("wait_task", none, "of each wait, the place of its task")),
    added_later(of_records<&r::wait_began>("wait_began", none, "when the task began to wait")),
    added_later(of_records<&r::wait_ended>("wait_ended", none, "when it went on")),
    added_later(of_records<&r::wait_nested>(
        "wait_nested", none, "the place of the call within which it waited, plus one; 0: the task itself")),
    added_later(of_records<&r::nested_seen>(
        "nested_seen", none, "calls that bodies of these tasks made, those without a record included")),
    added_later(of_records<&r::nested_task>("nested_task", none, "of each such call, the place of its task")),
    added_later(of_records<&r::nested_parent>(
        "nested_parent", none, "the place of the call that made it, plus one; 0: the task itself")),
    added_later(of_records<&r::nested_worker>("nested_worker", none, "the worker that ran it")),
    added_later(of_records<&r::nested_made>("nested_made", none, "when it was made")),
    added_later(of_records<&r::nested_started>("nested_started", none, "when it began")),
    added_later(of_records<&r::nested_finished>("nested_finished", none, "when it ended")),
    added_later(of_records<&r::nested_failed>("nested_failed", none, "places of calls that failed")),
};

template <auto... Path>
constexpr auto of_usage = make_field<usage_table, Path...>;

using u = usage_table;

constexpr std::array usage_table_list{
    of_usage<&u::seconds>("seconds", seconds, "when it was sampled, since the clock started"),
    of_usage<&u::memory_bytes>("memory_bytes", bytes, "memory of all processes and commands"),
    of_usage<&u::cpu_seconds>("cpu_seconds", seconds, "processor time of all processes until then"),
};

template <auto... Path>
constexpr auto of_measurement = make_field<measurement, Path...>;

using m = measurement;

/// For tables: the wall times, which JSON has in `trials`.
constexpr field<measurement> wall_samples{
    .name = "wall_seconds.samples",
    .unit = seconds,
    .help = "time on the clock in each round that counts (in JSON: see trials)",
    .get = [](measurement const& from) { return json(counted(from, &trial_figures::wall_seconds)); },
    .set = [](measurement&, json const&) {},
    .form = json_value<std::vector<double>>::form,
    .extent = extent::only_tables,
};

constexpr std::array measurement_list{
    not_empty(of_measurement<&m::workload>("workload", none, "what was done")),
    one_of(model_names,
           of_measurement<&m::model>(
               "model", none, "single, processes, threads, async or cluster; command for a command line")),
    not_empty(
        of_measurement<&m::spec>("spec", none, "the model with its numbers, or the name of a command line")),
    of_measurement<&m::tasks>("tasks", none, "tasks that were run"),
    of_measurement<&m::failed>("failed", none, "tasks that failed"),
    of_measurement<&m::checksum>("checksum", none, "of the answer; equal under all models"),
    of_measurement<&m::wall_seconds, &sampled::median>("wall_seconds.median", seconds,
                                                       "time on the clock, median of the rounds that count"),
    of_measurement<&m::wall_seconds, &sampled::low>("wall_seconds.low", seconds,
                                                    "lower end of the median's interval"),
    of_measurement<&m::wall_seconds, &sampled::high>("wall_seconds.high", seconds,
                                                     "upper end of the median's interval"),
    of_measurement<&m::wall_seconds, &sampled::confidence>(
        "wall_seconds.confidence", none, "of the interval: 0.95 if there were 6 rounds or more"),
    wall_samples,
    of_measurement<&m::tasks_per_second>("tasks_per_second", none, "tasks for each second of the median"),
    of_measurement<&m::cpu_user_seconds>("cpu_user_seconds", seconds,
                                         "processor time of all processes in their own code"),
    of_measurement<&m::cpu_system_seconds>("cpu_system_seconds", seconds,
                                           "processor time of all processes in the kernel"),
    added_later(of_measurement<&m::processor_wait_seconds>(
        "processor_wait_seconds", seconds,
        "how long its processes waited for a processor that others had, by samples")),
    of_measurement<&m::heap_current_bytes>("heap_current_bytes", bytes,
                                           "allocated by all processes at the end"),
    of_measurement<&m::heap_peak_bytes>("heap_peak_bytes", bytes, "allocated by all processes at most"),
    of_measurement<&m::tree_peak_bytes>("tree_peak_bytes", bytes,
                                        "memory of all processes and commands at most"),
    one_of(tree_peak_methods, of_measurement<&m::tree_peak_method>(
                                  "tree_peak_method", none,
                                  "pss counts shared pages once, pss+hwm each process at its own "
                                  "peak, rss shared pages in every process; hwm is the largest "
                                  "process alone at its peak")),
    of_measurement<&m::voluntary_switches>("voluntary_switches", none, "times that a thread began to wait"),
    of_measurement<&m::involuntary_switches>("involuntary_switches", none,
                                             "times that a thread had to make way for another"),
    of_measurement<&m::minor_faults>("minor_faults", none, "pages that were given without a disk"),
    of_measurement<&m::major_faults>("major_faults", none, "pages that a disk had to be asked for"),
    of_measurement<&m::read_bytes>("read_bytes", bytes, "read from disks"),
    of_measurement<&m::written_bytes>("written_bytes", bytes, "written, or to be written, to disks"),
    of_measurement<&m::queue_seconds, &percentiles::p50>(
        "queue_seconds.p50", seconds, "how long a task waited to begin: half of them less"),
    of_measurement<&m::queue_seconds, &percentiles::p90>("queue_seconds.p90", seconds, "90 % of them less"),
    of_measurement<&m::queue_seconds, &percentiles::p99>("queue_seconds.p99", seconds, "99 % of them less"),
    of_measurement<&m::queue_seconds, &percentiles::max>("queue_seconds.max", seconds, "the longest"),
    of_measurement<&m::service_seconds, &percentiles::p50>("service_seconds.p50", seconds,
                                                           "how long a task took: half of them less"),
    of_measurement<&m::service_seconds, &percentiles::p90>("service_seconds.p90", seconds,
                                                           "90 % of them less"),
    of_measurement<&m::service_seconds, &percentiles::p99>("service_seconds.p99", seconds,
                                                           "99 % of them less"),
    of_measurement<&m::service_seconds, &percentiles::max>("service_seconds.max", seconds, "the longest"),
    of_measurement<&m::verification>("verification", none, "what was wrong with the end state"),
    at_most(most_failures_kept,
            of_measurement<&m::failures>("failures", none, "messages of failed tasks, 10 at most")),
    of_measurement<&m::warnings>("warnings", none, "what makes its figures doubtful"),
    of_measurement<&m::laps>("laps", none, "parts of the workload that are timed by themselves"),
    added_later(of_measurement<&m::command>("command", none, "the command line; empty if it is none")),
    added_later(
        of_measurement<&m::parameters>("parameters", none, "of a command line: what was filled in there")),
    added_later(of_measurement<&m::shell_seconds>(
        "shell_seconds", seconds,
        "of a command line: taken off its times for the start of its shell; null if it has none")),
    added_later(
        of_measurement<&m::counters, &k::instructions>("counters.instructions", none, instructions_help)),
    added_later(of_measurement<&m::counters, &k::cycles>("counters.cycles", none, cycles_help)),
    added_later(of_measurement<&m::counters, &k::cache_references>("counters.cache_references", none,
                                                                   cache_references_help)),
    added_later(
        of_measurement<&m::counters, &k::cache_misses>("counters.cache_misses", none, cache_misses_help)),
    added_later(
        of_measurement<&m::counters, &k::branch_misses>("counters.branch_misses", none, branch_misses_help)),
    only_in_json(added_later(of_measurement<&m::nodes>(
        "nodes", none, "of a cluster: what each node used, medians of the rounds that count"))),
    only_in_json(of_measurement<&m::workers>("workers", none,
                                             "what each worker did in the trial that `records` is of")),
    only_in_json(of_measurement<&m::trials>("trials", none, "what each trial gave, warm-ups included")),
    only_in_json(of_measurement<&m::records>(
        "records", none, "the tasks' records of the trial for pictures, or of that nearest to the median")),
    only_in_json(added_later(of_measurement<&m::usage>(
        "usage", none, "what the trial for pictures used in its course; empty if there was none"))),
};

template <auto... Path>
constexpr auto of_count = make_field<scaling_count, Path...>;

using n = scaling_count;

constexpr std::array scaling_count_list{
    at_least_one(of_count<&n::count>("count", none, "how many there were")),
    of_count<&n::spec>("spec", none, "the model with its numbers"),
    of_count<&n::tasks_per_second>("tasks_per_second", none, "by the median time; 0 if it failed"),
    of_count<&n::low>("low", none, "by the upper end of the time's interval"),
    of_count<&n::high>("high", none, "by its lower end"),
    of_count<&n::fitted>("fitted", none, "what the law says"),
    of_count<&n::band_low>("band_low", none, "lower end of the law's 95 % band"),
    of_count<&n::band_high>("band_high", none, "upper end of it"),
};

template <auto... Path>
constexpr auto of_curve = make_field<scaling_curve, Path...>;

using c = scaling_curve;

constexpr std::array scaling_curve_list{
    of_curve<&c::workload>("workload", none, "what was done"),
    of_curve<&c::model>("model", none, "how it was run; with the number that is fixed, if there are two"),
    one_of(axis_names,
           of_curve<&c::axis>("axis", none, "what is counted: workers, tasks in flight or nodes")),
    of_curve<&c::counts>("counts", none, "each count"),
    at_least_one(of_curve<&c::best>("best", none, "the least count of those that are among the best")),
    of_curve<&c::lambda>("lambda", none, "the law's throughput of one, in tasks a second"),
    of_curve<&c::sigma>("sigma", none, "its part of the work that only one can do at a time"),
    of_curve<&c::kappa>("kappa", none, "its cost for each pair, as a part of the work"),
    of_curve<&c::deviation>("deviation", none, "of the counts from the law: 0.02 is 2 %"),
    of_curve<&c::peak>("peak", none, "the count beyond which throughput falls by the law"),
    of_curve<&c::knee>("knee", none, "the count beyond which more add little by the law"),
    of_curve<&c::no_law>("no_law", none, "why there is no law"),
};

template <auto... Path>
constexpr auto of_document = make_field<results, Path...>;

constexpr std::array document_list{
    not_empty(of_document<&results::quartet>("quartet", none, "version")),
    of_document<&results::machine>("machine", none, "where it ran"),
    of_document<&results::settings>("settings", none, "what was asked for"),
    of_document<&results::conditions>("conditions", none, "what the run met with"),
    of_document<&results::measurements>("results", none, "one for each workload and model"),
    of_document<&results::scaling>("scaling", none, "of a sweep: how throughput grows"),
};

constexpr field_group measurement_groups[] = {
    {"wall_seconds", "time on the clock"},
    {"counters", "what the processor counted; null where the machine does not count it"},
    {"queue_seconds", "how long tasks waited to begin; null where there were too few of them to know"},
    {"service_seconds", "how long tasks took; null where there were too few of them to know"},
};

void expect_lengths(std::size_t length, auto const&... columns) {
    if (((columns.size() != length) || ...)) throw std::invalid_argument("columns of different lengths");
}

}  // namespace

std::string_view to_string(unit which) {
    switch (which) {
        case unit::none:
            return "";
        case unit::seconds:
            return "s";
        case unit::bytes:
            return "bytes";
    }
    return {};
}

template <>
std::span<field<machine> const> fields_of() {
    return machine_list;
}
template <>
std::span<field<settings> const> fields_of() {
    return settings_list;
}
template <>
std::span<field<conditions> const> fields_of() {
    return conditions_list;
}
template <>
std::span<field<lap> const> fields_of() {
    return lap_list;
}
template <>
std::span<field<worker_use> const> fields_of() {
    return worker_list;
}
template <>
std::span<field<node_figures> const> fields_of() {
    return node_list;
}
template <>
std::span<field<trial_figures> const> fields_of() {
    return trial_list;
}
template <>
std::span<field<task_table> const> fields_of() {
    return task_table_list;
}
template <>
std::span<field<usage_table> const> fields_of() {
    return usage_table_list;
}
template <>
std::span<field<measurement> const> fields_of() {
    return measurement_list;
}
template <>
std::span<field<scaling_count> const> fields_of() {
    return scaling_count_list;
}
template <>
std::span<field<scaling_curve> const> fields_of() {
    return scaling_curve_list;
}

template <>
std::span<field<results> const> fields_of() {
    return document_list;
}

template <>
std::span<field_group const> groups_of<measurement>() {
    return measurement_groups;
}

template <>
void check_whole(task_table const& records) {
    auto const tasks = records.started.size();
    expect_lengths(tasks, records.index, records.call, records.worker, records.queued, records.finished);
    expect_lengths(records.wait_task.size(), records.wait_began, records.wait_ended);
    auto const nested = records.nested_task.size();
    if (!records.wait_nested.empty()) expect_lengths(records.wait_task.size(), records.wait_nested);
    if (std::ranges::any_of(records.wait_nested, [&](auto place) { return place > nested; }))
        throw std::invalid_argument("a wait of a call beyond the columns");
    expect_lengths(nested, records.nested_parent, records.nested_worker, records.nested_made,
                   records.nested_started, records.nested_finished);
    for (std::size_t place = 0; place < nested; ++place) {
        std::uint64_t const parent = records.nested_parent[place];
        if (parent > place) throw std::invalid_argument("a call before its parent");
        if (parent > 0 && records.nested_task[parent - 1] != records.nested_task[place])
            throw std::invalid_argument("a call of another task than its parent");
    }
    if (std::ranges::any_of(records.nested_failed, [&](auto place) { return place >= nested; }))
        throw std::invalid_argument("a place beyond the columns of calls");
    for (auto const* rows : {&records.failed, &records.wait_task, &records.nested_task}) {
        if (std::ranges::any_of(*rows, [&](auto row) { return row >= tasks; }))
            throw std::invalid_argument("a place beyond the columns");
    }
    auto const names = records.worker_names.size();
    for (auto const* workers : {&records.worker, &records.nested_worker}) {
        if (names > 0 && std::ranges::any_of(*workers, [&](auto worker) { return worker >= names; }))
            throw std::invalid_argument("a worker without a name");
    }
}

template <>
void check_whole(usage_table const& usage) {
    expect_lengths(usage.seconds.size(), usage.memory_bytes, usage.cpu_seconds);
}

}  // namespace quartet::measure
