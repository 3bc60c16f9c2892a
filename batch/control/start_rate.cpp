#include "batch/control/start_rate.hpp"

#include <algorithm>

namespace quartet::batch {
namespace {

constexpr double halved = 0.5;
constexpr double lowered = 0.9;  // once it is known about where the limit is
constexpr double near = 0.05;    // so close is found
constexpr double trial_seconds = 2;
constexpr double trial_starts = 10;
constexpr double first_pause = 3;
constexpr double longest_pause = 120;
constexpr double lowest = 0.01;  // a second

}  // namespace

void start_rate::started(double now) noexcept {
    // One that comes too late for its time may be made up for by half an interval.
    if (rate_) due_ = std::max(due_, now - 0.5 / *rate_) + 1 / *rate_;
    ++starts_;
    recent_count_ += 1;
    if (now - recent_since_ < 0.5) return;
    recent_ = recent_count_ / (now - recent_since_);
    recent_since_ = now;
    recent_count_ = 0;
}

void start_rate::set(double now, double rate) noexcept {
    rate_ = std::max(lowest, rate);
    changed_ = now;
    due_ = std::min(due_, now + 1 / *rate_);
    starts_ = 0;
}

bool start_rate::refused(double now, double started) noexcept {
    if (!rate_) {
        // What was started lately, be it within the first half second.
        double const since = std::max(0.05, now - recent_since_);
        double const lately = std::max({recent_, recent_count_ / since, 1.0});
        refused_ = lately;
        set(now, lately * halved);
        due_ = now + 1 / *rate_;
        return true;
    }
    if (started < changed_) return false;
    double const rate = *rate_;
    if (beyond_) pause_ = std::min(longest_pause, 2 * pause_);
    settled_ = false;
    beyond_ = false;
    bool const known = borne_ > 0;
    refused_ = rate;
    borne_ = std::min(borne_, rate * lowered);
    set(now, known ? borne_ : rate * halved);
    due_ = now + 1 / *rate_;
    return true;
}

void start_rate::try_more(double now) noexcept {
    borne_ = *rate_;
    if (beyond_) {
        // Nothing is known of where the limit is now.
        pause_ = first_pause;
        reach_ = std::min(1.0, 2 * reach_);
        refused_ = borne_ * (1 + 2 * reach_);
        return set(now, borne_ * (1 + reach_));
    }
    if (refused_ - borne_ > near * refused_) return set(now, (borne_ + refused_) / 2);
    settled_ = true;
    changed_ = now;
    starts_ = 0;
}

void start_rate::pass(double now) noexcept {
    if (!rate_) return;
    double const quiet = now - changed_;
    if (settled_) {
        if (quiet < pause_ || static_cast<double>(starts_) < trial_starts) return;
        reach_ = near;
        refused_ = std::max(refused_, *rate_ * (1 + reach_));
        set(now, *rate_ * (1 + reach_));
        settled_ = false;
        beyond_ = true;
        return;
    }
    // A rate that was not made use of has not been borne.
    double const used = static_cast<double>(starts_) / std::max(quiet, 1e-9);
    if (quiet < std::max(trial_seconds, trial_starts / *rate_) || used < 0.7 * *rate_) return;
    try_more(now);
}

double start_rate::next(double now) const noexcept {
    return rate_ ? std::max(now, due_) : now;
}

}  // namespace quartet::batch
