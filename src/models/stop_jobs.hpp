// src/models/stop_jobs.hpp
//
// Stops jobs that a lock keeps from finishing.
#pragma once

#include "src/models/job_queue.hpp"

#include <quartet/backend/job.hpp>

#include <mutex>
#include <stop_token>
#include <vector>

namespace quartet::inline v0::detail {

/// Calls `for_each(stop)` under the lock; it calls `stop` for each job that it wants stopped. Those that
/// follow a std::stop_token hear of it when the lock is free again, since their callbacks may do anything.
void stop_jobs(std::mutex& mutex, auto&& for_each) {
    std::vector<std::stop_source> followed;
    {
        std::lock_guard const lock(mutex);
        for_each([&](job& each) {
            if (auto source = each.stop().raise()) followed.push_back(std::move(*source));
        });
    }
    for (auto& each : followed)
        each.request_stop();
}

/// The same, and with it all jobs of a queue that the lock guards: what nobody has begun of them goes to
/// `cancel(claim)`.
void stop_jobs(std::mutex& mutex, job_queue& queue, auto&& cancel, auto&& for_each_running) {
    std::vector<claim> unbegun;
    stop_jobs(mutex, [&](auto&& stop) {
        for_each_running(stop);
        unbegun = queue.take_all();
        for (auto const& each : unbegun)
            stop(*each.work);  // which can't finish without what was taken of it
    });
    for (auto const& each : unbegun)
        cancel(each);
}

}  // namespace quartet::inline v0::detail
