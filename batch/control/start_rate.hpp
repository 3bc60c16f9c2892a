// batch/control/start_rate.hpp
//
// How many jobs may be started a second by a server that says "slow down", and no limit as long as none does.
//
// A number at once does not limit enough where refusals are quick: a server that allows 20 a second and
// answers in 5 ms refuses even one at a time. So each refusal lowers the rate of starts by a factor, and the
// rate between the highest that was borne and the lowest that was refused is looked for by halves, as BIC-TCP
// does for its window (Xu, Harfoush, Rhee: Binary increase congestion control for fast long-distance
// networks, INFOCOM 2004). Where the two have met, it stays with what was borne, and tries more after a pause
// that doubles with each refusal, up to two minutes.
//
// Starts are an equal time apart. One thread; constant time; nothing is allocated.
#pragma once

#include <cstddef>
#include <optional>

namespace quartet::batch {

class start_rate {
public:
    void started(double now) noexcept;

    /// A job that started at `started` was refused. True if that changed the rate: refusals of jobs that
    /// started before the last change are of that one.
    bool refused(double now, double started) noexcept;

    /// Lets the rate grow as time goes.
    void pass(double now) noexcept;

    /// Starts a second. Absent: no limit.
    std::optional<double> per_second() const noexcept { return rate_; }

    /// When the next may start: `now` or later.
    double next(double now) const noexcept;

private:
    void set(double now, double rate) noexcept;
    void try_more(double now) noexcept;

    std::optional<double> rate_{};
    double borne_ = 0;
    double refused_ = 0;
    double changed_ = 0;      // when
    std::size_t starts_ = 0;  // since then
    bool settled_ = false;
    bool beyond_ = false;  // more than was refused before is tried
    double reach_ = 0.05;  // by so much
    double pause_ = 3;
    double due_ = 0;     // the next start
    double recent_ = 0;  // starts a second, lately
    double recent_since_ = 0;
    double recent_count_ = 0;
};

}  // namespace quartet::batch
