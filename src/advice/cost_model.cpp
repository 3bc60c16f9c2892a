// src/advice/cost_model.cpp
//
// Predicts what a model will need for a piece of work: time, processor time and memory. n tasks compute for c
// and wait for w; s of them can be under way at the same time, on m processors. They go in q waves of s
// tasks:
//
//     T = start + s · f / m + (q - 1) · period + ⌈last / m⌉ · c + w      q = ⌈n / s⌉, last = n - (q - 1) · s
//
// The period is the time from the beginning of a wave to that of the next: the time of one task, c + w, or
// that of the processors, s · c / m, whichever is longer. This assumes that a task keeps its processor until
// it waits. It does not where each task has a thread and computes for longer than the kernel's time slice:
// then all tasks of a wave advance at the same pace and wait at the same time, while the processors are idle,
// so the period is s · c / m + w.
//
// A disk serves no more than d waits at the same time, so with it the period is at least s · w / d.
//
// c includes the model's own costs for a task, a wait and a result. It is divided by the speed that a
// processor has left when others compute beside it. w includes how late a task goes on after its waits. f is
// the time of the first touch of a task's memory, which the next wave uses again. T - start is at least n
// times the time to hand out one task, and at least that of the longest task.
//
// The nodes of a cluster are as one machine with all their slots and processors, to which inputs have to get
// and from which results have to come. The root's network takes them one after another, while tasks run: so a
// period is at least s times, and T - start at least n times, the time that the root needs for a task. The
// inputs of the first wave and the results of the last have nothing that runs meanwhile, and come on top.

#include "src/advice/arrangement.hpp"

#include <quartet/spec.hpp>
#include <quartet/workload/advice.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>

namespace quartet::inline v0 {
namespace {

void check(std::string_view name, double value) {
    if (!(value >= 0) || std::isinf(value))
        throw std::invalid_argument(fmt::format("{} {}: must be 0 or more", name, value));
}

void check(work_shape const& work) {
    if (work.tasks == 0) throw std::invalid_argument("tasks 0: must be 1 or more");
    if (work.waits == 0) throw std::invalid_argument("waits 0: must be 1 or more");
    check("cpu", work.cpu_seconds);
    check("wait", work.wait_seconds);
    check("longest", work.longest_seconds);
    check("input", work.input_bytes);
    check("output", work.result_bytes);
    check("memory", work.memory_bytes);
}

/// The part of its full speed that a processor has when so many compute.
double speed(double processors, machine_costs const& costs) {
    if (costs.cpus < 2) return 1;
    auto const cpus = static_cast<double>(costs.cpus);
    return 1 - (1 - costs.efficiency) * (std::min(processors, cpus) - 1) / (cpus - 1);
}

time_limit limit_of(double starting, double computing, double sending, double all, bool by_longest) {
    if (starting > all / 2) return time_limit::starting;
    if (by_longest) return time_limit::longest_task;
    if (sending > (all - starting) / 2 && sending > computing) return time_limit::sending;
    return computing > (all - starting) / 2 ? time_limit::computing : time_limit::waiting;
}

}  // namespace

std::string_view to_string(wait_kind kind) noexcept {
    switch (kind) {
        case wait_kind::network:
            return "network";
        case wait_kind::disk:
            return "disk";
        case wait_kind::sleep:
            break;
    }
    return "sleep";
}

std::size_t waits_of(work_shape const& work) noexcept {
    return work.wait_seconds > 0 || work.waits_for == wait_kind::disk ? work.waits : 0;
}

model_costs& machine_costs::of(model_kind kind) noexcept {
    return const_cast<model_costs&>(std::as_const(*this).of(kind));
}

model_costs const& machine_costs::of(model_kind kind) const noexcept {
    switch (kind) {
        case model_kind::single:
            return single;
        case model_kind::threads:
            return threads;
        case model_kind::processes:
            return processes;
        case model_kind::async:
            break;
    }
    return async;
}

bool can_predict(model_spec const& spec, machine_costs const& costs) noexcept {
    std::size_t const nodes = costs.cluster.nodes.size();
    return !spec.cluster || (nodes > 0 && spec.nodes.value_or(nodes) <= nodes);
}

prediction predict(work_shape const& work, model_spec const& spec, machine_costs const& costs) {
    check(work);
    if (!can_predict(spec, costs))
        throw std::invalid_argument(
            fmt::format("{}: these costs are not of a cluster with so many nodes", to_string(spec)));
    auto const how = spec.cluster ? detail::arrange_on_cluster(work, spec, costs)
                                  : detail::arrange(work, spec, costs, costs.cpus);
    auto const tasks = static_cast<double>(work.tasks);
    double const left = speed(how.beside, costs);
    double const cpu = (work.cpu_seconds + how.task_cpu_seconds) / left;
    double const wait = work.wait_seconds + how.late_seconds;
    // A loop's tasks that don't wait end before the next one begins.
    double const held = how.by_turns && work.wait_seconds == 0 ? how.processors : how.slots;
    double const touching = held * work.memory_bytes * costs.memory_byte_seconds / left;
    double const of_processors = how.slots * cpu / how.processors;
    bool const together = !how.by_turns && cpu > costs.slice_seconds;
    double const own_pace =
        together ? std::max(cpu, of_processors) + wait : std::max(cpu + wait, of_processors);
    double const of_disk = work.waits_for == wait_kind::disk ? how.slots * wait / costs.disk_waits : 0;
    double const of_root = how.nodes > 1 ? how.slots * how.hand_out_seconds : 0;
    double const period = std::max({own_pace, of_disk, of_root});
    double const waves = std::ceil(tasks / how.slots);
    double const last = tasks - (waves - 1) * how.slots;
    double const in_waves = touching / how.processors + how.slots * how.input_seconds + (waves - 1) * period +
                            std::ceil(last / how.processors) * cpu + wait + last * how.result_seconds;
    double const sending = tasks * how.hand_out_seconds;
    double const regular = std::max(in_waves, sending);
    double const all = how.start_seconds + std::max(regular, work.longest_seconds);
    double const computing = touching + tasks * cpu;
    return {.spec = spec,
            .seconds = all,
            .cpu_seconds = how.start_seconds + computing,
            .memory_bytes = (spec.cluster ? 0 : costs.program_bytes) + how.executor_bytes +
                            held * (work.memory_bytes + how.in_flight_bytes) + tasks * work.result_bytes,
            .processors = how.processors,
            .in_flight = how.slots,
            .nodes = how.nodes,
            .sending_seconds = spec.cluster ? sending : 0,
            .limit = limit_of(how.start_seconds, computing / how.processors, spec.cluster ? sending : 0, all,
                              regular < work.longest_seconds)};
}

}  // namespace quartet::inline v0
