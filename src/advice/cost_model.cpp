// src/advice/cost_model.cpp
//
// What a model will need for a piece of work. n tasks compute for c and wait for w; s of them can be under
// way, on m processors:
//
//     T = start + (waves - 1) · period + ⌈last / m⌉ · c + w        waves = ⌈n / s⌉, last = n - (waves - 1) ·
//     s
//
// The period is the time from a wave's begin to the next one's: that of one task, c + w, or that of the
// processors, s · c / m, whichever is longer. That takes each task to keep its processor until it waits.
// Where each task has a thread and computes for longer than the kernel's slice, all of a wave get on at the
// same pace, begin to wait together and leave the processors idle then: the period is s · c / m + w.
//
// Of waits for a disk d get on at the same time; then the period is s · w / d at least.
//
// c is what the task computes and what the model asks for a task, a wait and a result, divided by what is
// left of a processor's speed when others compute beside it.

#include <quartet/advice.hpp>
#include <quartet/cpus.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>

namespace quartet {
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

/// How a model takes a piece of work.
struct arrangement {
    double slots;       // tasks that can be under way
    double processors;  // that can be at work
    bool by_turns;      // tasks keep their processor until they wait
    double start_seconds;
    double task_cpu_seconds;
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
    double const waits = work.wait_seconds > 0 ? static_cast<double>(work.waits) : 0;
    return costs.task_seconds + waits * each_wait(costs, work.waits_for) +
           work.result_bytes * costs.result_byte_seconds;
}

arrangement arrange(work_shape const& work, model_spec const& spec, machine_costs const& costs) {
    auto const tasks = static_cast<double>(work.tasks);
    auto const cpus = static_cast<double>(costs.cpus);
    auto const& own = costs.of(spec.kind);
    constexpr std::size_t usual_in_flight = 100;
    if (spec.kind == model_kind::single)
        return {1, 1, true, own.start_seconds, task_of(own, work), own.start_bytes, own.in_flight_bytes};
    if (spec.kind == model_kind::async) {
        double const slots = std::min(tasks, or_else(spec.count, spec.each, work.tasks, usual_in_flight));
        return {slots, 1, true, own.start_seconds, task_of(own, work), own.start_bytes, own.in_flight_bytes};
    }
    double const workers = or_else(spec.count, spec.each, work.tasks, costs.cpus);
    double const busy = std::min(workers, tasks);
    bool const locked = costs.global_lock && spec.kind == model_kind::threads;
    double const processors = locked ? 1 : std::min(busy, cpus);
    double const task = task_of(own, work);
    if (!spec.loops)
        return {busy,
                processors,
                false,
                start_of(own, workers),
                task,
                bytes_of(own, workers),
                own.in_flight_bytes};
    auto const& loop = costs.async;
    double const in_flight = or_else(spec.in_flight, spec.all_in_flight, work.tasks, usual_in_flight);
    return {.slots = std::min(tasks, workers * in_flight),
            .processors = processors,
            .by_turns = true,
            .start_seconds = start_of(own, workers),
            .task_cpu_seconds =
                own.task_seconds + work.result_bytes * own.result_byte_seconds + task_of(loop, work),
            .executor_bytes = bytes_of(own, workers) + workers * loop.start_bytes,
            .in_flight_bytes = loop.in_flight_bytes};
}

/// What is left of a processor's speed when so many compute.
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
    double const cpu = (work.cpu_seconds + how.task_cpu_seconds) / speed(how.processors, costs);
    double const wait = work.wait_seconds;
    double const of_processors = how.slots * cpu / how.processors;
    bool const together = !how.by_turns && cpu > costs.slice_seconds;
    double const own_pace =
        together ? std::max(cpu, of_processors) + wait : std::max(cpu + wait, of_processors);
    double const of_disk = work.waits_for == wait_kind::disk ? how.slots * wait / costs.disk_waits : 0;
    double const period = std::max(own_pace, of_disk);
    double const waves = std::ceil(tasks / how.slots);
    double const last = tasks - (waves - 1) * how.slots;
    double const regular = (waves - 1) * period + std::ceil(last / how.processors) * cpu + wait;
    double const all = how.start_seconds + std::max(regular, work.longest_seconds);
    return {.spec = spec,
            .seconds = all,
            .cpu_seconds = how.start_seconds + tasks * cpu,
            .memory_bytes = costs.program_bytes + how.executor_bytes +
                            how.slots * (work.memory_bytes + how.in_flight_bytes) + tasks * work.result_bytes,
            .processors = how.processors,
            .in_flight = how.slots,
            .limit = limit_of(how.start_seconds, tasks * cpu / how.processors, all,
                              regular < work.longest_seconds)};
}

}  // namespace quartet
