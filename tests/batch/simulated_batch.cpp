#include "tests/batch/simulated_batch.hpp"

#include <algorithm>
#include <cmath>
#include <deque>
#include <limits>
#include <numbers>
#include <optional>
#include <utility>

namespace quartet::batch::simulated {
namespace {

constexpr double never = std::numeric_limits<double>::infinity();
constexpr double launch_seconds = 0.001;  // until a command runs, one after another
constexpr double refusal_seconds = 0.005;
constexpr double reading_seconds = 0.1;

struct running_job {
    job what;
    std::size_t number = 0;
    std::size_t at = 0;  // phase
    double started = 0;
    bool refused = false;
};

/// Those that are at one resource, and its clock: what each of them has got done there since the beginning.
struct place {
    double clock = 0;
    double speed = 1;
    double since = 0;
    std::vector<std::pair<double, std::size_t>> due;  // a heap: on that clock, which running job

    double count() const { return static_cast<double>(due.size()); }
    void advance(double now) {
        clock += speed * (now - since);
        since = now;
    }
    void add(double amount, std::size_t slot) {
        due.emplace_back(clock + amount, slot);
        std::push_heap(due.begin(), due.end(), std::greater<>());
    }
    std::size_t take() {
        std::pop_heap(due.begin(), due.end(), std::greater<>());
        auto const slot = due.back().second;
        due.pop_back();
        return slot;
    }
    double next() const {
        return due.empty() ? never : since + std::max(0.0, due.front().first - clock) / speed;
    }
};

/// How fast each of `count` is.
double speed_of(sharing const& how, double count) {
    if (count <= how.places) return 1;
    return how.places / (1 + how.loss * (count - how.places)) / count;
}

class simulation {
public:
    simulation(kind const& what, std::uint64_t seed, decider& by)
        : kind_(what), machine_(what.machine), seed_(seed), by_(by) {
        tokens_ = machine_.server_burst;
    }

    course run() {
        by_.read(0, state(0));
        next_reading_ = reading_seconds;
        while (ended_ < kind_.jobs)
            step();
        course_.seconds = now_;
        return course_;
    }

private:
    place& at(resource where) { return places_[static_cast<std::size_t>(where)]; }

    bool any_to_start() const { return next_job_ < kind_.jobs || !again_.empty(); }

    double next_launch() {
        if (launching_) return launched_;
        if (!any_to_start()) return never;
        if (by_.may_start(now_)) return now_;
        double const next = by_.next_start(now_);
        return next > now_ ? next : never;
    }

    void step() {
        double const launch = next_launch();
        double when = std::min(launch, next_reading_);
        std::size_t which = resources;
        for (std::size_t each = 0; each != resources; ++each) {
            double const next = places_[each].next();
            if (next >= when) continue;
            when = next;
            which = each;
        }
        advance(std::max(when, now_));
        if (which != resources) {
            phase_ended(places_[which].take());
        } else if (launch <= next_reading_) {
            this->launch();
        } else {
            next_reading_ += reading_seconds;
            by_.read(now_, state(reading_seconds));
        }
        set_speeds();
    }

    void advance(double now) {
        double const passed = now - now_;
        busy_ += std::min(machine_.processors, at(resource::processors).count()) * passed;
        if (!at(resource::disk).due.empty()) disk_ += passed;
        if (gigabytes_ > machine_.gigabytes) swapped_ += passed;
        for (auto& each : places_)
            each.advance(now);
        now_ = now;
    }

    void launch() {
        if (!launching_) {
            if (!by_.may_start(now_)) return;
            launching_ = true;
            launched_ = now_ + launch_seconds;
            by_.started(now_);
            return;
        }
        launching_ = false;
        running_job started;
        started.number = again_.empty() ? next_job_++ : again_.front();
        if (started.number < next_job_ - 1 && !again_.empty()) again_.pop_front();
        chance of(seed_ * 0x9E3779B97F4A7C15u + started.number * 0xD1B54A32D192ED03u);
        started.what = kind_.make(of, static_cast<double>(started.number) / static_cast<double>(kind_.jobs));
        started.started = now_ - launch_seconds;
        ++course_.starts;
        if (now_ > 5) ++course_.late_starts;
        gigabytes_ += started.what.gigabytes;
        course_.most_gigabytes = std::max(course_.most_gigabytes, gigabytes_);
        std::size_t slot = slots_.size();
        if (free_.empty()) {
            slots_.push_back(started);
        } else {
            slot = free_.back();
            free_.pop_back();
            slots_[slot] = started;
        }
        enter(slot);
    }

    void enter(std::size_t slot) {
        auto& job = slots_[slot];
        auto const& here = job.what.phases[job.at];
        if (here.where == resource::server && machine_.server_rate > 0 && !admitted()) {
            job.refused = true;
            at(resource::waiting).add(refusal_seconds, slot);
            return;
        }
        at(here.where).add(here.seconds, slot);
    }

    bool admitted() {
        tokens_ = std::min(machine_.server_burst, tokens_ + (now_ - tokens_at_) * machine_.server_rate);
        tokens_at_ = now_;
        if (tokens_ < 1) return false;
        tokens_ -= 1;
        return true;
    }

    void phase_ended(std::size_t slot) {
        auto& job = slots_[slot];
        if (!job.refused && ++job.at < job.what.count) return enter(slot);
        ended_job end{.seconds = now_ - job.started, .slow_down = job.refused};
        for (std::size_t each = 0; each != job.what.count; ++each) {
            if (job.what.phases[each].where == resource::processors)
                end.cpu_seconds += job.what.phases[each].seconds;
        }
        end.peak_bytes = static_cast<std::uint64_t>(job.what.gigabytes * 1e9);
        gigabytes_ -= job.what.gigabytes;
        if (job.refused) {
            again_.push_back(job.number);
            ++course_.refused;
            if (now_ > 5) ++course_.late_refused;
        } else {
            ++ended_;
        }
        free_.push_back(slot);
        by_.ended(now_, end);
    }

    void set_speeds() {
        double const swapping = std::max(0.0, gigabytes_ / machine_.gigabytes - 1);
        double const all = 1 / (1 + 40 * swapping);
        auto const set = [&](resource where, double speed) { at(where).speed = speed * all; };
        double const computing = at(resource::processors).count();
        double const crowded = 1 / (1 + machine_.contention * std::max(0.0, computing - machine_.crowd));
        set(resource::processors, std::min(1.0, machine_.processors / std::max(1.0, computing)) * crowded);
        set(resource::waiting, 1);
        set(resource::disk, speed_of(machine_.disk, at(resource::disk).count()));
        set(resource::lock, speed_of(machine_.lock, at(resource::lock).count()));
        double const swing = 1 + machine_.swing * std::sin(now_ * 2 * std::numbers::pi / 7);
        set(resource::server, speed_of(machine_.server, at(resource::server).count()) * swing);
    }

    machine_state state(double passed) {
        machine_state found{.processors = machine_.processors};
        if (passed > 0) {
            found.busy = std::exchange(busy_, 0) / passed;
            found.disk_stalled = std::exchange(disk_, 0) / passed;
            found.memory_stalled = std::exchange(swapped_, 0) / passed;
        }
        found.runnable = at(resource::processors).count();
        found.memory_available =
            static_cast<std::uint64_t>(std::max(0.0, machine_.gigabytes - gigabytes_) * 1e9);
        found.descriptors_free = 100000;
        return found;
    }

    kind const& kind_;
    simulated::machine const& machine_;
    std::uint64_t seed_;
    decider& by_;
    course course_;
    double now_ = 0;
    std::array<place, resources> places_{};
    std::vector<running_job> slots_;
    std::vector<std::size_t> free_;
    std::deque<std::size_t> again_;
    std::size_t next_job_ = 0;
    std::size_t ended_ = 0;
    bool launching_ = false;
    double launched_ = 0;
    double next_reading_ = 0;
    double gigabytes_ = 0;
    double busy_ = 0;
    double disk_ = 0;
    double swapped_ = 0;
    double tokens_ = 0;
    double tokens_at_ = 0;
};

class fixed final : public decider {
public:
    explicit fixed(std::size_t count) : count_(count) {}
    bool may_start(double) override { return running_ < count_; }
    double next_start(double now) override { return now; }
    void started(double) override { ++running_; }
    void ended(double, ended_job const&) override { --running_; }
    void read(double, machine_state const&) override {}

private:
    std::size_t count_;
    std::size_t running_ = 0;
};

class automatic final : public decider {
public:
    explicit automatic(concurrency_control& control) : control_(control) {}
    bool may_start(double now) override { return control_.may_start(now); }
    double next_start(double now) override { return control_.next_start(now); }
    void started(double now) override { control_.job_started(now); }
    void ended(double now, ended_job const& end) override { control_.job_ended(now, end); }
    void read(double now, machine_state const& state) override { control_.machine(now, state); }

private:
    concurrency_control& control_;
};

}  // namespace

double chance::uniform() {
    // splitmix64 (Steele, Lea, Flood 2014)
    std::uint64_t mixed = (state_ += 0x9E3779B97F4A7C15u);
    mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBu;
    return static_cast<double>((mixed ^ (mixed >> 31)) >> 11) * 0x1.0p-53;
}

double chance::around(double mean, double variation) {
    double const spread = std::sqrt(std::log1p(variation * variation));
    double const normal =
        std::sqrt(-2 * std::log(1 - uniform())) * std::cos(2 * std::numbers::pi * uniform());
    return mean * std::exp(spread * normal - spread * spread / 2);
}

course run(kind const& what, std::uint64_t seed, decider& by) {
    return simulation(what, seed, by).run();
}

course run_fixed(kind const& what, std::uint64_t seed, std::size_t count) {
    fixed by(count);
    return run(what, seed, by);
}

course run_automatic(kind const& what, std::uint64_t seed, concurrency_control& control) {
    automatic by(control);
    return run(what, seed, by);
}

course run_automatic(kind const& what, std::uint64_t seed) {
    concurrency_control control({.first = static_cast<std::size_t>(what.machine.processors)});
    return run_automatic(what, seed, control);
}

best_fixed find_best(kind const& what, std::uint64_t seed) {
    best_fixed best{1, never};
    auto const measure = [&](std::size_t count) {
        double const seconds = run_fixed(what, seed, count).seconds;
        if (seconds < best.seconds) best = {count, seconds};
    };
    for (double count = 1; count <= 512; count *= std::numbers::sqrt2)
        measure(static_cast<std::size_t>(std::lround(count)));
    auto const about = static_cast<double>(best.count);
    for (double const by : {0.8, 0.9, 1.1, 1.2})
        measure(std::max<std::size_t>(1, static_cast<std::size_t>(std::lround(about * by))));
    return best;
}

}  // namespace quartet::batch::simulated
