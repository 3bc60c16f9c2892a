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

#include <quartet/cpus.hpp>
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
    check("output", work.result_bytes);
    check("memory", work.memory_bytes);
}

/// How many tasks a model runs at a time, and what it costs.
struct arrangement {
    double slots;       // tasks that can be under way, s above
    double processors;  // that can compute at the same time, m above
    bool by_turns;      // each task keeps its processor until it waits
    double start_seconds;
    double task_cpu_seconds;
    double hand_out_seconds;
    double late_seconds;    // of all waits of a task
    double executor_bytes;  // its workers included
    double in_flight_bytes;
};

double or_else(std::optional<std::size_t> number, bool each, std::size_t tasks, std::size_t usual) {
    return static_cast<double>(std::max<std::size_t>(1, each ? tasks : number.value_or(usual)));
}

double start_of(model_costs const& costs, double workers) {
    return costs.start_seconds + workers * costs.worker_seconds;
}

double bytes_of(model_costs const& costs, double workers) {
    return costs.start_bytes + workers * costs.worker_bytes;
}

double each_wait(model_costs const& costs, wait_kind kind) {
    switch (kind) {
        case wait_kind::network:
            return costs.network_wait_seconds;
        case wait_kind::disk:
            return costs.disk_wait_seconds;
        case wait_kind::sleep:
            break;
    }
    return costs.sleep_seconds;
}

double task_of(model_costs const& costs, work_shape const& work) {
    return costs.task_seconds + static_cast<double>(waits_of(work)) * each_wait(costs, work.waits_for) +
           work.result_bytes * costs.result_byte_seconds;
}

/// How late a task goes on after its waits, all together.
double late_of(model_costs const& costs, work_shape const& work) {
    return work.wait_seconds > 0 ? static_cast<double>(work.waits) * costs.late_seconds : 0;
}

/// The arrangement of a model without loops in its workers.
arrangement plain(model_costs const& costs, work_shape const& work, double workers, double slots,
                  double processors, bool by_turns) {
    return {.slots = slots,
            .processors = processors,
            .by_turns = by_turns,
            .start_seconds = start_of(costs, workers),
            .task_cpu_seconds = task_of(costs, work),
            .hand_out_seconds = costs.hand_out_seconds,
            .late_seconds = late_of(costs, work),
            .executor_bytes = bytes_of(costs, workers),
            .in_flight_bytes = costs.in_flight_bytes};
}

arrangement arrange(work_shape const& work, model_spec const& spec, machine_costs const& costs) {
    auto const tasks = static_cast<double>(work.tasks);
    auto const cpus = static_cast<double>(costs.cpus);
    auto const& own = costs.of(spec.kind);
    constexpr std::size_t usual_in_flight = 100;
    if (spec.kind == model_kind::single) return plain(own, work, 0, 1, 1, true);
    if (spec.kind == model_kind::async) {
        double const slots = std::min(tasks, or_else(spec.count, spec.each, work.tasks, usual_in_flight));
        return plain(own, work, 0, slots, 1, true);
    }
    double const workers = or_else(spec.count, spec.each, work.tasks, costs.cpus);
    double const busy = std::min(workers, tasks);
    bool const locked = costs.global_lock && spec.kind == model_kind::threads;
    auto made = plain(own, work, workers, busy, locked ? 1 : std::min(busy, cpus), false);
    if (!spec.loops) return made;
    auto const& loop = costs.async;
    double const in_flight = or_else(spec.in_flight, spec.all_in_flight, work.tasks, usual_in_flight);
    made.slots = std::min(tasks, workers * in_flight);
    made.start_seconds += loop.start_seconds;  // the workers start theirs at the same time
    made.by_turns = true;
    // The loop makes the result, and the worker passes it to the parent; both figures have the making in
    // them.
    double const bringing = std::max(0.0, own.result_byte_seconds - loop.result_byte_seconds);
    made.task_cpu_seconds = own.task_seconds + work.result_bytes * bringing + task_of(loop, work);
    made.late_seconds = late_of(loop, work);
    made.executor_bytes += workers * loop.start_bytes;
    made.in_flight_bytes = loop.in_flight_bytes;
    return made;
}

/// The part of its full speed that a processor has when so many compute.
double speed(double processors, machine_costs const& costs) {
    if (costs.cpus < 2) return 1;
    return 1 - (1 - costs.efficiency) * (processors - 1) / static_cast<double>(costs.cpus - 1);
}

time_limit limit_of(double starting, double computing, double all, bool by_longest) {
    if (starting > all / 2) return time_limit::starting;
    if (by_longest) return time_limit::longest_task;
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

prediction predict(work_shape const& work, model_spec const& spec, machine_costs const& costs) {
    check(work);
    auto const how = arrange(work, spec, costs);
    auto const tasks = static_cast<double>(work.tasks);
    double const left = speed(how.processors, costs);
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
    double const period = std::max(own_pace, of_disk);
    double const waves = std::ceil(tasks / how.slots);
    double const last = tasks - (waves - 1) * how.slots;
    double const in_waves =
        touching / how.processors + (waves - 1) * period + std::ceil(last / how.processors) * cpu + wait;
    double const regular = std::max(in_waves, tasks * how.hand_out_seconds);
    double const all = how.start_seconds + std::max(regular, work.longest_seconds);
    double const computing = touching + tasks * cpu;
    return {.spec = spec,
            .seconds = all,
            .cpu_seconds = how.start_seconds + computing,
            .memory_bytes = costs.program_bytes + how.executor_bytes +
                            held * (work.memory_bytes + how.in_flight_bytes) + tasks * work.result_bytes,
            .processors = how.processors,
            .in_flight = how.slots,
            .limit =
                limit_of(how.start_seconds, computing / how.processors, all, regular < work.longest_seconds)};
}

}  // namespace quartet::inline v0
