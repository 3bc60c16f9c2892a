// batch/control/concurrency_control.hpp
//
// How many jobs of a batch run at once, found while they run.
//
// It is told when jobs start and end, and about ten times a second how the machine is; it has no clock, no
// thread and reads nothing by itself. Times are seconds of a clock that never goes back, from any beginning.
//
//     concurrency_control control({.first = usable_cpus(), .most = 1000});
//     machine_load machine;
//     …  control.machine(now, machine.read());                    // every 100 ms or so
//     …  while (control.may_start(now)) { …; control.job_started(now); }
//     …  control.job_ended(now, {.seconds = 0.2, .cpu_seconds = 0.1, .peak_bytes = 1 << 20});
//
// The number is looked for by throughput (level_search.hpp), never beyond what memory (memory_fit.hpp),
// descriptors, the load and the user allow. Where the other side refuses jobs, the rate of starts is limited
// as well (start_rate.hpp). One job may always run.
//
// For one thread. Each call takes constant time, but that some write a change into a list of at most 256.
#pragma once

#include "batch/control/level_search.hpp"
#include "batch/control/limit_change.hpp"
#include "batch/control/machine_state.hpp"
#include "batch/control/memory_fit.hpp"
#include "batch/control/start_rate.hpp"
#include "batch/control/throughput_meter.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace quartet::batch {

struct concurrency_options {
    std::size_t first = 1;    ///< what it begins with: what `advise` says, or the processors
    std::size_t most = 1000;  ///< --max-jobs
    bool automatic = true;    ///< false: always `first`, but for memory, descriptors, the load and refusals
    std::optional<std::uint64_t> max_memory{};  ///< bytes that all running jobs may be expected to take
    std::optional<double>
        max_load{};  ///< no start while the load, or the tasks that want to run, are as many
    std::size_t descriptors_per_job = 4;  ///< of the caller's process
};

/// How a job ended.
struct ended_job {
    double seconds = 0;            ///< from its start
    bool slow_down = false;        ///< the other side refused it since it is asked too much
    double cpu_seconds = 0;        ///< of it and its children
    std::uint64_t peak_bytes = 0;  ///< 0 if unknown
};

class concurrency_control {
public:
    explicit concurrency_control(concurrency_options const& options);

    void job_started(double now);
    void job_ended(double now, ended_job const& job);
    void machine(double now, machine_state const& state);

    /// How many may run at once now: from 1 to `most`. It may be less than those that do; none need be ended.
    std::size_t limit() const noexcept { return limit_; }

    std::size_t running() const noexcept { return meter_.running(); }

    /// One more may start: fewer run than may, its memory probably fits, and it is its time.
    bool may_start(double now) const noexcept;

    /// The time at which the rate of starts allows the next; not after `now` if there is none.
    double next_start(double now) const noexcept { return rate_.next(now); }

    /// Starts a second; absent as long as nothing was refused.
    std::optional<double> rate() const noexcept { return rate_.per_second(); }

    /// The first 64 changes of limit() and the last 192.
    std::span<limit_change const> changes() const noexcept { return changes_; }

    /// How many of them are not there any more.
    std::size_t changes_left_out() const noexcept { return left_out_; }

    /// The number that was found, and why it is not another: "8 at once: more made each slower".
    std::string explanation() const;

private:
    machine_view view() const noexcept;
    std::optional<double> computing() const noexcept;
    std::optional<double> busy() const noexcept;
    void find_most() noexcept;
    void allow_rate(double now);
    void decide(double now);
    void apply(double now, limit_reason why, double before, double after);

    concurrency_options options_;
    throughput_meter meter_;
    level_search search_;
    start_rate rate_;
    memory_fit memory_;
    machine_state state_{};
    std::optional<double> busy_{};
    std::optional<double> runnable_{};
    double job_seconds_ = 0;  // of those that ended lately
    double cpu_seconds_ = 0;
    std::size_t most_;
    limit_reason most_why_ = limit_reason::most;
    std::optional<std::size_t> descriptors_for_{};  // so many jobs there are enough
    std::optional<std::size_t> pressed_{};          // what memory pressure left
    double pressed_at_ = 0;
    double last_cut_ = -1e9;
    bool loaded_ = false;
    std::size_t readings_ = 0;  // of the machine, since the first job started
    std::size_t limit_;
    std::vector<limit_change> changes_;
    std::size_t left_out_ = 0;
};

}  // namespace quartet::batch
