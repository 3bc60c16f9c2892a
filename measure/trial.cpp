// measure/trial.cpp
//
// The order of things: prepare, then the clock starts, the executor is made, the workload runs, the clock
// stops, the heap is read while all workers live, and only then the workers end; so the processor time of
// the whole tree is known, for it is known of ended processes only. Checking the end state comes last.

#include "measure/trial.hpp"

#include "measure/heap_trace.hpp"

#include <quartet/workload.hpp>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <stdexcept>

namespace quartet::measure {

// These macros make to_json and from_json for the library.
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(trial_request, workload, spec, parameters, scratch, server_url, trace_heap,
                                   log)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(lap, name, tasks, wall_seconds)

namespace {

using clock = std::chrono::steady_clock;

std::optional<std::uint64_t> optional_at(nlohmann::json const& object, char const* name) {
    nlohmann::json const& value = object.at(name);
    return value.is_null() ? std::nullopt : std::optional(value.get<std::uint64_t>());
}

nlohmann::json or_null(std::optional<std::uint64_t> const& value) {
    return value ? nlohmann::json(*value) : nlohmann::json(nullptr);
}

template <class Result>
Result parse(std::string_view text, Result (*convert)(nlohmann::json const&)) {
    try {
        return convert(nlohmann::json::parse(text));
    } catch (nlohmann::json::exception const& wrong) {
        throw std::invalid_argument(wrong.what());
    }
}

workload const& find_workload(std::string const& name) {
    auto const& all = registered_workloads();
    auto const found = std::ranges::find(all, name, &workload::name);
    if (found == all.end())
        throw std::invalid_argument(fmt::format("this program has no workload '{}'", name));
    return *found;
}

workload_run::setting make_setting(workload const& what, trial_request const& request, log_handler log) {
    workload_run::setting setting{.model = parse_spec(request.spec),
                                  .scratch = request.scratch,
                                  .server_url = request.server_url,
                                  .log = std::move(log)};
    for (auto const& [name, value] : request.parameters)
        set_value(setting.parameters, what.parameters, what.name, name, value);
    return setting;
}

/// Clock, usage and heap of the stretch that counts.
class meter {
public:
    explicit meter(bool trace_heap) : trace_heap_(trace_heap && heap_trace::available()) {}

    void start() {
        if (trace_heap_) heap_trace::start();
        usage_start_ = usage_of_this_tree();
        wall_start_ = clock::now();
    }

    /// The workload has run; its workers live.
    void stop_clock(trial_result& result) {
        result.wall_seconds = std::chrono::duration<double>(clock::now() - wall_start_).count();
        if (!trace_heap_) return;
        auto const heap = heap_trace::read();
        heap_trace::stop();
        if (!heap) return;
        result.heap_current_bytes = heap->current_bytes;
        result.heap_peak_bytes = heap->peak_bytes;
        result.tracing_seconds = std::chrono::duration<double>(heap_trace::cost_of(*heap)).count();
    }

    /// The workers have ended.
    void stop_usage(trial_result& result) const {
        usage const used = usage_of_this_tree() - usage_start_;
        result.cpu_user_seconds = used.cpu_user_seconds;
        result.cpu_system_seconds = used.cpu_system_seconds;
        result.context_switches = static_cast<std::uint64_t>(used.context_switches);
    }

private:
    bool trace_heap_;
    usage usage_start_{};
    clock::time_point wall_start_{};
};

void fill(trial_result& result, workload_run::report const& report) {
    result.tasks = report.tasks;
    result.failed = report.failed;
    result.failures = report.failures;
    result.checksum = fmt::format("{:016x}", report.checksum);
    result.verification = report.verification;
    result.laps.clear();
    for (auto const& each : report.laps)
        result.laps.push_back({each.name, each.tasks, std::chrono::duration<double>(each.wall).count()});
}

void measure_run(workload const& what, workload_run& run, bool trace_heap, trial_hooks const& hooks,
                 trial_result& result) {
    if (what.prepare) what.prepare(run);
    meter figures(trace_heap);
    auto const start = [&] {
        hooks.at_start();
        figures.start();
    };
    run.on_start_clock(start);
    start();
    what.run(run);
    figures.stop_clock(result);
    hooks.at_end();
    run.end_executor();
    figures.stop_usage(result);
    if (what.verify) what.verify(run);
}

}  // namespace

trial_result run_trial(trial_request const& request, log_handler log, trial_hooks const& hooks) {
    trial_result result;
    try {
        workload const& what = find_workload(request.workload);
        workload_run run(make_setting(what, request, std::move(log)));
        measure_run(what, run, request.trace_heap, hooks, result);
        fill(result, run.take_report());
    } catch (std::exception const& thrown) {
        result.error = thrown.what();
    } catch (...) {
        result.error = "an exception that is not a std::exception";
    }
    return result;
}

std::string to_json(trial_request const& request) {
    return nlohmann::json(request).dump();
}

std::string to_json(trial_result const& result) {
    nlohmann::json const object{
        {"error", result.error},
        {"tasks", result.tasks},
        {"failed", result.failed},
        {"failures", result.failures},
        {"checksum", result.checksum},
        {"verification", result.verification},
        {"laps", result.laps},
        {"wall_seconds", result.wall_seconds},
        {"cpu_user_seconds", result.cpu_user_seconds},
        {"cpu_system_seconds", result.cpu_system_seconds},
        {"context_switches", result.context_switches},
        {"heap_current_bytes", or_null(result.heap_current_bytes)},
        {"heap_peak_bytes", or_null(result.heap_peak_bytes)},
        {"tracing_seconds", result.tracing_seconds},
    };
    return object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

trial_request trial_request_from_json(std::string_view text) {
    return parse<trial_request>(text,
                                [](nlohmann::json const& object) { return object.get<trial_request>(); });
}

trial_result trial_result_from_json(std::string_view text) {
    return parse<trial_result>(text, [](nlohmann::json const& object) {
        trial_result result;
        object.at("error").get_to(result.error);
        object.at("tasks").get_to(result.tasks);
        object.at("failed").get_to(result.failed);
        object.at("failures").get_to(result.failures);
        object.at("checksum").get_to(result.checksum);
        object.at("verification").get_to(result.verification);
        object.at("laps").get_to(result.laps);
        object.at("wall_seconds").get_to(result.wall_seconds);
        object.at("cpu_user_seconds").get_to(result.cpu_user_seconds);
        object.at("cpu_system_seconds").get_to(result.cpu_system_seconds);
        object.at("context_switches").get_to(result.context_switches);
        result.heap_current_bytes = optional_at(object, "heap_current_bytes");
        result.heap_peak_bytes = optional_at(object, "heap_peak_bytes");
        object.at("tracing_seconds").get_to(result.tracing_seconds);
        return result;
    });
}

}  // namespace quartet::measure
