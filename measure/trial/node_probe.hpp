// measure/trial/node_probe.hpp
//
// What the nodes of a cluster measure for a trial: processor time and memory, as the tool does on this
// machine.
#pragma once

#include "measure/results/results.hpp"
#include "src/models/cluster/node_meter.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace quartet::measure {

/// From now on this process, should it serve the root of a cluster, measures itself and all that it starts;
/// what talks MPI is measured apart. Before cluster_main().
void measure_as_node();

/// The boot of this machine's kernel, which nodes on one machine share.
std::string boot_of_this_kernel();

/// The figures of the nodes of a trial, of which this machine is the first and has used the times given. If
/// there were several executors, those of the same node are added up.
std::vector<node_figures> figures_of(std::vector<detail::pool_node> const& nodes, double own_user,
                                     double own_system, std::chrono::nanoseconds mpi);

/// What the other nodes, as far as they are on this machine, and MPI have used.
double cpu_seconds_beside(std::vector<detail::pool_node> const& nodes, std::chrono::nanoseconds mpi);

}  // namespace quartet::measure
