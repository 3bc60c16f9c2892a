// measure/fields.cpp

#include "measure/fields.hpp"

#include "measure/records.hpp"

#include <array>

namespace quartet::measure {
namespace {

json to_json_value(std::vector<lap> const& laps) {
    json array = json::array();
    for (lap const& each : laps)
        array.push_back(to_object(each, lap_fields()));
    return array;
}

template <class Value>
json to_json_value(std::optional<Value> const& value) {
    return value ? json(*value) : json(nullptr);
}

template <class Value>
json to_json_value(Value const& value) {
    return value;
}

void from_json_value(std::vector<lap>& laps, json const& array) {
    laps.clear();
    for (json const& each : array)
        laps.push_back(from_object<lap>(each, lap_fields()));
}

template <class Value>
void from_json_value(std::optional<Value>& value, json const& from) {
    value = from.is_null() ? std::nullopt : std::optional<Value>(from.get<Value>());
}

template <class Value>
void from_json_value(Value& value, json const& from) {
    from.get_to(value);
}

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

using enum unit;

constexpr std::array machine_list{
    make<machine, &machine::cpu_model>("cpu_model", none, "the processor, as it names itself"),
    make<machine, &machine::usable_cpus>("usable_cpus", none, "processors this process may use"),
    make<machine, &machine::kernel>("kernel", none, "system and release"),
    make<machine, &machine::memory_bytes>("memory_bytes", bytes, "physical memory"),
    make<machine, &machine::build_type>("build_type", none, "how quartet was compiled"),
    make<machine, &machine::compiler>("compiler", none, "what quartet was compiled with"),
};

constexpr std::array settings_list{
    make<settings, &settings::preset>("preset", none, "the set of parameters that was started from"),
    make<settings, &settings::rounds>("rounds", none, "how often each configuration was measured"),
    make<settings, &settings::seed>("seed", none, "of the order in which the configurations were run"),
    make<settings, &settings::parameters>("parameters", none, "every parameter with its value"),
};

constexpr std::array lap_list{
    make<lap, &lap::name>("name", none, "which part of the workload"),
    make<lap, &lap::tasks>("tasks", none, "tasks in this part"),
    make<lap, &lap::wall_seconds>("wall_seconds", seconds, "time of this part on the clock"),
};

template <auto... Path>
constexpr auto of_measurement = make<measurement, Path...>;

using m = measurement;

constexpr std::array measurement_list{
    of_measurement<&m::workload>("workload", none, "what was done"),
    of_measurement<&m::model>("model", none, "single, processes, threads or async"),
    of_measurement<&m::spec>("spec", none, "the model with its numbers"),
    of_measurement<&m::tasks>("tasks", none, "tasks that were run"),
    of_measurement<&m::failed>("failed", none, "tasks that failed"),
    of_measurement<&m::checksum>("checksum", none, "of the answer; equal under all models"),
    of_measurement<&m::wall_seconds, &sampled::median>("wall_seconds.median", seconds,
                                                       "time on the clock, median of the rounds"),
    of_measurement<&m::wall_seconds, &sampled::samples>("wall_seconds.samples", seconds,
                                                        "time on the clock in each round"),
    of_measurement<&m::cpu_user_seconds>("cpu_user_seconds", seconds,
                                         "processor time of all processes in their own code"),
    of_measurement<&m::cpu_system_seconds>("cpu_system_seconds", seconds,
                                           "processor time of all processes in the kernel"),
    of_measurement<&m::heap_current_bytes>("heap_current_bytes", bytes,
                                           "allocated by all processes at the end"),
    of_measurement<&m::heap_peak_bytes>("heap_peak_bytes", bytes, "allocated by all processes at most"),
    of_measurement<&m::tree_peak_bytes>("tree_peak_bytes", bytes,
                                        "memory of all processes and commands at most"),
    of_measurement<&m::tree_peak_method>("tree_peak_method", none,
                                         "pss counts shared pages once, pss+hwm each process at its own "
                                         "peak, rss shared pages in every process"),
    of_measurement<&m::context_switches>("context_switches", none,
                                         "of all processes, voluntary and involuntary"),
    of_measurement<&m::verification>("verification", none, "what was wrong with the end state"),
    of_measurement<&m::failures>("failures", none, "messages of failed tasks, 10 at most"),
    of_measurement<&m::laps>("laps", none, "parts of the workload that are timed by themselves"),
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
std::span<field<lap> const> lap_fields() {
    return lap_list;
}
std::span<field<measurement> const> measurement_fields() {
    return measurement_list;
}

}  // namespace quartet::measure
