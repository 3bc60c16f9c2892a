// src/models/flight.hpp
//
// Keeps up to a limit of a job's bodies in flight on an event loop, real or fake.
#pragma once

#include <quartet/detail/map_job.hpp>
#include <quartet/job.hpp>

#include <concepts>
#include <cstddef>

namespace quartet::detail {

/// Runs all of `work`. `run_some` waits until the loop has something to do and does it.
void fly(job& work, context& where, std::size_t limit, std::invocable auto&& run_some) {
    ended_bodies ended;
    std::size_t next = 0;
    std::size_t in_flight = 0;
    while (next < work.size() || in_flight > 0) {
        while (next < work.size() && in_flight < limit) {
            if (where.stop_requested()) {
                work.fail(describe_cancelled(next++));
            } else if (work.start(where, next++, ended)) {
                ++in_flight;
            }
        }
        if (in_flight > 0) run_some();
        while (running_body* body = ended.pop()) {
            work.settle(*body);
            --in_flight;
        }
    }
}

}  // namespace quartet::detail
