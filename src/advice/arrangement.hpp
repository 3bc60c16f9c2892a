// src/advice/arrangement.hpp
//
// How a model goes about a piece of work: how many tasks it has under way, on how many processors, and what
// it asks for. Of that the time is predicted (cost_model.cpp). Pure functions; any thread.
#pragma once

#include <quartet/workload/advice.hpp>

#include <cstddef>

namespace quartet::inline v0::detail {

struct arrangement {
    double slots = 1;       ///< tasks that can be under way
    double processors = 1;  ///< that can compute at the same time
    double beside = 1;      ///< of these, so many are on one machine
    bool by_turns = true;   ///< each task keeps its processor until it waits
    double start_seconds = 0;
    double task_cpu_seconds = 0;
    double hand_out_seconds = 0;  ///< from one task to the next
    double late_seconds = 0;      ///< of all waits of a task
    double executor_bytes = 0;    ///< its workers included
    double in_flight_bytes = 0;

    // Of a cluster.
    std::size_t nodes = 1;
    double input_seconds = 0;   ///< that a task's input is on its way, in the mean of all nodes
    double result_seconds = 0;  ///< its result, likewise
};

/// The model's, on one machine with so many processors.
arrangement arrange(work_shape const& work, model_spec const& spec, machine_costs const& costs,
                    std::size_t cpus);

/// Of a cluster: as on each of its nodes, all together. can_predict() holds.
arrangement arrange_on_cluster(work_shape const& work, model_spec const& spec, machine_costs const& costs);

}  // namespace quartet::inline v0::detail
