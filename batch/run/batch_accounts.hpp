// batch/run/batch_accounts.hpp
//
// Keeps count of a batch while it runs. In constant memory, whatever the number of jobs.
#pragma once

#include "batch/run/batch_summary.hpp"
#include "batch/run/running_jobs.hpp"

#include <cstdint>
#include <deque>
#include <string>
#include <utility>

namespace quartet::batch {

/// How a job's try ended, for the counts.
enum class try_end { done, failed, failed_for_now, cancelled };

class batch_accounts {
public:
    /// A try has ended; `reason` says why it failed.
    void add(ended_try const& ended, try_end how, std::string const& reason);

    /// A job was left out, as a journal has it.
    void leave_out() { ++summary_.left_out; }

    /// So many run.
    void note_running(std::size_t jobs);

    /// The median of jobs that ended well; 0 as long as fewer than `fewest` have.
    double median(std::uint64_t fewest) const;

    /// At a time in seconds, from the begin on.
    batch_status status(double now, running_jobs& running, std::size_t waiting,
                        std::optional<std::uint64_t> total);

    batch_summary& summary() noexcept { return summary_; }
    batch_summary const& summary() const noexcept { return summary_; }

private:
    void note_failure(ended_try const& ended, std::string const& reason);
    void note_slow(ended_try const& ended);
    double rate(double now);

    batch_summary summary_;
    time_left left_;
    std::deque<std::pair<double, std::uint64_t>> ends_;  // how many had ended when, of the last ten seconds
};

/// The memory of a command; 0 if it is not known, as the system counts that of this process, too.
std::size_t known_peak(command_result const& end);

/// Why a try failed, in words; of one that ended well nothing.
std::string reason_of(ended_try const& ended);

}  // namespace quartet::batch
