// batch/run/running_jobs.hpp
//
// The jobs that are under way in an executor, each in a slot of the lowest number that was free.
#pragma once

#include "batch/run/job_body.hpp"
#include "batch/run/job_queue.hpp"
#include "src/base/descriptor.hpp"

#include <quartet/executor.hpp>

#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace quartet::batch {

struct running_job {
    waiting_job job{};
    double since = 0;       ///< by the clock of who started it
    bool overdue = false;   ///< it was ended since it took too long
    std::string command{};  ///< as one would type it
    std::string place{};    ///< of its output's file, if it has one
    future<void> ended_by{};
};

struct ended_try {
    running_job what{};
    job_report report{};
};

/// For one thread.
class running_jobs {
public:
    explicit running_jobs(executor& how);

    /// Ends those that are left, and waits for that.
    ~running_jobs();

    /// The slot that the next one has, from 1.
    std::size_t free_slot() const noexcept { return free_.empty() ? slots_.size() + 1 : *free_.begin(); }

    /// Begins a job in free_slot(). Throws what executor::submit throws.
    void start(running_job job, job_request request);

    /// Those that have ended since it was asked last.
    std::vector<ended_try> take_ended();

    /// Readable when there are some.
    int descriptor() const noexcept;

    std::size_t size() const noexcept { return slots_.size() - free_.size(); }

    /// Calls `with` for each, which may change `overdue`.
    template <class Function>
    void for_each(Function with) {
        for (auto& slot : slots_)
            if (slot) with(*slot);
    }

    /// Ends one, or all of them.
    static void end(running_job& job) { job.ended_by.cancel(); }
    void end_all();

private:
    struct inbox;

    executor& how_;
    std::shared_ptr<inbox> inbox_;
    std::vector<std::optional<running_job>> slots_;
    std::set<std::size_t> free_;  // from 1
};

}  // namespace quartet::batch
