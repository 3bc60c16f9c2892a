// measure/analysis/cluster_probing.hpp
//
// What the cluster that this program runs on has, and what its models cost beside those of one machine.
#pragma once

#include "measure/trial/cluster_survey.hpp"
#include "measure/trial/session.hpp"

#include <quartet/workload/advice.hpp>

#include <vector>

namespace quartet::measure {

/// The nodes as advice knows them, with the speed 1 where they were not asked for it. Pure.
std::vector<cluster_node> nodes_of(std::vector<surveyed_node> const& surveyed);

/// Which of them are on one machine, as their kernels say, and which processors these have together. Pure.
std::vector<shared_processors> shared_among(std::vector<surveyed_node> const& surveyed);

/// The way from the root to a node and back.
struct measured_way {
    double latency_seconds;
    double bytes_per_second_there;
    double bytes_per_second_back;
};

struct measured_cluster {
    cluster_costs costs;
    double disturbed_share;  ///< of the root's processors, what other programs and machines took meanwhile
};

/// By trials of synthetic work, of which the same runs on this machine alone, some seconds; `surveyed` are
/// two nodes or more that were asked for their speeds. Without any way the network is taken for a usual one.
/// `here` are the costs of this machine. Uses of the options what measure_costs() does, and throws what that
/// throws.
measured_cluster measure_cluster(std::vector<surveyed_node> const& surveyed,
                                 std::vector<measured_way> const& ways, machine_costs const& here,
                                 session_options options, session_observer& observer);

}  // namespace quartet::measure
