// measure/probes/worker_use.hpp
//
// What the workers of a trial did: from the tasks' records, and from what the kernel accounts for each
// thread.
#pragma once

#include "measure/results/results.hpp"

#include <quartet/task_recorder.hpp>

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <sys/types.h>
#include <utility>
#include <vector>

namespace quartet::measure {

/// What the kernel's scheduler knows of a thread.
struct thread_times {
    std::chrono::nanoseconds on_cpu{};
    std::chrono::nanoseconds waiting{};  ///< for a processor
};

/// From /proc/PID/task/TID/schedstat (the kernel's Documentation/scheduler/sched-stats.rst). Absent if the
/// thread is gone, or the kernel does not say.
std::optional<thread_times> times_of_thread(pid_t process, pid_t thread);

/// Workers by one number: on a cluster each machine counts its own from 0.
class worker_numbers {
public:
    /// Each has the number that it has already.
    worker_numbers() = default;

    /// On a cluster, those that have left `records`: those of the first machine first.
    worker_numbers(task_recorder const& recorder, std::vector<task_record> const& records);

    std::size_t of(std::size_t node, std::size_t number) const;

    /// By these numbers; empty if it is no cluster.
    std::vector<std::string> const& names() const noexcept { return names_; }

private:
    std::map<std::pair<std::size_t, std::size_t>, std::size_t> numbers_;
    std::vector<std::string> names_;
};

/// The records in columns, with times since `start`. Tasks that have not ended are left out.
task_table table_of(std::vector<task_record> const& records, std::size_t tasks_seen,
                    std::chrono::steady_clock::time_point start, worker_numbers const& numbers = {});

/// What the recorder's workers did between `start` and `end`, in the order of their numbers; those that are
/// gone are left out, so all of a model with a worker for each task. Of those on other machines no more is
/// known than their tasks. `this_thread_at_start`: what this thread had used at `start`. Call it while the
/// workers live.
std::vector<worker_use> use_of_workers(task_recorder const& recorder,
                                       thread_times const& this_thread_at_start,
                                       std::chrono::steady_clock::time_point start,
                                       std::chrono::steady_clock::time_point end,
                                       worker_numbers const& numbers = {});

}  // namespace quartet::measure
