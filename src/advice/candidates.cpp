#include "src/advice/candidates.hpp"

#include <algorithm>
#include <iterator>
#include <optional>

namespace quartet::inline v0::detail {
namespace {

/// The numbers to try: powers of two, the number of processors and `most`; none above `most`.
std::vector<std::size_t> counts(std::size_t most, std::size_t cpus) {
    std::vector<std::size_t> made{cpus, most};
    for (std::size_t count = 1; count < most; count *= 2)
        made.push_back(count);
    std::ranges::sort(made);
    auto const [first, last] = std::ranges::unique(made);
    made.erase(first, last);
    std::erase_if(made, [&](std::size_t count) { return count > most; });
    return made;
}

/// More than this is never advised, whatever the predictions.
constexpr std::size_t most_threads = 1024;
constexpr std::size_t most_processes = 256;
constexpr std::size_t most_in_flight = 16'384;

std::size_t most_of(model_kind kind) {
    return kind == model_kind::async     ? most_in_flight
           : kind == model_kind::threads ? most_threads
                                         : most_processes;
}

std::size_t share(std::size_t of, std::size_t parts) {
    return (of + parts - 1) / parts;
}

/// The processors of the first nodes.
std::size_t cpus_of(cluster_costs const& over, std::size_t nodes) {
    std::size_t sum = 0;
    for (std::size_t place = 0; place < nodes; ++place)
        sum += over.nodes[place].cpus;
    return sum;
}

/// On so many nodes of a cluster. A worker for each processor of each node is what a model without a number
/// has, which suits nodes of unequal size too.
void add_on_nodes(std::vector<model_spec>& made, model_spec const& which, std::size_t nodes,
                  work_shape const& work, cluster_costs const& over,
                  std::optional<std::size_t> most_workers) {
    std::size_t const cpus = cpus_of(over, nodes);
    bool const one_each = which.kind != model_kind::async && cpus <= most_workers.value_or(cpus);
    if (which.loops) {
        if (!one_each) return;
        for (std::size_t const in_flight : counts(share(std::min(most_in_flight, work.tasks), cpus), 1)) {
            made.push_back(which);
            made.back().in_flight = in_flight;
        }
        return;
    }
    if (one_each) made.push_back(which);
    std::size_t const allowed = most_workers.value_or(most_in_flight * nodes) / nodes;
    std::size_t const useful = std::min(share(work.tasks, nodes), most_of(which.kind));
    std::size_t const most = std::min(allowed, useful);
    for (std::size_t const count : counts(most, over.nodes.front().cpus)) {
        bool const said = one_each && count == over.nodes.front().cpus && count * nodes == cpus;
        if (count == 0 || said) continue;
        made.push_back(which);
        made.back().count = count;
    }
}

std::vector<model_spec> specs_on_cluster(family const& which, work_shape const& work,
                                         cluster_costs const& over, advice_limits const& limits) {
    std::vector<model_spec> made;
    std::size_t const all = over.nodes.size();
    if (all < 2) return made;
    for (std::size_t const nodes : counts(all, all)) {
        if (nodes < 2 || (limits.workers && *limits.workers < nodes)) continue;
        model_spec spec{.kind = which.kind, .loops = which.loops, .cluster = true};
        if (nodes < all) spec.nodes = nodes;
        add_on_nodes(made, spec, nodes, work, over, limits.workers);
    }
    return made;
}

}  // namespace

family family_of(model_spec const& spec) {
    return {spec.kind, spec.loops, spec.cluster};
}

std::size_t simplicity(model_spec const& spec) {
    return static_cast<std::size_t>(std::ranges::find(families, family_of(spec)) - std::begin(families));
}

std::vector<model_spec> specs_of(family const& which, work_shape const& work, machine_costs const& costs,
                                 advice_limits const& limits) {
    if (which.cluster) return specs_on_cluster(which, work, costs.cluster, limits);
    std::size_t const workers = std::min(limits.workers.value_or(most_in_flight), work.tasks);
    std::vector<model_spec> made;
    if (which.kind == model_kind::single) return {model_spec{}};
    if (which.loops) {
        std::size_t const outer = std::min(costs.cpus, limits.workers.value_or(costs.cpus));
        if (outer < 2) return {};
        for (std::size_t const in_flight : counts(share(std::min(most_in_flight, work.tasks), outer), 1))
            made.push_back({.kind = which.kind, .count = outer, .loops = true, .in_flight = in_flight});
        return made;
    }
    for (std::size_t const count : counts(std::min(most_of(which.kind), workers), costs.cpus))
        made.push_back({.kind = which.kind, .count = count});
    return made;
}

}  // namespace quartet::inline v0::detail
