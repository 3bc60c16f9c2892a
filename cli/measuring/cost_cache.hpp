// cli/measuring/cost_cache.hpp
//
// What the models cost on this machine: measured on request, and kept in the user's cache together with how
// much other programs disturbed the measuring.
#pragma once

#include "cli/measuring/ground.hpp"
#include "cli/measuring/measuring.hpp"
#include "src/advice/cluster_cost_file.hpp"
#include "src/advice/cost_file.hpp"
#include "src/executor/cluster_checkup.hpp"

#include <quartet/workload/advice.hpp>

#include <optional>
#include <string>

namespace quartet::cli {

/// Costs, and where they are from.
struct known_costs {
    machine_costs costs;
    /// When they were measured on this machine and how good that was; absent of those of a usual machine.
    std::optional<detail::kept_costs> measured{};
    std::string name;  ///< in words, to follow "predicted by"

    // Of the cluster, if there is one: `costs.cluster` has nodes then.
    std::optional<detail::kept_cluster> measured_cluster{};  ///< absent of a usual one
    std::string cluster_name{};                              ///< in words, to follow those

    std::string in_words() const { return name + cluster_name; }
};

/// Measures the costs, which takes some ten seconds, and keeps them unless the cache has better ones or can't
/// be written. Throws measure::interrupted, std::system_error, std::runtime_error.
detail::kept_costs measure_machine_costs(workbench& bench, measure::session_observer& observer);

/// The costs that the cache has for this machine; without those, the costs of a usual machine. Measures
/// nothing.
known_costs costs_at_hand();

/// Those of Python.
known_costs costs_of_python();

/// What was measured, in words.
known_costs as_known(detail::kept_costs const& measured);

/// The cluster, with the ways to its nodes: a second and, over 1 Gbit/s, one for each node, ten at the most.
/// Throws measure::interrupted.
detail::cluster_reading read_ways(interrupt const& stop);

/// Measures the costs of the cluster that was found, which takes some seconds, and keeps them as above.
/// `here` are those of this machine. Throws likewise.
detail::kept_cluster measure_cluster_costs(workbench& bench, ground const& on,
                                           detail::cluster_reading const& seen, machine_costs const& here,
                                           interrupt const& stop, measure::session_observer& observer);

/// Adds the cluster that was found, if there is one: with the costs that were measured, or that the cache has
/// for it, without those with the costs of a usual network.
void add_cluster(known_costs& to, ground const& on, std::optional<detail::kept_cluster> measured = {});

/// As if there were none.
void leave_out_cluster(known_costs& of);

}  // namespace quartet::cli
