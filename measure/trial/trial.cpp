// measure/trial/trial.cpp
//
// The order: prepare; the clock starts; the executor is made; the workload runs; the clock stops; the heap is
// read while all workers live; then the workers end; the processor time of the whole tree is read, which the
// kernel tells only for processes that have ended; at last the end state is checked.

#include "measure/trial/trial.hpp"

#include "measure/heap/heap_trace.hpp"
#include "measure/probes/usage.hpp"
#include "measure/probes/worker_use.hpp"
#include "measure/results/plain_text.hpp"
#include "measure/trial/node_probe.hpp"
#include "measure/trial/synthetic.hpp"
#include "src/executor/cluster.hpp"

#include <quartet/detail/call/describe_failure.hpp>
#include <quartet/task_recorder.hpp>
#include <quartet/workload/registry.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <unistd.h>

namespace quartet::measure {

namespace {

using clock = std::chrono::steady_clock;

workload const& workload_of(trial_request const& request) {
    auto const& synthetic = synthetic_workload();
    return request.workload == synthetic.name ? synthetic : find_workload(request.workload);
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

thread_times times_of_this_thread() {
    return times_of_thread(::getpid(), ::gettid()).value_or(thread_times{});
}

/// Clock, usage, heap and records of the stretch that counts.
class meter {
public:
    meter(bool trace_heap, bool on_cluster, task_recorder const& recorder)
        : trace_heap_(trace_heap && heap_trace::available()), on_cluster_(on_cluster), recorder_(recorder) {
        if (on_cluster_) detail::measure_nodes();
    }

    void start() {
        if (trace_heap_) heap_trace::start();
        static_cast<void>(detail::take_measured_nodes());
        mpi_start_ = detail::mpi_processor_time();
        usage_start_ = usage_of_this_tree();
        thread_start_ = times_of_this_thread();
        wall_start_ = clock::now();
    }

    /// The workload has run; its workers live.
    void stop_clock(trial_result& result) {
        auto const end = clock::now();
        result.figures.wall_seconds = std::chrono::duration<double>(end - wall_start_).count();
        take_heap(result);
        auto const records = recorder_.records();
        worker_numbers const numbers(recorder_, records);
        result.records = table_of(records, recorder_.tasks_seen(), wall_start_, numbers);
        result.workers = use_of_workers(recorder_, thread_start_, wall_start_, end, numbers);
        result.recording_seconds = std::chrono::duration<double>(task_recorder::cost_per_record()).count() *
                                   static_cast<double>(records.size());
    }

    /// The workers have ended.
    void stop_usage(trial_result& result) const {
        usage const used = usage_of_this_tree() - usage_start_;
        auto const count = [](std::int64_t number) { return static_cast<std::uint64_t>(number); };
        result.figures.cpu_user_seconds = used.cpu_user_seconds;
        result.figures.cpu_system_seconds = used.cpu_system_seconds;
        result.figures.voluntary_switches = count(used.voluntary_switches);
        result.figures.involuntary_switches = count(used.involuntary_switches);
        result.figures.minor_faults = count(used.minor_faults);
        result.figures.major_faults = count(used.major_faults);
        result.figures.read_bytes = count(used.read_bytes);
        result.figures.written_bytes = count(used.written_bytes);
        if (on_cluster_) add_nodes(result, used);
    }

private:
    /// What the nodes have told when their workers ended.
    void add_nodes(trial_result& result, usage const& own) const {
        auto const nodes = detail::take_measured_nodes();
        auto const mpi = detail::mpi_processor_time() - mpi_start_;
        auto& figures = result.figures;
        figures.nodes = figures_of(nodes, own.cpu_user_seconds, own.cpu_system_seconds, mpi);
        figures.cpu_user_seconds = figures.cpu_system_seconds = 0;
        for (auto const& each : figures.nodes) {
            figures.cpu_user_seconds += each.cpu_user_seconds.value_or(0);
            figures.cpu_system_seconds += each.cpu_system_seconds.value_or(0);
        }
        result.beside_cpu_seconds = cpu_seconds_beside(nodes, mpi);
    }

    void take_heap(trial_result& result) const {
        if (!trace_heap_) return;
        auto const heap = heap_trace::read();
        heap_trace::stop();
        if (!heap) return;
        result.heap_current_bytes = heap->current_bytes;
        result.heap_peak_bytes = heap->peak_bytes;
        result.tracing_seconds = std::chrono::duration<double>(heap_trace::cost_of(*heap)).count();
    }

    bool trace_heap_;
    bool on_cluster_;
    task_recorder const& recorder_;
    usage usage_start_{};
    std::chrono::nanoseconds mpi_start_{};
    thread_times thread_start_{};
    clock::time_point wall_start_{};
};

void fill(trial_result& result, workload_run::report const& report) {
    result.tasks = report.tasks;
    result.failed = report.failed;
    result.failures.clear();
    for (auto const& each : report.failures)
        result.failures.push_back(shortened(each, most_text_kept));
    result.checksum = fmt::format("{:016x}", report.checksum);
    result.verification = shortened(report.verification, most_text_kept);
    result.digests = report.digests;
    result.laps.clear();
    for (auto const& each : report.laps)
        result.laps.push_back({each.name, each.tasks, std::chrono::duration<double>(each.wall).count()});
}

void measure_run(workload const& what, workload_run& run, meter& figures, trial_hooks const& hooks,
                 trial_result& result) {
    if (what.prepare) what.prepare(run);
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

recording kept_by(trial_request const& request) noexcept {
    return request.for_pictures ? recording::everything : recording::sparing;
}

}  // namespace

std::size_t recording_bytes(trial_request const& request) noexcept {
    return task_recorder::bytes(task_recorder::usual_capacity, kept_by(request));
}

trial_result run_trial(trial_request const& request, log_handler log, trial_hooks const& hooks) {
    trial_result result;
    try {
        workload const& what = workload_of(request);
        // Before the workers, which find its memory where it is.
        task_recorder recorder(task_recorder::usual_capacity, kept_by(request));
        auto setting = make_setting(what, request, std::move(log));
        setting.recorder = &recorder;
        setting.order = request.order;
        setting.keep_digests = request.keep_digests;
        workload_run run(std::move(setting));
        meter figures(request.trace_heap, run.model().cluster, recorder);
        measure_run(what, run, figures, hooks, result);
        fill(result, run.take_report());
    } catch (...) {
        result.error = shortened(detail::describe_current_exception(0, {}).message, most_text_kept);
    }
    return result;
}

}  // namespace quartet::measure
