#include "cli/measuring/cost_cache.hpp"

#include "measure/analysis/cluster_probing.hpp"
#include "measure/analysis/machine_costs.hpp"
#include "measure/results/atomic_file.hpp"
#include "measure/trial/trial_process.hpp"

#include <quartet/cpus.hpp>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <stdexcept>
#include <system_error>
#include <utility>
#include <vector>

namespace quartet::cli {
namespace {

/// If the costs can't be written to the cache, the next call falls back to usual ones.
template <class Kept>
void keep(std::filesystem::path const& file, std::optional<Kept> const& kept, Kept const& found) {
    if (file.empty() || (kept && !is_better(found, *kept))) return;
    std::error_code ignored;
    std::filesystem::create_directories(file.parent_path(), ignored);
    try {
        measure::write_file_whole(file, detail::to_text(found));
    } catch (std::system_error const&) {
    }
}

std::chrono::sys_seconds now() {
    return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

std::vector<measure::measured_way> ways_in(detail::cluster_reading const& seen) {
    std::vector<measure::measured_way> made;
    for (auto const& node : seen.nodes) {
        if (node.way)
            made.push_back({std::chrono::duration<double>(node.way->half_round_trip).count(),
                            node.way->bytes_per_second_there, node.way->bytes_per_second_back});
    }
    return made;
}

std::string identity_of(ground const& on) {
    return detail::cluster_identity(measure::nodes_of(on.cluster.nodes), on.cluster.mpi);
}

bool is_cluster(ground const& on) {
    return on.cluster.nodes.size() > 1;
}

/// The speeds that were kept, by name.
void take_speeds(std::vector<cluster_node>& nodes, std::vector<cluster_node> const& kept) {
    for (auto& each : nodes) {
        auto const known = std::ranges::find(kept, each.name, &cluster_node::name);
        if (known != kept.end()) each.speed = known->speed;
    }
}

}  // namespace

detail::kept_costs measure_machine_costs(workbench& bench, measure::session_observer& observer) {
    bench.provide_server();
    auto const found = measure::measure_costs(bench.session_options({}), observer);
    detail::kept_costs const made{found.costs, detail::machine_identity(), now(), found.disturbed_share};
    keep(detail::cost_file_path(), detail::load_costs(), made);
    return made;
}

known_costs as_known(detail::kept_costs const& measured) {
    auto name = fmt::format("the costs of this machine, measured on {:%Y-%m-%d}", measured.measured);
    if (measured.disturbed())
        name += fmt::format(
            " while others used {:.0f} % of the processors, so that they are too high (`quartet doctor` "
            "measures them anew)",
            100 * measured.disturbed_share);
    return {measured.costs, measured, std::move(name)};
}

known_costs costs_at_hand() {
    if (auto const kept = detail::load_costs()) return as_known(*kept);
    return {usual_costs(usable_cpus()), std::nullopt,
            "the costs of a usual machine (`quartet doctor` measures those of this one)"};
}

detail::cluster_reading read_ways(interrupt const& stop) {
    constexpr auto longest = std::chrono::seconds(10);
    auto seen = detail::read_cluster({.time = longest, .is_stopped = [&] { return stop.signal() != 0; }});
    if (stop.signal() != 0) throw measure::interrupted();
    return seen.value_or(detail::cluster_reading{});
}

detail::kept_cluster measure_cluster_costs(workbench& bench, ground const& on,
                                           detail::cluster_reading const& seen, machine_costs const& here,
                                           interrupt const& stop, measure::session_observer& observer) {
    auto const asked = measure::run_survey_process(
        {.specs = {}, .files = {}, .addresses = {}, .speeds = true}, stop.descriptor());
    if (!asked.error.empty()) throw std::runtime_error(asked.error);
    auto const found =
        measure::measure_cluster(asked.nodes, ways_in(seen), here, bench.session_options({}), observer);
    auto const identity = identity_of(on);
    detail::kept_cluster const made{found.costs, identity, now(), found.disturbed_share};
    keep(detail::cluster_cost_path(identity), detail::load_cluster(identity), made);
    return made;
}

void add_cluster(known_costs& to, ground const& on, std::optional<detail::kept_cluster> measured) {
    if (!is_cluster(on)) return;
    auto nodes = measure::nodes_of(on.cluster.nodes);
    to.measured_cluster = measured ? std::move(measured) : detail::load_cluster(identity_of(on));
    if (to.measured_cluster) {
        take_speeds(nodes, to.measured_cluster->costs.nodes);
        to.costs.cluster = to.measured_cluster->costs;
        to.costs.cluster.nodes = std::move(nodes);
        to.cluster_name = fmt::format(", and those of this cluster, measured on {:%Y-%m-%d}",
                                      to.measured_cluster->measured);
        if (to.measured_cluster->disturbed())
            to.cluster_name += fmt::format(" while others used {:.0f} % of the root's processors",
                                           100 * to.measured_cluster->disturbed_share);
    } else {
        to.costs.cluster = usual_cluster(std::move(nodes));
        to.cluster_name = ", and those of a usual network (--measure measures this one)";
    }
    to.costs.cluster.shared = measure::shared_among(on.cluster.nodes);
}

void leave_out_cluster(known_costs& of) {
    of.costs.cluster = {};
    of.measured_cluster.reset();
    of.cluster_name.clear();
}

known_costs costs_of_python() {
    return {python_costs(usable_cpus()), std::nullopt, "the costs of Python on a usual machine"};
}

}  // namespace quartet::cli
