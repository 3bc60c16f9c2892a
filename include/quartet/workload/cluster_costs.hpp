// include/quartet/workload/cluster_costs.hpp
//
// What a cluster has, and what it asks for beside what models ask for on one machine: for advice
// (advice.hpp). Plain values.
//
//     auto costs = quartet::usual_costs(2);
//     costs.cluster = quartet::usual_cluster({{.name = "a", .cpus = 2}, {.name = "b", .cpus = 8}});
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace quartet::inline v0 {

/// A machine on which bodies run, or a part of one.
struct cluster_node {
    std::string name{};
    std::size_t cpus = 1;     ///< that it may use
    double speed = 1;         ///< of one of them, over that of one of the root's
    double memory_bytes = 0;  ///< that it may use; 0: not known

    friend bool operator==(cluster_node const&, cluster_node const&) = default;
};

/// Nodes that are on the same machine, and so have no processors of their own.
struct shared_processors {
    std::vector<std::size_t> nodes{};  ///< their places
    std::size_t cpus = 1;              ///< that they may use together

    friend bool operator==(shared_processors const&, shared_processors const&) = default;
};

/// Seconds are of the clock if nothing else is said.
struct cluster_costs {
    std::vector<cluster_node> nodes{};  ///< the root's machine first; empty: there is no cluster
    std::vector<shared_processors> shared{};
    double start_seconds = 0;          ///< to reach the nodes and to leave them; pools on them start beside
    double node_seconds = 0;           ///< more for each node after the second
    double latency_seconds = 0;        ///< of a message, one way
    double hand_out_seconds = 0;       ///< from one task to the next, however many nodes take them
    double root_task_seconds = 0;      ///< of the root's processor time, to send a task and take its result
    double node_task_seconds = 0;      ///< of a node's, to take it and to send the result
    double input_byte_seconds = 0;     ///< for each byte that the root sends
    double result_byte_seconds = 0;    ///< for each byte that comes to the root, from however many nodes
    double crossing_byte_seconds = 0;  ///< of processor time at both ends, for each of these bytes
    double node_bytes = 0;             ///< of memory on each node, for the program and what talks MPI

    friend bool operator==(cluster_costs const&, cluster_costs const&) = default;
};

/// Costs as they are over Ethernet of 1 Gbit/s. The nodes are taken to be machines of their own.
cluster_costs usual_cluster(std::vector<cluster_node> nodes);

}  // namespace quartet::inline v0
