// src/executor/cluster_checkup.hpp
//
// What there is to see of the cluster that this process is the root of, and how quick the ways between its
// nodes are.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace quartet::inline v0::detail {

/// The way from the root to a node and back, in medians.
struct way_reading {
    std::chrono::nanoseconds half_round_trip{0};  ///< of a message without content
    double bytes_per_second_there = 0;
    double bytes_per_second_back = 0;
};

struct node_reading {
    std::string name;
    std::string refused{};  ///< why it is not here, in a few words; then what follows is not known
    bool same_program = true;
    std::string program{};  ///< its build id
    std::uint64_t processors = 0;
    std::uint64_t all_processors = 0;
    std::uint64_t workers = 0;
    std::uint64_t memory_bytes = 0;
    bool is_root = false;  ///< then the clock is the same, and there is no way
    std::optional<std::chrono::nanoseconds> clock_ahead{};
    std::chrono::nanoseconds clock_error{0};
    std::optional<way_reading> way{};  ///< absent if there was no time for it, or it was lost
};

struct cluster_reading {
    std::string refused{};  ///< why there is none, in a sentence
    std::string mpi{};      ///< its name and version
    std::vector<node_reading> nodes{};
    std::size_t messages = 0;      ///< that came to the root while it slept
    std::uint64_t found_late = 0;  ///< so many of them without having woken it
};

struct cluster_checkup_options {
    std::chrono::nanoseconds time = std::chrono::seconds(20);  ///< ways are measured so long, in order
    std::size_t bytes = std::size_t{16} << 20;                 ///< that are sent, in messages of 1 MiB
    std::function<void(std::string const& node)> looks_at{};
    std::function<bool()> is_stopped{};
};

/// Nothing if no launcher has started this process. A second, and for each node some round trips and six
/// times `bytes`. At the root.
std::optional<cluster_reading> read_cluster(cluster_checkup_options const& options = {});

}  // namespace quartet::inline v0::detail
