#include "batch/control/throughput_meter.hpp"

#include <algorithm>
#include <cmath>

namespace quartet::batch {
namespace {

constexpr double few = 8;  // ends that say nothing yet of how durations vary

}  // namespace

void throughput_meter::advance(double now) noexcept {
    if (now <= last_) return;
    exposure_ += static_cast<double>(running_) * (now - last_);
    last_ = now;
}

void throughput_meter::started(double now) noexcept {
    advance(now);
    ++running_;
    start_times_ += now;
}

void throughput_meter::ended(double now, double seconds, bool counts) noexcept {
    advance(now);
    if (running_ > 0) --running_;
    start_times_ = running_ == 0 ? 0 : start_times_ - (now - seconds);
    if (!counts) return;
    done_ += 1;
    // As many as run at once are one generation; what the last two took is the present.
    double const remembered = std::max(32.0, 2 * static_cast<double>(running_));
    known_ = std::min(known_ + 1, remembered);
    mean_ += (seconds - mean_) / known_;
    square_ += (seconds * seconds - square_) / known_;
    if (now - seconds >= marked_) {
        fresh_ += 1;
        fresh_time_ += seconds;
    }
}

double throughput_meter::variation() const noexcept {
    if (known_ < few || mean_ <= 0) return 1;
    return std::sqrt(std::max(0.0, square_ - mean_ * mean_)) / mean_;
}

double throughput_meter::ages(double now) const noexcept {
    return std::max(0.0, static_cast<double>(running_) * now - start_times_);
}

/// How much of a mean duration one that has run for so long has done, by what is known now: 0 if nothing.
double throughput_meter::certain(double ages, double running) const noexcept {
    if (known_ < few || mean_ <= 0) return 0;
    // Those that run are older than they would be if jobs took that long: so far only short ones have ended.
    if (ages > 0.8 * mean_ * running) return 0;
    return std::max(0.0, 1 - variation() * variation());
}

void throughput_meter::mark(double now) noexcept {
    advance(now);
    marked_ = now;
    marked_done_ = done_;
    marked_ages_ = ages(now);
    marked_running_ = static_cast<double>(running_);
    marked_exposure_ = exposure_;
    fresh_ = 0;
    fresh_time_ = 0;
}

throughput throughput_meter::since_mark(double now) const noexcept {
    throughput found;
    found.seconds = now - marked_;
    if (found.seconds <= 0) return found;
    double const exposure = exposure_ + static_cast<double>(running_) * std::max(0.0, now - last_);
    found.running = (exposure - marked_exposure_) / found.seconds;
    found.ends = done_ - marked_done_;
    double const count = static_cast<double>(running_);
    double const sure = std::min(certain(marked_ages_, marked_running_), certain(ages(now), count));
    double const begun = mean_ > 0 ? sure * (ages(now) - marked_ages_) / mean_ : 0;
    double const done = std::max(0.0, found.ends + begun);
    found.per_second = done / found.seconds;
    double const v = variation();
    if (found.ends > 0)
        found.error =
            std::min(1.0, std::sqrt(v * v * (found.ends + 0.5 * found.running) + 0.25) / found.ends);
    return found;
}

}  // namespace quartet::batch
