#include "batch/control/concurrency_control.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace quartet::batch {
namespace {

constexpr std::size_t kept_first = 64;
constexpr std::size_t kept = 256;
constexpr double new_share = 0.3;        // of a reading in what is smoothed
constexpr double forgotten = 0.95;       // is left of what was, at each end of a job
constexpr double own_share = 0.25;       // of the processors, below which jobs are not what makes them busy
constexpr double much_stalled = 0.1;     // of the time
constexpr double pressure_seconds = 10;  // until more are dared again

void smooth(std::optional<double>& old, std::optional<double> const& found) noexcept {
    if (!found) return;
    old = old ? *old + new_share * (*found - *old) : *found;
}

}  // namespace

concurrency_control::concurrency_control(concurrency_options const& options)
    : options_(options),
      search_(std::clamp<std::size_t>(options.first, 1, std::max<std::size_t>(1, options.most))),
      memory_(options.max_memory),
      most_(std::max<std::size_t>(1, options.most)),
      limit_(search_.level()) {
    changes_.reserve(kept);
}

void concurrency_control::job_started(double now) {
    meter_.started(now);
    rate_.started(now);
}

void concurrency_control::job_ended(double now, ended_job const& job) {
    meter_.ended(now, job.seconds, !job.slow_down);
    job_seconds_ = forgotten * job_seconds_ + job.seconds;
    cpu_seconds_ = forgotten * cpu_seconds_ + job.cpu_seconds;
    memory_.ended(job.slow_down ? 0 : job.peak_bytes);
    if (job.slow_down) {
        if (rate_.refused(now, now - job.seconds) && now - job.seconds >= last_cut_) {
            last_cut_ = now;
            if (options_.automatic)
                search_.refused(now, meter_, std::max(meter_.running(), 3 * search_.level() / 4));
            apply(now, limit_reason::refused, 0, 0);
        }
    }
    find_most();
    decide(now);
}

void concurrency_control::machine(double now, machine_state const& state) {
    state_ = state;
    smooth(busy_, state.busy);
    smooth(runnable_, state.runnable);
    if (state.memory_available) memory_.available(*state.memory_available, meter_.running());
    if (state.descriptors_free)
        descriptors_for_ = meter_.running() +
                           *state.descriptors_free / std::max<std::size_t>(1, options_.descriptors_per_job);
    bool const pressed = state.memory_stalled && *state.memory_stalled > much_stalled;
    if (pressed && meter_.running() > 1 && now - pressed_at_ >= 1) {
        pressed_ = std::max<std::size_t>(1, std::min(limit_, meter_.running()) * 7 / 10);
        pressed_at_ = now;
    } else if (pressed_ && now - pressed_at_ > pressure_seconds) {
        *pressed_ += 1 + *pressed_ / 4;
        pressed_at_ = now;
        if (*pressed_ >= options_.most) pressed_.reset();
    }
    if (options_.max_load)
        loaded_ = std::max(state.load.value_or(0), state.runnable.value_or(0)) >= *options_.max_load;
    if (meter_.running() > 0) ++readings_;
    if (readings_ > 1) {
        search_.machine_read();
    } else {
        busy_.reset();  // only half of the first had begun
        runnable_.reset();
    }
    rate_.pass(now);
    find_most();
    allow_rate(now);
    decide(now);
}

/// So many run at once where they start at the rate that is allowed (Little); fewer would be a second limit.
void concurrency_control::allow_rate(double now) {
    if (!options_.automatic || !rate_.per_second() || meter_.running() < search_.level()) return;
    double const needed = 1.2 * *rate_.per_second() * meter_.typical_seconds() + 1;
    auto const to = std::min({most_, 2 * search_.level(), static_cast<std::size_t>(std::min(needed, 1e9))});
    if (to <= search_.level()) return;
    search_.force(now, meter_, to);
    apply(now, limit_reason::refused, 0, 0);
}

void concurrency_control::find_most() noexcept {
    most_ = std::max<std::size_t>(1, options_.most);
    most_why_ = limit_reason::most;
    auto const lower = [&](std::size_t most, limit_reason why) {
        if (most >= most_) return;
        most_ = std::max<std::size_t>(1, most);
        most_why_ = why;
    };
    std::size_t const running = meter_.running();
    if (auto const fits = memory_.most(running)) lower(*fits, limit_reason::memory);
    if (pressed_) lower(*pressed_, limit_reason::memory);
    if (descriptors_for_) lower(*descriptors_for_, limit_reason::descriptors);
}

/// Processors that the jobs keep busy, by what those that have ended took.
std::optional<double> concurrency_control::computing() const noexcept {
    if (job_seconds_ <= 0) return std::nullopt;
    double const each = cpu_seconds_ / job_seconds_;
    return std::min(state_.processors, each * static_cast<double>(meter_.running()));
}

/// Where the system does not tell, or others make them busy and not the jobs, what these do counts.
std::optional<double> concurrency_control::busy() const noexcept {
    auto const ours = computing();
    bool const others = busy_ && ours && *ours < own_share * state_.processors;
    return others || (!busy_ && !state_.busy) ? ours : busy_;
}

machine_view concurrency_control::view() const noexcept {
    return {.processors = state_.processors,
            .busy = busy(),
            .runnable = runnable_,
            .disk_waits = state_.disk_stalled.value_or(0) > 0.3,
            .most = loaded_ ? std::min(most_, search_.level()) : most_};
}

void concurrency_control::decide(double now) {
    if (!options_.automatic || search_.level() > most_) {
        // What is found while fewer run than could is not of that number.
        meter_.mark(now);
        return apply(now, most_why_, 0, 0);
    }
    auto const step = search_.decide(now, meter_, view());
    apply(now, step ? step->why : limit_reason::waiting, step ? step->rate_before : 0,
          step ? step->rate_after : 0);
}

void concurrency_control::apply(double now, limit_reason why, double before, double after) {
    std::size_t const to = std::min(search_.level(), most_);
    if (to == limit_) return;
    if (changes_.size() == kept) {
        changes_.erase(changes_.begin() + kept_first);
        ++left_out_;
    }
    changes_.push_back({now, limit_, to, why, before, after, busy_.value_or(0)});
    limit_ = to;
    // How it was with another number says nothing of this one.
    busy_.reset();
    runnable_.reset();
}

bool concurrency_control::may_start(double now) const noexcept {
    if (rate_.next(now) > now) return false;
    std::size_t const running = meter_.running();
    if (running == 0) return true;
    if (loaded_) return false;
    // What the first half takes says, a tenth of a second later, whether the other half fits.
    bool const is_tried = readings_ == 0 && (options_.automatic || options_.max_memory);
    std::size_t const at_first = is_tried ? (limit_ + 1) / 2 : limit_;
    return running < std::min(at_first, most_);
}

std::string concurrency_control::explanation() const {
    auto const home = std::min(search_.home(), most_);
    auto const because = [&]() -> std::string {
        if (auto const rate = rate_.per_second())
            return fmt::format("the server said slow down, and got {:.3g} starts a second", *rate);
        if (loaded_) return "the load was as high as it may be";
        if (home >= most_) {
            switch (most_why_) {
                case limit_reason::memory:
                    return "no more fit into memory";
                case limit_reason::descriptors:
                    return "there were no more descriptors";
                case limit_reason::load:
                    return "the load was as high as it may be";
                default:
                    return options_.automatic ? "as many as are allowed" : "as it was asked for";
            }
        }
        if (!options_.automatic) return "as it was asked for";
        if (auto const found = busy(); found && *found >= 0.92 * state_.processors)
            return "the processors were busy";
        switch (search_.more_was().value_or(limit_reason::first)) {
            case limit_reason::slower:
                return "more made each slower";
            case limit_reason::no_gain:
                return "more did not end more of them";
            case limit_reason::processors:
                return "the processors were busy";
            default:
                return "too few have ended to know better";
        }
    }();
    return fmt::format("{} at once: {}", home, because);
}

}  // namespace quartet::batch
