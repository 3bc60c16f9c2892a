#include "src/advice/arrangement.hpp"

#include <algorithm>
#include <numeric>
#include <optional>
#include <vector>

namespace quartet::inline v0::detail {
namespace {

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
            .beside = processors,
            .by_turns = by_turns,
            .start_seconds = start_of(costs, workers),
            .task_cpu_seconds = task_of(costs, work),
            .hand_out_seconds = costs.hand_out_seconds,
            .late_seconds = late_of(costs, work),
            .executor_bytes = bytes_of(costs, workers),
            .in_flight_bytes = costs.in_flight_bytes};
}

/// The processors of all nodes, of which each by itself would have `busy`; nodes on one machine have no more
/// than that.
double processors_of(cluster_costs const& costs, std::vector<double> const& busy, double& beside) {
    double all = std::accumulate(busy.begin(), busy.end(), 0.0);
    for (auto const& machine : costs.shared) {
        double together = 0;
        double speed = 1;
        for (std::size_t const place : machine.nodes) {
            if (place >= busy.size()) continue;
            together += busy[place];
            speed = costs.nodes[place].speed;
        }
        double const has = static_cast<double>(machine.cpus) * speed;
        all -= std::max(0.0, together - has);
        beside = std::max(beside, std::min(together, has));
    }
    return all;
}

}  // namespace

arrangement arrange(work_shape const& work, model_spec const& spec, machine_costs const& costs,
                    std::size_t cpus) {
    auto const tasks = static_cast<double>(work.tasks);
    auto const& own = costs.of(spec.kind);
    constexpr std::size_t usual_in_flight = 100;
    if (spec.kind == model_kind::single) return plain(own, work, 0, 1, 1, true);
    if (spec.kind == model_kind::async) {
        double const slots = std::min(tasks, or_else(spec.count, spec.each, work.tasks, usual_in_flight));
        return plain(own, work, 0, slots, 1, true);
    }
    double const workers = or_else(spec.count, spec.each, work.tasks, cpus);
    double const busy = std::min(workers, tasks);
    bool const locked = costs.global_lock && spec.kind == model_kind::threads;
    auto made =
        plain(own, work, workers, busy, locked ? 1 : std::min(busy, static_cast<double>(cpus)), false);
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

arrangement arrange_on_cluster(work_shape const& work, model_spec const& spec, machine_costs const& costs) {
    auto const& over = costs.cluster;
    std::size_t const nodes = spec.nodes.value_or(over.nodes.size());
    auto const there = spec.on_each_node();
    auto made = arrange(work, there, costs, over.nodes.front().cpus);
    double const of_root = made.slots;
    double count = made.processors;
    std::vector<double> busy{made.processors * over.nodes.front().speed};
    for (std::size_t place = 1; place < nodes; ++place) {
        auto const each = arrange(work, there, costs, over.nodes[place].cpus);
        made.slots += each.slots;
        made.executor_bytes += each.executor_bytes;
        made.start_seconds = std::max(made.start_seconds, each.start_seconds);  // at the same time
        count += each.processors;
        busy.push_back(each.processors * over.nodes[place].speed);
    }
    double const elsewhere = 1 - of_root / made.slots;
    double const all = processors_of(over, busy, made.beside);
    auto const tasks = static_cast<double>(work.tasks);
    made.slots = std::min(made.slots, tasks);
    made.processors = all * std::min(1.0, tasks / count);
    made.nodes = nodes;
    made.start_seconds += over.start_seconds + 2 * over.latency_seconds +
                          static_cast<double>(nodes > 2 ? nodes - 2 : 0) * over.node_seconds;
    made.task_cpu_seconds += over.root_task_seconds + over.node_task_seconds +
                             elsewhere * (work.input_bytes + work.result_bytes) * over.crossing_byte_seconds;
    made.input_seconds = elsewhere * work.input_bytes * over.input_byte_seconds;
    made.result_seconds = elsewhere * work.result_bytes * over.result_byte_seconds;
    made.hand_out_seconds = over.hand_out_seconds + made.input_seconds + made.result_seconds;
    made.executor_bytes += static_cast<double>(nodes) * over.node_bytes;
    return made;
}

}  // namespace quartet::inline v0::detail
