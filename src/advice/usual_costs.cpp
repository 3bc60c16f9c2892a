// src/advice/usual_costs.cpp
//
// Costs for where none were measured. Those of a common machine are what `quartet doctor` found on a virtual
// machine with 2 processors and Linux 6. Those of Python are from the same kind of machine, CPython 3.11,
// requests 2.28, aiohttp 3.8 and aiofiles 23.1: what a request takes is from 1,000 fetches (threads, where
// the lock makes it all that counts, 3.9 s; asyncio 1.05 s), a file operation of asyncio from 178,000 that
// take 21.7 s, those of processes from 10,000 tasks of 6, which get into each other's way in one folder; the
// 0.1 s of a pool is how often multiprocessing looks whether its workers have ended (docs/advice.md has them
// all).

#include <quartet/workload/advice.hpp>

#include <utility>
#include <vector>

namespace quartet::inline v0 {

machine_costs usual_costs(std::size_t cpus) {
    return {.cpus = cpus,
            .efficiency = 0.98,
            .program_bytes = 6e6,
            .memory_byte_seconds = 0.6e-9,
            .single = {.task_seconds = 100e-9,
                       .hand_out_seconds = 100e-9,
                       .network_wait_seconds = 80e-6,
                       .disk_wait_seconds = 10e-6,
                       .sleep_seconds = 30e-6,
                       .late_seconds = 100e-6,
                       .result_byte_seconds = 0.9e-9},
            .threads = {.start_seconds = 300e-6,
                        .worker_seconds = 30e-6,
                        .task_seconds = 100e-9,
                        .hand_out_seconds = 80e-9,
                        .network_wait_seconds = 80e-6,
                        .disk_wait_seconds = 10e-6,
                        .sleep_seconds = 15e-6,
                        .late_seconds = 150e-6,
                        .result_byte_seconds = 1e-9,
                        .worker_bytes = 20e3},
            .processes = {.start_seconds = 1.5e-3,
                          .worker_seconds = 400e-6,
                          .task_seconds = 200e-9,
                          .hand_out_seconds = 200e-9,
                          .network_wait_seconds = 80e-6,
                          .disk_wait_seconds = 10e-6,
                          .sleep_seconds = 35e-6,
                          .late_seconds = 150e-6,
                          .result_byte_seconds = 2.3e-9,
                          .start_bytes = 1e6,
                          .worker_bytes = 200e3},
            .async = {.start_seconds = 500e-6,
                      .task_seconds = 130e-9,
                      .hand_out_seconds = 130e-9,
                      .network_wait_seconds = 40e-6,
                      .disk_wait_seconds = 10e-6,
                      .sleep_seconds = 1.5e-6,
                      .late_seconds = 70e-6,
                      .result_byte_seconds = 1.1e-9,
                      .start_bytes = 300e3,
                      .in_flight_bytes = 500}};
}

// What the network asks for is of Ethernet; the rest was measured between network namespaces of one machine,
// over TCP, Open MPI 4.1.
cluster_costs usual_cluster(std::vector<cluster_node> nodes) {
    return {.nodes = std::move(nodes),
            .start_seconds = 10e-3,
            .node_seconds = 200e-6,
            .latency_seconds = 60e-6,
            .hand_out_seconds = 2e-6,
            .root_task_seconds = 2e-6,
            .node_task_seconds = 2e-6,
            .input_byte_seconds = 8.5e-9,
            .result_byte_seconds = 8.5e-9,
            .crossing_byte_seconds = 2e-9,
            .node_bytes = 20e6};
}

machine_costs python_costs(std::size_t cpus) {
    return {.cpus = cpus,
            .efficiency = 0.95,
            .program_bytes = 12e6,
            .global_lock = true,
            .compositions = false,
            .single = {.network_wait_seconds = 3.9e-3, .sleep_seconds = 10e-6},
            .threads = {.worker_seconds = 100e-6,
                        .task_seconds = 15e-6,
                        .network_wait_seconds = 3.9e-3,
                        .disk_wait_seconds = 50e-6,
                        .sleep_seconds = 50e-6,
                        .worker_bytes = 60e3},
            .processes = {.start_seconds = 100e-3,
                          .worker_seconds = 10e-3,
                          .task_seconds = 18e-6,
                          .network_wait_seconds = 4.5e-3,
                          .disk_wait_seconds = 20e-6,
                          .sleep_seconds = 10e-6,
                          .result_byte_seconds = 2e-9,
                          .worker_bytes = 8e6},
            .async = {.start_seconds = 1e-3,
                      .task_seconds = 7e-6,
                      .network_wait_seconds = 1e-3,
                      .disk_wait_seconds = 122e-6,
                      .sleep_seconds = 15e-6,
                      .start_bytes = 2e6,
                      .in_flight_bytes = 4e3}};
}

}  // namespace quartet::inline v0
