// measure/results/fields.cpp
//
// A file that is read may come from anywhere, so each value is looked at before it is taken: nlohmann's own
// conversions make 18446744073709551615 of -1, and 1 of true.

#include "measure/results/fields.hpp"

#include "measure/results/records.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>

namespace quartet::measure {
namespace {

// ---- To JSON

json to_json_value(std::vector<lap> const& laps) {
    return array_of(laps, lap_fields());
}
json to_json_value(std::vector<worker_use> const& workers) {
    return array_of(workers, worker_fields());
}
json to_json_value(std::vector<trial_figures> const& trials) {
    return array_of(trials, trial_fields());
}
json to_json_value(std::vector<scaling_count> const& counts) {
    return array_of(counts, scaling_count_fields());
}
json to_json_value(task_table const& records) {
    return to_object(records, task_table_fields());
}
json to_json_value(usage_table const& usage) {
    return to_object(usage, usage_table_fields());
}

template <class Value>
json to_json_value(std::optional<Value> const& value) {
    return value ? json(*value) : json(nullptr);
}

template <class Value>
json to_json_value(Value const& value) {
    return value;
}

// ---- From JSON

[[noreturn]] void refuse(json const& from, char const* wanted) {
    throw std::invalid_argument(fmt::format("{} where {} should be", from.type_name(), wanted));
}

void from_json_value(std::uint64_t& value, json const& from) {
    if (!from.is_number_unsigned()) refuse(from, "an integer of 0 or more");
    from.get_to(value);
}
void from_json_value(std::int64_t& value, json const& from) {
    if (!from.is_number_integer()) refuse(from, "an integer");
    from.get_to(value);
}
void from_json_value(double& value, json const& from) {
    if (!from.is_number()) refuse(from, "a number");
    from.get_to(value);
    if (!(value >= 0)) throw std::invalid_argument("a number below 0");
}
void from_json_value(bool& value, json const& from) {
    if (!from.is_boolean()) refuse(from, "true or false");
    from.get_to(value);
}
void from_json_value(std::string& value, json const& from) {
    if (!from.is_string()) refuse(from, "a text");
    from.get_to(value);
}
void from_json_value(std::map<std::string, std::string>& values, json const& from) {
    if (!from.is_object()) refuse(from, "an object");
    values.clear();
    for (auto const& [name, value] : from.items())
        from_json_value(values[name], value);
}
void expect_lengths(std::size_t length, auto const&... columns) {
    if (((columns.size() != length) || ...)) throw std::invalid_argument("columns of different lengths");
}
void from_json_value(task_table& records, json const& from) {
    records = from_object<task_table>(from, task_table_fields());
    auto const tasks = records.started.size();
    expect_lengths(tasks, records.index, records.call, records.worker, records.queued, records.finished);
    expect_lengths(records.wait_task.size(), records.wait_began, records.wait_ended);
    for (auto const* places : {&records.failed, &records.wait_task}) {
        if (std::ranges::any_of(*places, [&](auto place) { return place >= tasks; }))
            throw std::invalid_argument("a place beyond the columns");
    }
}
void from_json_value(usage_table& usage, json const& from) {
    usage = from_object<usage_table>(from, usage_table_fields());
    expect_lengths(usage.seconds.size(), usage.memory_bytes, usage.cpu_seconds);
}

void from_json_value(lap& value, json const& from) {
    value = from_object<lap>(from, lap_fields());
}
void from_json_value(worker_use& value, json const& from) {
    value = from_object<worker_use>(from, worker_fields());
}
void from_json_value(trial_figures& value, json const& from) {
    value = from_object<trial_figures>(from, trial_fields());
}

void from_json_value(scaling_count& value, json const& from) {
    value = from_object<scaling_count>(from, scaling_count_fields());
}

template <class Value>
void from_json_value(std::optional<Value>& value, json const& from) {
    value.reset();
    if (!from.is_null()) from_json_value(value.emplace(), from);
}

template <class Value>
void from_json_value(std::vector<Value>& values, json const& from) {
    if (!from.is_array()) refuse(from, "an array");
    values.clear();
    values.reserve(from.size());
    for (json const& each : from)
        from_json_value(values.emplace_back(), each);
}

// ---- The lists

/// The getter and the setter of a member, or of a member of a member: at<&a::b, &b::c>.
template <auto First, auto... Rest>
struct at {
    template <class Record>
    static auto& of(Record& record) {
        if constexpr (sizeof...(Rest) == 0)
            return record.*First;
        else
            return at<Rest...>::of(record.*First);
    }
};

template <class Record, auto... Path>
constexpr field<Record> make(std::string_view name, unit unit, std::string_view help) {
    return {
        .name = name,
        .unit = unit,
        .help = help,
        .get = [](Record const& from) { return to_json_value(at<Path...>::of(from)); },
        .set = [](Record& to, json const& value) { from_json_value(at<Path...>::of(to), value); },
    };
}

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

using enum unit;

template <auto... Path>
constexpr auto of_machine = make<machine, Path...>;

constexpr std::array machine_list{
    of_machine<&machine::cpu_model>("cpu_model", none, "the processor, as it names itself"),
    of_machine<&machine::cpus>("cpus", none, "processors that are online"),
    of_machine<&machine::usable_cpus>("usable_cpus", none,
                                      "processors this process may use, by affinity and quota"),
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
constexpr auto of_settings = make<settings, Path...>;

constexpr std::array settings_list{
    of_settings<&settings::command>("command", none, "the command line"),
    of_settings<&settings::preset>("preset", none, "the set of parameters that was started from"),
    of_settings<&settings::warmup>("warmup", none, "rounds before those that count"),
    of_settings<&settings::rounds>("rounds", none,
                                   "how often each configuration was to be measured at the most"),
    of_settings<&settings::precision>("precision", none,
                                      "at which width of the leader's interval to stop earlier: 0.02 is 2 %"),
    of_settings<&settings::budget_seconds>("budget_seconds", seconds, "time after which to stop"),
    of_settings<&settings::margin>("margin", none, "a smaller difference is taken for none: 0.03 is 3 %"),
    of_settings<&settings::seed>("seed", none, "of the order in which the configurations were run"),
    of_settings<&settings::parameters>("parameters", none, "every parameter with its value"),
};

template <auto... Path>
constexpr auto of_conditions = make<conditions, Path...>;

constexpr std::array conditions_list{
    of_conditions<&conditions::started>("started", none, "when the run began, in UTC"),
    of_conditions<&conditions::finished>("finished", none, "when it ended, or this was written"),
    of_conditions<&conditions::stopped_by>(
        "stopped_by", none, "rounds, precision, budget or interrupt; empty while it is under way"),
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
    make<lap, &lap::name>("name", none, "which part of the workload"),
    make<lap, &lap::tasks>("tasks", none, "tasks in this part"),
    make<lap, &lap::wall_seconds>("wall_seconds", seconds, "time of this part on the clock"),
};

template <auto... Path>
constexpr auto of_worker = make<worker_use, Path...>;

constexpr std::array worker_list{
    of_worker<&worker_use::worker>("worker", none, "its number"),
    of_worker<&worker_use::tasks>("tasks", none, "tasks of its that left a record"),
    of_worker<&worker_use::occupied_share>("occupied_share", none,
                                           "part of the time that it had a task, if all tasks left records"),
    of_worker<&worker_use::cpu_share>("cpu_share", none, "part of the time that it was on a processor"),
    of_worker<&worker_use::wait_share>("wait_share", none, "part of the time that it waited for a processor"),
};

template <auto... Path>
constexpr auto of_trial = make<trial_figures, Path...>;

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
};

template <auto... Path>
constexpr auto of_records = make<task_table, Path...>;

using r = task_table;

constexpr std::array task_table_list{
    of_records<&r::round>("round", none, "the round they are of"),
    of_records<&r::tasks_seen>("tasks_seen", none, "tasks, those without a record included"),
    of_records<&r::call>("call", none, "which call of the workload's, from 0"),
    of_records<&r::index>("index", none, "which task of the call, from 0"),
    of_records<&r::worker>("worker", none, "the worker that ran it"),
    of_records<&r::queued>("queued", none, "when its call began, in nanoseconds since the clock started"),
    of_records<&r::started>("started", none, "when it began"),
    of_records<&r::finished>("finished", none, "when it ended"),
    of_records<&r::failed>("failed", none, "places in the columns of tasks that failed"),
    added_later(of_records<&r::waits_known>("waits_known", none, "whether waits were recorded, all of them")),
    added_later(of_records<&r::wait_task>("wait_task", none, "of each wait, the place of its task")),
    added_later(of_records<&r::wait_began>("wait_began", none, "when the task began to wait")),
    added_later(of_records<&r::wait_ended>("wait_ended", none, "when it went on")),
};

template <auto... Path>
constexpr auto of_usage = make<usage_table, Path...>;

using u = usage_table;

constexpr std::array usage_table_list{
    of_usage<&u::seconds>("seconds", seconds, "when it was sampled, since the clock started"),
    of_usage<&u::memory_bytes>("memory_bytes", bytes, "memory of all processes and commands"),
    of_usage<&u::cpu_seconds>("cpu_seconds", seconds, "processor time of all processes until then"),
};

template <auto... Path>
constexpr auto of_measurement = make<measurement, Path...>;

using m = measurement;

/// For tables: the wall times, which JSON has in `trials`.
constexpr field<measurement> wall_samples{
    .name = "wall_seconds.samples",
    .unit = seconds,
    .help = "time on the clock in each round that counts (in JSON: see trials)",
    .get = [](measurement const& from) { return json(counted(from, &trial_figures::wall_seconds)); },
    .set = [](measurement&, json const&) {},
    .extent = extent::only_tables,
};

constexpr std::array measurement_list{
    of_measurement<&m::workload>("workload", none, "what was done"),
    of_measurement<&m::model>("model", none, "single, processes, threads or async"),
    of_measurement<&m::spec>("spec", none, "the model with its numbers"),
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
    of_measurement<&m::tree_peak_method>("tree_peak_method", none,
                                         "pss counts shared pages once, pss+hwm each process at its own "
                                         "peak, rss shared pages in every process"),
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
    of_measurement<&m::failures>("failures", none, "messages of failed tasks, 10 at most"),
    of_measurement<&m::warnings>("warnings", none, "what makes its figures doubtful"),
    of_measurement<&m::laps>("laps", none, "parts of the workload that are timed by themselves"),
    only_in_json(of_measurement<&m::workers>("workers", none,
                                             "what each worker did in the trial that `records` is of")),
    only_in_json(of_measurement<&m::trials>("trials", none, "what each trial gave, warm-ups included")),
    only_in_json(of_measurement<&m::records>(
        "records", none, "the tasks' records of the trial for pictures, or of that nearest to the median")),
    only_in_json(added_later(of_measurement<&m::usage>(
        "usage", none, "what the trial for pictures used in its course; empty if there was none"))),
};

template <auto... Path>
constexpr auto of_count = make<scaling_count, Path...>;

using n = scaling_count;

constexpr std::array scaling_count_list{
    of_count<&n::count>("count", none, "how many there were"),
    of_count<&n::spec>("spec", none, "the model with its numbers"),
    of_count<&n::tasks_per_second>("tasks_per_second", none, "by the median time; 0 if it failed"),
    of_count<&n::low>("low", none, "by the upper end of the time's interval"),
    of_count<&n::high>("high", none, "by its lower end"),
    of_count<&n::fitted>("fitted", none, "what the law says"),
    of_count<&n::band_low>("band_low", none, "lower end of the law's 95 % band"),
    of_count<&n::band_high>("band_high", none, "upper end of it"),
};

template <auto... Path>
constexpr auto of_curve = make<scaling_curve, Path...>;

using c = scaling_curve;

constexpr std::array scaling_curve_list{
    of_curve<&c::workload>("workload", none, "what was done"),
    of_curve<&c::model>("model", none, "how it was run; with the number that is fixed, if there are two"),
    of_curve<&c::axis>("axis", none, "what is counted: workers, or tasks in flight"),
    of_curve<&c::counts>("counts", none, "each count"),
    of_curve<&c::best>("best", none, "the least count of those that are among the best"),
    of_curve<&c::lambda>("lambda", none, "the law's throughput of one, in tasks a second"),
    of_curve<&c::sigma>("sigma", none, "its part of the work that only one can do at a time"),
    of_curve<&c::kappa>("kappa", none, "its cost for each pair, as a part of the work"),
    of_curve<&c::deviation>("deviation", none, "of the counts from the law: 0.02 is 2 %"),
    of_curve<&c::peak>("peak", none, "the count beyond which throughput falls by the law"),
    of_curve<&c::knee>("knee", none, "the count beyond which more add little by the law"),
    of_curve<&c::no_law>("no_law", none, "why there is no law"),
};

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

std::span<field<machine> const> machine_fields() {
    return machine_list;
}
std::span<field<settings> const> settings_fields() {
    return settings_list;
}
std::span<field<conditions> const> conditions_fields() {
    return conditions_list;
}
std::span<field<lap> const> lap_fields() {
    return lap_list;
}
std::span<field<worker_use> const> worker_fields() {
    return worker_list;
}
std::span<field<trial_figures> const> trial_fields() {
    return trial_list;
}
std::span<field<task_table> const> task_table_fields() {
    return task_table_list;
}
std::span<field<usage_table> const> usage_table_fields() {
    return usage_table_list;
}
std::span<field<measurement> const> measurement_fields() {
    return measurement_list;
}
std::span<field<scaling_count> const> scaling_count_fields() {
    return scaling_count_list;
}
std::span<field<scaling_curve> const> scaling_curve_fields() {
    return scaling_curve_list;
}

}  // namespace quartet::measure
