// src/advice/cluster_cost_file.hpp
//
// The costs of clusters, kept in the user's cache, so that they are measured once: a file for each cluster,
// as cost_file.hpp has one for this machine. Any thread.
#pragma once

#include "src/advice/cost_file.hpp"

#include <quartet/workload/advice.hpp>

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace quartet::inline v0::detail {

/// Of the nodes the names, processors and speeds; what else they have is looked at each time.
struct kept_cluster {
    cluster_costs costs;
    std::string identity;
    std::chrono::sys_seconds measured;
    double disturbed_share = 0;  ///< of the root's processors, what others took meanwhile

    bool disturbed() const noexcept { return disturbs(disturbed_share); }
};

/// The nodes with their processors, the root first and the others by their names; the MPI, and the version of
/// quartet.
std::string cluster_identity(std::vector<cluster_node> const& nodes, std::string_view mpi);

/// In the folder of cost_file_path(), or empty.
std::filesystem::path cluster_cost_path(std::string_view identity);

std::string to_text(kept_cluster const& kept);

/// Nothing of a text that is not whole.
std::optional<kept_cluster> cluster_from_text(std::string_view text);

/// What the cache has of that cluster, however old and however good.
std::optional<kept_cluster> load_cluster(std::string_view identity);

/// As the function of cost_file.hpp.
bool is_better(kept_cluster const& found, kept_cluster const& kept) noexcept;

}  // namespace quartet::inline v0::detail
