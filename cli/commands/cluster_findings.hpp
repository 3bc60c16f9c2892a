// cli/commands/cluster_findings.hpp
//
// What `doctor` says about MPI, and about the cluster that it was started on.
#pragma once

#include "cli/launching/launcher.hpp"
#include "measure/analysis/checkup.hpp"
#include "src/executor/cluster_checkup.hpp"
#include "src/models/cluster/installed_mpi.hpp"

#include <optional>
#include <vector>

namespace quartet::cli {

bool has_usable_mpi(std::vector<detail::installed_mpi> const& installed);

/// One finding for MPI, one for launchers if there is an MPI, and one for the cluster and each of its nodes
/// if there is one. Pure.
std::vector<measure::checkup_finding> judge_cluster(std::vector<detail::installed_mpi> const& installed,
                                                    std::vector<installed_launcher> const& launchers,
                                                    std::optional<detail::cluster_reading> const& cluster);

}  // namespace quartet::cli
