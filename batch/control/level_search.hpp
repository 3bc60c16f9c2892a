// batch/control/level_search.hpp
//
// Looks for the number of jobs at once that gets most done a second.
//
// At first the number is doubled: as long as nothing is known of how long jobs take while the processors have
// nothing to do, and then as long as more at once do more a second (slow start, as TCP's; Jacobson,
// Congestion avoidance and control, SIGCOMM 1988). Then it climbs hills: a neighbour is tried, measured as
// long as its difference to where we are demands, and kept if it is better, as in .NET's thread pool
// (Hellerstein, Morrison, Eilebrecht: Applying control theory in the real world, FeBID 2009) but with steps
// in place of its waves, which need jobs of some milliseconds. Steps shrink where both neighbours are no
// better, down to a fifth, and grow where a difference can't be told from noise. A number that does as much
// with fewer at once is better.
//
// What a trial cost decides when the next one is made: some twentieth of the time is what all may cost.
// Nothing more is tried where processors are busy. Where more want to run on them than there are of them by
// half, fewer are run, without waiting for any to end.
//
// One thread; constant time; nothing is allocated.
#pragma once

#include "batch/control/limit_change.hpp"
#include "batch/control/throughput_meter.hpp"

#include <cstddef>
#include <optional>

namespace quartet::batch {

/// How the machine is, smoothed.
struct machine_view {
    double processors = 1;
    std::optional<double> busy{};      ///< of them
    std::optional<double> runnable{};  ///< tasks
    bool disk_waits = false;
    std::size_t most = 1;  ///< that memory and all else allow
};

class level_search {
public:
    struct step {
        limit_reason why;
        double rate_before;
        double rate_after;
    };

    explicit level_search(std::size_t first) noexcept : level_(first), home_(first) {}

    std::size_t level() const noexcept { return level_; }

    /// Where it is at home while it tries a neighbour.
    std::size_t home() const noexcept { return home_; }

    /// May change level(); then says why. `readings` are those of the machine since level() changed.
    std::optional<step> decide(double now, throughput_meter& meter, machine_view const& view) noexcept;

    /// Jobs were refused: no more than `most` from now on, until there is reason to.
    void refused(double now, throughput_meter& meter, std::size_t most) noexcept;

    /// Forgets what was measured with the present level; for what forces another one.
    void force(double now, throughput_meter& meter, std::size_t level) noexcept;

    /// A reading of the machine came.
    void machine_read() noexcept { ++readings_; }

    /// What was seen last of more jobs at once; absent as long as it was not tried.
    std::optional<limit_reason> more_was() const noexcept { return more_was_; }

private:
    enum class stage { ramp, settling, at_home, trying_settling, trying };

    std::optional<step> ramp(double now, throughput_meter& meter, machine_view const& view) noexcept;
    std::optional<step> end_ramp(double now, throughput_meter& meter, throughput const& here) noexcept;
    std::optional<step> at_home(double now, throughput_meter& meter, machine_view const& view) noexcept;
    std::optional<step> try_neighbour(double now, throughput_meter& meter, machine_view const& view) noexcept;
    std::optional<step> judge(double now, throughput_meter& meter, machine_view const& view) noexcept;
    std::optional<step> fewer_for_processors(double now, throughput_meter& meter,
                                             machine_view const& view) noexcept;
    std::optional<step> settle(double now, throughput_meter& meter) noexcept;
    step move(double now, throughput_meter& meter, std::size_t to, limit_reason why, double before,
              double after) noexcept;
    void go_home(double now, throughput_meter& meter, double lost) noexcept;
    bool changed(throughput const& here) const noexcept;

    std::size_t neighbour(bool up, machine_view const& view) const noexcept;
    bool saturated(machine_view const& view) const noexcept;

    std::size_t level_;
    std::size_t home_;
    stage stage_ = stage::ramp;
    double since_ = 0;  // when the level changed
    std::size_t readings_ = 0;
    double least_seconds_ = 0;  // that jobs took, in the mean of any level

    // Slow start: what the level before did.
    double before_ = 0;
    double before_error_ = 0;
    bool clean_ = false;  // measured since the last generation of jobs has ended

    throughput here_{};  // at home
    double best_ = 0;    // a second, of all homes
    double step_ = 1.5;
    bool up_ = true;  // the next trial
    bool was_saturated_ = false;
    double tried_at_ = 0;
    double next_trial_[2] = {0, 0};  // down and up
    double failures_[2] = {0, 0};    // in succession, down and up
    std::optional<limit_reason> more_was_{};
};

}  // namespace quartet::batch
