#include "batch/control/level_search.hpp"

#include <algorithm>
#include <cmath>

namespace quartet::batch {
namespace {

constexpr double blind_seconds = 0.09;  // between two doublings while nothing is known
constexpr std::size_t blind_most = 256;
constexpr double few_ends = 4;     // say nothing yet
constexpr double shortest = 0.05;  // seconds that say anything
constexpr double shortest_window = 0.2;
constexpr double busy_share = 0.92;  // of the processors is all of them
constexpr double used_share = 0.8;   // of a number at once is the use of it
constexpr double finest = 1.2;
constexpr double coarsest = 2;
constexpr double trial_share = 0.05;  // of the time is what trials may cost
constexpr double as_good = 0.97;
constexpr double better = 1.02;

double number(std::size_t count) noexcept {
    return static_cast<double>(count);
}

std::size_t whole(double count) noexcept {
    return static_cast<std::size_t>(std::clamp(count, 1.0, 1e9));
}

}  // namespace

bool level_search::saturated(machine_view const& view) const noexcept {
    return readings_ > 0 && view.busy && *view.busy >= busy_share * view.processors;
}

level_search::step level_search::move(double now, throughput_meter& meter, std::size_t to, limit_reason why,
                                      double before, double after) noexcept {
    level_ = to;
    double const typical = meter.typical_seconds();
    if (typical > 0 && (least_seconds_ == 0 || typical < least_seconds_)) least_seconds_ = typical;
    since_ = now;
    readings_ = 0;
    clean_ = false;
    meter.mark(now);
    return {why, before, after};
}

void level_search::force(double now, throughput_meter& meter, std::size_t level) noexcept {
    home_ = level;
    best_ = 0;
    here_ = {};
    move(now, meter, level, limit_reason::first, 0, 0);
    if (stage_ != stage::ramp) stage_ = stage::settling;
}

void level_search::refused(double now, throughput_meter& meter, std::size_t most) noexcept {
    force(now, meter, std::min(level_, std::max<std::size_t>(1, most)));
    stage_ = stage::settling;
    next_trial_[1] = now + 1;
}

std::optional<level_search::step> level_search::decide(double now, throughput_meter& meter,
                                                       machine_view const& view) noexcept {
    if (now - since_ < shortest) return std::nullopt;
    if (auto fewer = fewer_for_processors(now, meter, view)) return fewer;
    switch (stage_) {
        case stage::ramp:
            return ramp(now, meter, view);
        case stage::settling:
        case stage::trying_settling:
            return settle(now, meter);
        case stage::at_home:
            return at_home(now, meter, view);
        case stage::trying:
            return judge(now, meter, view);
    }
    return std::nullopt;
}

std::optional<level_search::step> level_search::fewer_for_processors(double now, throughput_meter& meter,
                                                                     machine_view const& view) noexcept {
    if (readings_ < 10 || !view.runnable || !saturated(view)) return std::nullopt;
    if (*view.runnable <= 2 * view.processors + 2) return std::nullopt;
    double const excess = *view.runnable - 1.5 * view.processors;
    auto const least = std::max(whole(std::ceil(view.processors)), 3 * level_ / 4);
    auto const to = std::max(least, whole(number(level_) - excess));
    if (to >= level_) return std::nullopt;
    double const rate = meter.since_mark(now).per_second;
    force(now, meter, to);
    stage_ = stage::settling;
    return step{limit_reason::processors, rate, 0};
}

std::optional<level_search::step> level_search::ramp(double now, throughput_meter& meter,
                                                     machine_view const& view) noexcept {
    auto const here = meter.since_mark(now);
    if (saturated(view)) return end_ramp(now, meter, here);
    std::size_t to = std::min(view.disk_waits ? level_ + (level_ + 1) / 2 : 2 * level_, view.most);
    if (view.busy && here.running > 0 && readings_ > 0) {
        // Where each computes for a part of the time, so many make the processors busy.
        double const each = *view.busy / here.running;
        if (each * number(to) > view.processors)
            to = std::min(to, std::max(level_ + 1, whole(std::ceil(1.1 * view.processors / each))));
    }
    if (here.running < used_share * number(level_)) {
        // Who starts them can't keep up, or they are few.
        if (now - since_ < 1) return std::nullopt;
        since_ = now;
        meter.mark(now);
        return std::nullopt;
    }
    if (to <= level_) return here.ends >= number(level_) ? end_ramp(now, meter, here) : std::nullopt;

    if (meter.known_ends() < few_ends) {
        bool const dare =
            now - since_ >= blind_seconds && to <= blind_most && !view.disk_waits && readings_ > 0;
        return dare ? std::optional(move(now, meter, to, limit_reason::waiting, 0, 0)) : std::nullopt;
    }
    if (least_seconds_ > 0 && meter.fresh_ends() >= std::max(3.0, number(level_) / 2) &&
        now - since_ >= 1.2 * least_seconds_ && meter.fresh_seconds() <= 1.2 * least_seconds_) {
        // Those that started since take as long as the ones before, so that many do as much more.
        double const each = meter.variation() > 0.5 ? std::max(meter.fresh_seconds(), meter.longest_mean())
                                                    : meter.fresh_seconds();
        before_ = number(level_) / each;
        before_error_ = meter.variation() / std::sqrt(meter.fresh_ends());
        home_ = level_;
        return move(now, meter, to, limit_reason::waiting, 0, before_);
    }
    if (here.ends < std::max(8.0, number(level_))) return std::nullopt;
    double const before = before_;
    if (before == 0 || here.per_second > before * (1 + 0.3 * (number(level_) / number(home_) - 1))) {
        before_ = here.per_second;
        before_error_ = here.error;
        home_ = level_;
        return move(now, meter, to, before == 0 ? limit_reason::waiting : limit_reason::more_done, before,
                    here.per_second);
    }
    if (!clean_) {
        clean_ = true;
        meter.mark(now);
        return std::nullopt;
    }
    if (here.error > 0.1 && now - since_ < std::max(1.0, 4 * meter.typical_seconds())) return std::nullopt;
    return end_ramp(now, meter, here);
}

std::optional<level_search::step> level_search::end_ramp(double now, throughput_meter& meter,
                                                         throughput const& here) noexcept {
    stage_ = stage::settling;
    double const before = before_;
    bool const known = here.ends >= std::max(8.0, number(level_) / 2);
    bool const less = here.per_second * (1 + 0.5 * here.error) < before * (1 - 0.5 * before_error_) / as_good;
    bool const back = before > 0 && home_ < level_ && known && less;
    here_ = {};
    best_ = 0;
    if (!back) {
        home_ = level_;
        meter.mark(now);
        since_ = now;
        up_ = false;
        return std::nullopt;
    }
    bool const slower = here.per_second < before * as_good;
    more_was_ = slower ? limit_reason::slower : limit_reason::no_gain;
    up_ = false;
    return move(now, meter, home_, *more_was_, here.per_second, before);
}

/// Until those that began with another number have ended, or had the time to.
std::optional<level_search::step> level_search::settle(double now, throughput_meter& meter) noexcept {
    auto const here = meter.since_mark(now);
    if (number(meter.running()) > number(level_) + 0.5) return std::nullopt;
    bool const turned = here.ends >= number(level_) && now - since_ >= shortest;
    if (!turned && now - since_ < std::max(shortest_window, 1.5 * meter.typical_seconds()))
        return std::nullopt;
    meter.mark(now);
    stage_ = stage_ == stage::settling ? stage::at_home : stage::trying;
    return std::nullopt;
}

bool level_search::changed(throughput const& here) const noexcept {
    if (here_.per_second <= 0) return false;
    double const by = std::abs(here.per_second / here_.per_second - 1);
    return by > 0.3 && by > 4 * (here.error + here_.error);
}

std::optional<level_search::step> level_search::at_home(double now, throughput_meter& meter,
                                                        machine_view const& view) noexcept {
    auto const here = meter.since_mark(now);
    bool const measured =
        here.seconds >= shortest_window && here.ends >= std::max(12.0, number(level_)) &&
        (here.error <= 0.25 * (step_ - 1) || here.seconds >= std::max(3.0, 6 * meter.typical_seconds()));
    bool const room = readings_ > 3 && view.busy && *view.busy < 0.7 * view.processors;
    if (saturated(view)) was_saturated_ = true;
    bool const idle_now = was_saturated_ && room;
    if (!measured && !idle_now) return std::nullopt;
    if (idle_now || changed(here)) {
        was_saturated_ = false;
        least_seconds_ = 0;
        best_ = 0;
        failures_[0] = failures_[1] = 0;
        step_ = 1.5;
        next_trial_[0] = next_trial_[1] = now;
        here_ = {};
        before_ = 0;
        meter.mark(now);
        since_ = now;
        if (room) stage_ = stage::ramp;
        return std::nullopt;
    }
    here_ = here;
    best_ = std::max(best_, here.per_second);
    if (now < std::min(next_trial_[0], next_trial_[1])) {
        // What is known gets no better by age; so it is measured anew from time to time.
        if (here.seconds > 20 * shortest_window && here.error < 0.02) meter.mark(now);
        return std::nullopt;
    }
    return try_neighbour(now, meter, view);
}

std::size_t level_search::neighbour(bool up, machine_view const& view) const noexcept {
    double const level = number(home_);
    if (up) return std::min(view.most, std::max(home_ + 1, whole(std::round(level * step_))));
    return home_ > 1 ? std::min(home_ - 1, whole(std::round(level / step_))) : 1;
}

std::optional<level_search::step> level_search::try_neighbour(double now, throughput_meter& meter,
                                                              machine_view const& view) noexcept {
    auto const up_to = neighbour(true, view);
    bool const may_up = now >= next_trial_[1] && !saturated(view) && up_to > home_ &&
                        here_.running >= used_share * number(home_);
    // What fewer would lose if each did as much as before, against what trials may cost by now.
    auto const down_to = neighbour(false, view);
    double const window =
        std::max(shortest_window, std::max(12.0, number(down_to)) / std::max(1e-9, here_.per_second));
    double const loss = 2 * window * (1 - number(down_to) / number(home_));
    bool const costs = failures_[0] > 0 || saturated(view);
    bool const may_down =
        now >= next_trial_[0] && down_to < home_ && (!costs || (now - since_) * trial_share >= loss);
    if (!may_up && !may_down) return std::nullopt;
    bool const up = may_up && (up_ || !may_down);
    double const before = here_.per_second;
    tried_at_ = now;
    stage_ = stage::trying_settling;
    up_ = up;
    return move(now, meter, up ? up_to : down_to, limit_reason::trial, before, 0);
}

void level_search::go_home(double now, throughput_meter& meter, double lost) noexcept {
    double& failures = failures_[up_ ? 1 : 0];
    failures += 1;
    double const cost = (now - tried_at_) * std::max(0.02, lost);
    next_trial_[up_ ? 1 : 0] = now + cost / trial_share * (up_ ? 0.5 + 0.5 * failures : 0.5 + failures);
    if (failures_[0] > 0 && failures_[1] > 0) step_ = std::max(finest, std::sqrt(step_));
    up_ = !up_;
    stage_ = stage::settling;
    move(now, meter, home_, limit_reason::trial, 0, 0);
}

std::optional<level_search::step> level_search::judge(double now, throughput_meter& meter,
                                                      machine_view const& view) noexcept {
    auto const here = meter.since_mark(now);
    double const ratio = here_.per_second > 0 ? here.per_second / here_.per_second : 1;
    double const error = std::hypot(here.error, here_.error);
    double const longest = std::max(3.0, 6 * meter.typical_seconds());
    bool const hopeless = here.ends >= 8 && here.seconds >= shortest && ratio + 2 * error < 0.85;
    bool const measured = here.seconds >= shortest_window && here.ends >= std::max(12.0, number(level_)) &&
                          error <= 0.4 * (step_ - 1);
    if (!hopeless && !measured && here.seconds < longest) return std::nullopt;

    double const before = here_.per_second;
    bool const unused = here.running < used_share * number(level_);
    bool const better_up = up_ && !unused && ratio > better + 0.5 * error;
    bool const better_down = !up_ && ratio >= as_good && here.per_second >= as_good * best_;
    if ((measured || !hopeless) && (better_up || better_down)) {
        double const gone = number(level_) / number(home_);
        home_ = level_;
        here_ = here;
        best_ = std::max(best_, here.per_second);
        failures_[0] = failures_[1] = 0;
        was_saturated_ = false;
        next_trial_[0] = next_trial_[1] = now;
        stage_ = stage::at_home;
        since_ = now;
        if (up_ && gone >= 1.4 && ratio - error > 1 + 0.5 * (gone - 1)) {
            // Each did as much as before.
            stage_ = stage::ramp;
            before_ = here.per_second;
            before_error_ = here.error;
            clean_ = false;
        }
        return step{up_ ? limit_reason::more_done : limit_reason::no_gain, before, here.per_second};
    }
    if (up_)
        more_was_ = saturated(view)   ? limit_reason::processors
                    : ratio < as_good ? limit_reason::slower
                                      : limit_reason::no_gain;
    if (!measured && !hopeless) step_ = std::min(coarsest, step_ * 1.3);
    auto const why = ratio < as_good ? limit_reason::slower : limit_reason::no_gain;
    go_home(now, meter, 1 - ratio);
    return step{why, here.per_second, before};
}

}  // namespace quartet::batch
