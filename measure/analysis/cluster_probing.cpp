// measure/analysis/cluster_probing.cpp
//
// All is measured in one session, as the costs of a machine are (machine_costs.cpp): each is the difference
// of a cluster with threads on its nodes and the same threads here.
//
//   start     one empty task, with one thread: to reach the nodes, and to open an executor on each
//   of two    the same on two nodes: what each further one takes
//   tasks     many empty tasks with a thread for each processor: the time from one to the next, and the
//             processor time of the root's machine and of the others, with what talks MPI there
//   results   few tasks with large results, of which each node has its part: the processor time of a byte
//   held      a task on each thread that sleeps until memory has been sampled: the memory of a node
//
// Latency and bandwidth are those of bare messages. The bandwidth is that of the quickest way, since the
// root's own network is in all of them.

#include "measure/analysis/cluster_probing.hpp"

#include "measure/analysis/cost_questions.hpp"

#include <quartet/cpus.hpp>

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

namespace quartet::measure {
namespace {

constexpr std::int64_t empty_tasks = 20'000;
constexpr std::int64_t tasks_with_results = 300;
constexpr std::int64_t bytes_of_each = 100'000;
constexpr double long_enough = 0.05;  // in which memory is sampled several times

model_spec threads_here(std::size_t count) {
    return {.kind = model_kind::threads, .count = count};
}

model_spec threads_there(std::optional<std::size_t> count, std::optional<std::size_t> nodes = {}) {
    return {.kind = model_kind::threads, .count = count, .cluster = true, .nodes = nodes};
}

void ask_cluster(cost_questions& all, std::size_t nodes) {
    parameter_values const one{{"tasks", std::int64_t{1}}};
    parameter_values const many{{"tasks", empty_tasks}};
    parameter_values const large{{"tasks", tasks_with_results}, {"result", bytes_of_each}};
    all.ask("start here", threads_here(1), one);
    all.ask("start", threads_there(1), one);
    all.ask("start of two", threads_there(1, 2), one);
    all.ask("tasks here", threads_here(usable_cpus()), many);
    all.ask("tasks", threads_there({}), many);
    all.ask("results here", threads_here(1), large);
    all.ask("results", threads_there(1), large);
    all.ask("held", threads_there(1), {{"tasks", static_cast<std::int64_t>(nodes)}, {"wait", long_enough}});
}

double cpu_of(node_figures const& node) {
    return node.cpu_user_seconds.value_or(0) + node.cpu_system_seconds.value_or(0) +
           node.mpi_cpu_seconds.value_or(0);
}

double cpu_of_others(cost_figures const& of) {
    double sum = 0;
    for (std::size_t place = 1; place < of.nodes.size(); ++place)
        sum += cpu_of(of.nodes[place]);
    return sum;
}

double cpu_of_all(cost_figures const& of) {
    return of.nodes.empty() ? of.cpu_seconds : cpu_of(of.nodes.front()) + cpu_of_others(of);
}

/// The median, which one node that is slow or far away does not move.
double typical_latency(std::vector<measured_way> ways) {
    auto const middle = ways.begin() + static_cast<std::ptrdiff_t>(ways.size() / 2);
    std::ranges::nth_element(ways, middle, {}, &measured_way::latency_seconds);
    return middle->latency_seconds;
}

void take_ways(cluster_costs& made, std::vector<measured_way> const& ways) {
    if (ways.empty()) return;
    made.latency_seconds = typical_latency(ways);
    made.input_byte_seconds =
        1 / std::ranges::max(ways, {}, &measured_way::bytes_per_second_there).bytes_per_second_there;
    made.result_byte_seconds =
        1 / std::ranges::max(ways, {}, &measured_way::bytes_per_second_back).bytes_per_second_back;
}

void take_starts(cluster_costs& made, cost_questions const& all) {
    double const of_two = all.answer("start of two").seconds;
    if (made.nodes.size() > 2)
        made.node_seconds = at_least_nothing(all.answer("start").seconds - of_two) /
                            static_cast<double>(made.nodes.size() - 2);
    made.start_seconds =
        at_least_nothing(of_two - all.answer("start here").seconds - 2 * made.latency_seconds);
}

void take_tasks(cluster_costs& made, cost_questions const& all, double here_task_seconds) {
    auto const start = all.answer("start");
    auto const tasks = all.answer("tasks");
    made.hand_out_seconds = at_least_nothing(tasks.seconds - start.seconds) / empty_tasks;
    double const others = at_least_nothing(cpu_of_others(tasks) - cpu_of_others(start)) / empty_tasks;
    double const together = at_least_nothing(cpu_of_all(tasks) - cpu_of_all(start)) / empty_tasks;
    made.node_task_seconds = others;
    made.root_task_seconds = at_least_nothing(together - others - here_task_seconds);
}

/// Beside what a result takes on one machine.
void take_bytes(cluster_costs& made, cost_questions const& all) {
    double const here = all.answer("results here").cpu_seconds - all.answer("start here").cpu_seconds;
    double const there = cpu_of_all(all.answer("results")) - cpu_of_all(all.answer("start"));
    double const more = at_least_nothing(there - here) -
                        tasks_with_results * (made.root_task_seconds + made.node_task_seconds);
    auto const nodes = static_cast<double>(made.nodes.size());
    double const crossed = tasks_with_results * bytes_of_each * (nodes - 1) / nodes;
    made.crossing_byte_seconds = at_least_nothing(more) / crossed;
}

void take_memory(cluster_costs& made, cost_questions const& all, machine_costs const& here) {
    auto const held = all.answer("held");
    double sum = held.memory_bytes;
    for (auto const& each : held.nodes)
        sum += static_cast<double>(each.mpi_bytes.value_or(0));
    made.node_bytes = at_least_nothing(sum / static_cast<double>(made.nodes.size()) -
                                       here.threads.start_bytes - here.threads.worker_bytes);
}

}  // namespace

std::vector<cluster_node> nodes_of(std::vector<surveyed_node> const& surveyed) {
    std::vector<cluster_node> made;
    auto const& root = surveyed.front();
    for (auto const& each : surveyed) {
        bool const asked = each.steps > 0 && root.steps > 0;
        // Nodes on one machine have its processors, and disturb each other when they are asked together.
        bool const same = each.kernel == root.kernel;
        made.push_back(
            {.name = each.name,
             .cpus = std::max<std::size_t>(1, each.processors),
             .speed = asked && !same ? static_cast<double>(each.steps) / static_cast<double>(root.steps) : 1,
             .memory_bytes = static_cast<double>(each.memory)});
    }
    return made;
}

std::vector<shared_processors> shared_among(std::vector<surveyed_node> const& surveyed) {
    std::map<std::string, std::vector<std::size_t>> by_kernel;
    for (std::size_t place = 0; place < surveyed.size(); ++place) {
        if (!surveyed[place].kernel.empty()) by_kernel[surveyed[place].kernel].push_back(place);
    }
    std::vector<shared_processors> made;
    for (auto const& [kernel, places] : by_kernel) {
        if (places.size() < 2) continue;
        std::set<std::uint64_t> numbers;
        std::size_t sum = 0;
        for (std::size_t const place : places) {
            numbers.insert(surveyed[place].numbers.begin(), surveyed[place].numbers.end());
            sum += surveyed[place].processors;
        }
        if (numbers.size() < sum)
            made.push_back({.nodes = places, .cpus = std::max<std::size_t>(1, numbers.size())});
    }
    return made;
}

measured_cluster measure_cluster(std::vector<surveyed_node> const& surveyed,
                                 std::vector<measured_way> const& ways, machine_costs const& here,
                                 session_options options, session_observer& observer) {
    auto made = usual_cluster(nodes_of(surveyed));
    made.shared = shared_among(surveyed);
    cost_questions all;
    ask_cluster(all, made.nodes.size());
    options.stopping = {.rounds = 5};
    options.warmup = 1;
    all.measure(options, observer);
    take_ways(made, ways);
    take_starts(made, all);
    take_tasks(made, all,
               at_least_nothing(all.answer("tasks here").cpu_seconds - all.answer("start here").cpu_seconds) /
                   empty_tasks);
    take_bytes(made, all);
    take_memory(made, all, here);
    return {made, all.disturbed_share()};
}

}  // namespace quartet::measure
