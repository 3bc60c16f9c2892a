// batch/control/throughput_meter.hpp
//
// How many jobs are done a second, from when they start and end.
//
// Ends are counted, and so is how far the running ones probably are: jobs that all take a second end in
// bursts, and between two bursts a plain count says nothing. Of a job that has run for a seconds, of a mean
// of m, (1 - v²)·a/m is done, where v is the variation of the durations (their standard deviation by their
// mean): all of a/m where all take equally long, nothing where how long one has run says nothing of how long
// it will (the mean residual life of a renewal process, in two terms; Cox, Renewal Theory, 1962, section 5).
// The variance of the number of ends is about v² times it (section 4.5), which says how far the figure is to
// be believed.
//
// One thread. Every call takes constant time, and nothing is allocated.
#pragma once

#include <cstddef>

namespace quartet::batch {

struct throughput {
    double per_second = 0;
    double error = 1;    ///< relative, of one standard deviation
    double seconds = 0;  ///< over which it was measured
    double ends = 0;     ///< in these
    double running = 0;  ///< at once, in the mean
};

class throughput_meter {
public:
    void started(double now) noexcept;

    /// `counts`: it did what it was for; one that was refused did nothing.
    void ended(double now, double seconds, bool counts) noexcept;

    /// What was until now is another story.
    void mark(double now) noexcept;

    /// Since mark().
    throughput since_mark(double now) const noexcept;

    std::size_t running() const noexcept { return running_; }

    /// How long jobs take at present; 0 as long as none has ended.
    double typical_seconds() const noexcept { return known_ > 0 ? mean_ : 0; }

    /// The mean of all so far, with what the running ones have had of theirs: more than it is where they are
    /// many, where typical_seconds() is less as long as only short ones have ended. 0 as long as none has.
    double longest_mean() const noexcept { return done_ > 0 ? exposure_ / done_ : 0; }

    /// From how many ends that is known, of late.
    double known_ends() const noexcept { return known_; }

    /// The standard deviation of that by it. 1 as long as it is not known.
    double variation() const noexcept;

    /// Since mark(): ends of jobs that started since then, and their mean duration.
    double fresh_ends() const noexcept { return fresh_; }
    double fresh_seconds() const noexcept { return fresh_ > 0 ? fresh_time_ / fresh_ : 0; }

private:
    void advance(double now) noexcept;
    double ages(double now) const noexcept;
    double certain(double ages, double running) const noexcept;

    std::size_t running_ = 0;
    double start_times_ = 0;  // of those that run, added up
    double done_ = 0;         // jobs
    double exposure_ = 0;     // seconds, of all jobs together
    double last_ = 0;

    // The present durations, each with a weight that falls as others come.
    double known_ = 0;
    double mean_ = 0;
    double square_ = 0;

    double marked_ = 0;
    double marked_done_ = 0;
    double marked_ages_ = 0;
    double marked_running_ = 0;
    double marked_exposure_ = 0;
    double fresh_ = 0;
    double fresh_time_ = 0;
};

}  // namespace quartet::batch
