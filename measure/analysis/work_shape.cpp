#include "measure/analysis/work_shape.hpp"

#include "src/advice/task_time.hpp"

#include <quartet/spec.hpp>

#include <algorithm>
#include <cstdint>

namespace quartet::measure {
namespace {

/// A task that takes this many times as long as the mean is longer than the others.
constexpr double much_longer = 1.5;

/// What its nodes tell.
prediction of_unknown_cluster(measurement const& of, model_spec const& spec) {
    prediction made{.spec = spec, .processors = 0, .in_flight = 0, .nodes = of.nodes.size()};
    for (auto const& node : of.nodes)
        made.in_flight += static_cast<double>(node.workers);
    made.processors = made.in_flight;
    return made;
}

}  // namespace

work_shape shape_of(measurement const& of_single, machine_costs const& costs) {
    auto const tasks = static_cast<double>(std::max<std::uint64_t>(1, of_single.tasks));
    double const each = of_single.wall_seconds.median / tasks;
    work_shape made{.tasks = static_cast<std::size_t>(tasks)};
    double const computed = std::max(0.0, cpu_seconds_of(of_single) - costs.single.start_seconds) / tasks;
    double const queued = of_single.processor_wait_seconds.value_or(0) / tasks;
    auto const [cpu, wait] = detail::divide(each, computed, queued);
    double const asked = wait > 0 ? costs.single.network_wait_seconds : 0;
    made.cpu_seconds = std::max(0.0, cpu - costs.single.task_seconds - asked);
    made.wait_seconds = wait > 0 ? std::max(0.0, wait - costs.single.late_seconds) : 0;
    if (of_single.service_seconds.max.value_or(0) > much_longer * each)
        made.longest_seconds = *of_single.service_seconds.max;
    auto const memory = static_cast<double>(of_single.tree_peak_bytes.value_or(0));
    made.memory_bytes = std::max(0.0, memory - costs.program_bytes);
    return made;
}

bool take_sizes(work_shape& shape, measurement const& of_cluster, machine_costs const& costs) {
    std::uint64_t inputs = 0;
    std::uint64_t results = 0;
    for (auto const& node : of_cluster.nodes) {
        inputs += node.input_bytes.value_or(0);
        results += node.result_bytes.value_or(0);
    }
    if (inputs + results == 0 || of_cluster.tasks == 0) return false;
    auto const tasks = static_cast<double>(of_cluster.tasks);
    shape.input_bytes = static_cast<double>(inputs) / tasks;
    shape.result_bytes = static_cast<double>(results) / tasks;
    double const making = shape.result_bytes * costs.single.result_byte_seconds;
    shape.cpu_seconds = std::max(0.0, shape.cpu_seconds - making);
    shape.memory_bytes = std::max(0.0, shape.memory_bytes - static_cast<double>(results));
    return true;
}

prediction as_prediction(measurement const& of, work_shape const& work, machine_costs const& costs) {
    auto const spec = parse_spec(of.spec);
    auto made = can_predict(spec, costs) ? predict(work, spec, costs) : of_unknown_cluster(of, spec);
    made.seconds = of.wall_seconds.median;
    made.cpu_seconds = cpu_seconds_of(of);
    if (of.tree_peak_bytes) made.memory_bytes = static_cast<double>(*of.tree_peak_bytes);
    for (auto const& node : of.nodes) {
        made.cpu_seconds += node.mpi_cpu_seconds.value_or(0);
        made.memory_bytes += static_cast<double>(node.mpi_bytes.value_or(0));
    }
    return made;
}

measurement const* single_run_of(results const& all, std::string_view workload) {
    auto const found = std::ranges::find_if(all.measurements, [&](measurement const& each) {
        return each.workload == workload && each.spec == "single" && is_good(each) && rounds_of(each) > 0;
    });
    return found == all.measurements.end() ? nullptr : &*found;
}

measurement const* run_with_sizes(results const& all, std::string_view workload) {
    auto const tells = [](node_figures const& node) { return node.result_bytes.value_or(0) > 0; };
    auto const found = std::ranges::find_if(all.measurements, [&](measurement const& each) {
        return each.workload == workload && is_good(each) && rounds_of(each) > 0 &&
               std::ranges::any_of(each.nodes, tells);
    });
    return found == all.measurements.end() ? nullptr : &*found;
}

}  // namespace quartet::measure
