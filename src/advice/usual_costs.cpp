// src/advice/usual_costs.cpp
//
// Costs for where none were measured. Those of a common machine are what `quartet doctor` found on a virtual
// machine with 2 processors and Linux 6; those of Python were measured on the same, with CPython 3.11,
// requests 2.28, aiohttp 3.8 and aiofiles 23.1.

#include <quartet/advice.hpp>

namespace quartet {

machine_costs usual_costs(std::size_t cpus) {
    return {.cpus = cpus,
            .efficiency = 0.95,
            .program_bytes = 6e6,
            .single = {.task_seconds = 50e-9,
                       .network_wait_seconds = 10e-6,
                       .disk_wait_seconds = 10e-6,
                       .sleep_seconds = 10e-6},
            .threads = {.start_seconds = 100e-6,
                        .worker_seconds = 40e-6,
                        .task_seconds = 60e-9,
                        .network_wait_seconds = 10e-6,
                        .disk_wait_seconds = 10e-6,
                        .sleep_seconds = 10e-6,
                        .worker_bytes = 20e3},
            .processes = {.start_seconds = 1e-3,
                          .worker_seconds = 300e-6,
                          .task_seconds = 200e-9,
                          .network_wait_seconds = 10e-6,
                          .disk_wait_seconds = 10e-6,
                          .sleep_seconds = 10e-6,
                          .result_byte_seconds = 0.5e-9,
                          .start_bytes = 1e6,
                          .worker_bytes = 200e3},
            .async = {.start_seconds = 200e-6,
                      .task_seconds = 150e-9,
                      .network_wait_seconds = 1e-6,
                      .disk_wait_seconds = 3e-6,
                      .sleep_seconds = 1e-6,
                      .start_bytes = 200e3,
                      .in_flight_bytes = 500}};
}

machine_costs python_costs(std::size_t cpus) {
    return {.cpus = cpus,
            .efficiency = 0.95,
            .program_bytes = 12e6,
            .global_lock = true,
            .single = {.network_wait_seconds = 3.5e-3, .disk_wait_seconds = 10e-6, .sleep_seconds = 10e-6},
            .threads = {.worker_seconds = 100e-6,
                        .task_seconds = 15e-6,
                        .network_wait_seconds = 3.5e-3,
                        .disk_wait_seconds = 50e-6,
                        .sleep_seconds = 50e-6,
                        .worker_bytes = 60e3},
            .processes = {.start_seconds = 20e-3,
                          .worker_seconds = 10e-3,
                          .task_seconds = 18e-6,
                          .network_wait_seconds = 3.5e-3,
                          .disk_wait_seconds = 10e-6,
                          .sleep_seconds = 10e-6,
                          .result_byte_seconds = 2e-9,
                          .worker_bytes = 8e6},
            .async = {.start_seconds = 1e-3,
                      .task_seconds = 7e-6,
                      .network_wait_seconds = 0.9e-3,
                      .disk_wait_seconds = 220e-6,
                      .sleep_seconds = 15e-6,
                      .start_bytes = 2e6,
                      .in_flight_bytes = 4e3}};
}

}  // namespace quartet
