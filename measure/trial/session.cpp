// measure/trial/session.cpp
//
// Heap tracing: the first round traces, which is a warm-up unless there is none. Where tracing cost more than
// 1 % of a trial that counts, the trial's times are dropped and the configuration gets a further trial
// without it; so no time in the results is biased.
//
// Order: each round goes through the workloads, and through the models of each, in an order that differs from
// round to round (round_order.hpp). A workload that is measured precisely enough takes no part in further
// rounds.
//
// Pictures: recording all tasks and their waits, and sampling as often as a picture needs it, would bias what
// is measured. So that has a round of its own, in which no time counts.

#include "measure/trial/session.hpp"

#include "measure/probes/noise.hpp"
#include "measure/trial/conditions_log.hpp"
#include "measure/trial/round_order.hpp"
#include "measure/trial/tally.hpp"
#include "measure/trial/trial_folders.hpp"

#include <quartet/cpus.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

namespace quartet::measure {
namespace {

using seconds = std::chrono::duration<double>;
using session_clock = std::chrono::steady_clock;

constexpr double most_tracing_share = 0.01;

/// The configurations of one workload.
struct group {
    std::vector<std::size_t> members;
    std::vector<std::size_t> analyses;  // the rounds after which it is analysed
    bool done = false;                  // it is measured precisely enough
};

class session {
public:
    session(std::vector<configuration> const& configurations, session_options const& options,
            session_observer& observer)
        : configurations_(configurations),
          options_(options),
          observer_(observer),
          lengths_(configurations.size()),
          folders_(options.scratch) {
        std::map<workload const*, std::size_t> known;
        for (std::size_t index = 0; index < configurations.size(); ++index) {
            auto const& [what, parameters, model] = configurations[index];
            auto const [found, added] = known.try_emplace(what, groups_.size());
            if (added) groups_.emplace_back();
            groups_[found->second].members.push_back(index);
            tallies_.emplace_back(*what, model);
        }
        for (auto& each : groups_)
            each.analyses = interim_analyses(each.members.size(), options.stopping.rounds);
    }

    session_results run() {
        try {
            log_.conditions().stopped_by = run_rounds();
            if (options_.pictures) run_for_pictures();
        } catch (interrupted const&) {
            log_.conditions().stopped_by = "interrupt";
        }
        return snapshot();
    }

private:
    /// Why it stopped.
    std::string run_rounds() {
        for (std::size_t number = 0; number < options_.warmup; ++number)
            run_round(number, 0);
        for (std::size_t round = 1; round <= options_.stopping.rounds; ++round) {
            if (round > 1 && !fits_budget()) return "budget";
            run_round(options_.warmup + round - 1, round);
            if (analyse(round)) return "precision";
        }
        return "rounds";
    }

    /// `number` counts all rounds, `round` those that count, from 1.
    void run_round(std::size_t number, std::size_t round) {
        auto const order = order_of(number);
        for (std::size_t place = 0; place < order.size(); ++place) {
            observer_.trial_begins({configurations_[order[place]], round, options_.stopping.rounds,
                                    time_left(order, place, round)});
            run_in_place(order[place], place + 1, round, number == 0);
            if (session_clock::now() > last_report_ + options_.between_reports) report();
        }
        report();
    }

    void run_for_pictures() {
        for (std::size_t index = 0; index < configurations_.size(); ++index) {
            observer_.trial_begins({configurations_[index], 0, options_.stopping.rounds, std::nullopt});
            auto const trial = run_once(index, index + 1, 0, {.for_pictures = true});
            if (trial.report.result.error.empty())
                tallies_[index].take_pictures(trial.report.result, trial.report.usage);
        }
        report();
    }

    /// Only workloads that are still measured.
    std::vector<std::size_t> order_of(std::size_t number) const {
        std::vector<std::size_t> order;
        for (std::size_t const index : round_order(groups_.size(), number, options_.seed)) {
            auto const& members = groups_[index].members;
            if (groups_[index].done) continue;
            for (std::size_t const index_of_member :
                 round_order(members.size(), number, options_.seed + 1 + index))
                order.push_back(members[index_of_member]);
        }
        return order;
    }

    void run_in_place(std::size_t index, std::size_t place, std::size_t round, bool trace) {
        auto const began = session_clock::now();
        auto const result = run_once(index, place, round, {.trace_heap = trace});
        lengths_[index] = session_clock::now() - began;
        double const wall = result.report.result.figures.wall_seconds;
        bool const biased =
            trace && round > 0 && result.report.result.tracing_seconds > most_tracing_share * wall;
        if (trace) tallies_[index].add_heap(result.report.result);
        take(index,
             biased && result.report.result.error.empty() ? run_once(index, place, round, {}) : result);
    }

    struct observed_trial {
        trial_report report{};
        trial_figures figures{};
        noise met{};
    };

    struct purpose {
        bool trace_heap = false;
        bool for_pictures = false;
    };

    observed_trial run_once(std::size_t index, std::size_t place, std::size_t round, purpose what_for) {
        auto const& which = configurations_[index];
        auto const& server = options_.server_of(which.what->name);
        auto const folder = folders_.make();
        trial_request request{.workload = which.what->name,
                              .spec = to_string(which.model),
                              .parameters = {},
                              .scratch = folder.native(),
                              .server_url = server.url,
                              .trace_heap = what_for.trace_heap,
                              .for_pictures = what_for.for_pictures,
                              .log = options_.log};
        for (auto const& [name, value] : which.parameters)
            request.parameters[name] = quartet::to_string(value);
        auto const started = session_clock::now();
        auto const before = read_noise();
        double const server_before = cpu_seconds_of_tree(server.process);
        observed_trial made{.report = run_trial_process(request, options_.stop_descriptor)};
        double const by_server = std::max(0.0, cpu_seconds_of_tree(server.process) - server_before);
        made.met = noise_between(before, read_noise(),
                                 made.report.cpu_seconds + made.report.result.beside_cpu_seconds + by_server);
        trial_folders::empty(folder);
        made.figures = made.report.result.figures;
        made.figures.round = round;
        made.figures.place = place;
        made.figures.started_seconds = seconds(started - began_).count();
        made.figures.tree_peak_bytes = made.report.tree_peak_bytes;
        if (!made.figures.nodes.empty()) add_up_memory(made.figures);
        made.figures.other_cpu_seconds = made.met.other_cpu_seconds;
        made.figures.steal_seconds = made.met.steal_seconds;
        made.figures.throttled_seconds = made.met.throttled_seconds.value_or(0);
        made.figures.disturbed = made.met.disturbs();
        return made;
    }

    /// That of the first node was measured here.
    static void add_up_memory(trial_figures& of) {
        of.nodes.front().tree_peak_bytes = of.tree_peak_bytes;
        of.tree_peak_bytes = 0;
        for (auto const& each : of.nodes)
            of.tree_peak_bytes += each.tree_peak_bytes.value_or(0);
    }

    void take(std::size_t index, observed_trial const& trial) {
        auto const& [report, figures, met] = trial;
        log_.add(met);
        auto& most_sampling = log_.conditions().sampling_share;
        most_sampling = std::max(most_sampling, report.sampling_share);
        if (!report.result.error.empty()) return tallies_[index].add_failure(report.result);
        tallies_[index].add(report.result, figures, report.tree_peak_method);
        double const cpu = figures.cpu_user_seconds + figures.cpu_system_seconds;
        double const of = std::max(cpu, figures.wall_seconds);  // of what mostly waits, the time on the clock
        if (of > 0)
            log_.conditions().recording_share =
                std::max(log_.conditions().recording_share, report.result.recording_seconds / of);
    }

    /// Whether every workload is precise enough now.
    bool analyse(std::size_t round) {
        if (!options_.stopping.precision) return false;
        for (auto& each : groups_) {
            if (each.done || !std::ranges::binary_search(each.analyses, round)) continue;
            std::vector<measurement> measured;
            for (std::size_t const index : each.members)
                measured.push_back(tallies_[index].make(configurations_.size()));
            std::vector<measurement const*> views;
            for (auto const& one : measured)
                views.push_back(&one);
            each.done = is_precise(views, *options_.stopping.precision);
        }
        return std::ranges::all_of(groups_, &group::done);
    }

    bool fits_budget() const {
        auto const budget = options_.stopping.budget;
        if (!budget) return true;
        seconds round{0};
        for (auto const& each : groups_) {
            for (std::size_t const index : each.members)
                round += each.done ? seconds(0) : lengths_[index].value_or(seconds(0));
        }
        return session_clock::now() - began_ + round <= *budget;
    }

    std::optional<seconds> time_left(std::vector<std::size_t> const& order, std::size_t place,
                                     std::size_t round) const {
        seconds known{0};
        std::size_t count = 0;
        for (auto const& each : lengths_) {
            known += each.value_or(seconds(0));
            count += each.has_value();
        }
        if (count == 0) return std::nullopt;
        auto const guess = known / static_cast<double>(count);
        auto const length = [&](std::size_t index) { return lengths_[index].value_or(guess); };
        seconds of_round{0};
        seconds rest{0};
        for (std::size_t i = 0; i < order.size(); ++i) {
            of_round += length(order[i]);
            if (i >= place) rest += length(order[i]);
        }
        double const rounds = static_cast<double>(options_.stopping.rounds - round);
        auto const left = rest + of_round * rounds;
        if (!options_.stopping.budget) return left;
        seconds const of_budget = *options_.stopping.budget - (session_clock::now() - began_);
        return std::min(left, std::max(rest, of_budget));
    }

    void report() {
        observer_.progressed(snapshot());
        last_report_ = session_clock::now();
    }

    session_results snapshot() const {
        session_results made{.measurements = {}, .conditions = log_.until_now()};
        for (auto const& each : tallies_)
            made.measurements.push_back(each.make(configurations_.size()));
        compare_checksums(made.measurements);
        return made;
    }

    // The first good measurement of a workload with given parameters sets the expected answer; all others
    // must give the same.
    void compare_checksums(std::vector<measurement>& all) const {
        std::map<std::pair<std::string, parameter_values>, measurement const*> first;
        for (std::size_t i = 0; i < all.size(); ++i) {
            auto& each = all[i];
            if (!is_good(each) || each.trials.empty()) continue;
            auto const [known, added] =
                first.try_emplace({each.workload, configurations_[i].parameters}, &each);
            if (!added && known->second->checksum != each.checksum)
                each.verification = fmt::format("its answer differs from that of {}", known->second->spec);
        }
    }

    std::vector<configuration> const& configurations_;
    session_options const& options_;
    session_observer& observer_;
    std::vector<group> groups_;
    std::vector<tally> tallies_;
    std::vector<std::optional<seconds>> lengths_;  // of a whole trial, with starting and ending
    trial_folders folders_;
    conditions_log log_;
    session_clock::time_point began_ = session_clock::now();
    session_clock::time_point last_report_ = began_;
};

}  // namespace

model_spec resolve(model_spec asked, workload const& what, preset which) {
    bool const left_to_nodes = asked.cluster && asked.kind == model_kind::processes && !asked.count;
    if (left_to_nodes) {
        if (asked.loops && !asked.in_flight && !asked.all_in_flight) asked.in_flight = what.workers.async;
        return asked;
    }
    if (asked.loops) {
        if (!asked.count) asked.count = usable_cpus();
        if (!asked.in_flight && !asked.all_in_flight) {
            asked.all_in_flight = which == preset::study;
            if (!asked.all_in_flight) asked.in_flight = what.workers.async;
        }
        return asked;
    }
    if (asked.count || asked.each || asked.kind == model_kind::single) return asked;
    bool const per_task = which == preset::study && asked.kind != model_kind::processes;
    if (per_task) {
        asked.each = true;  // a thread, or a coroutine in flight, for each task
        return asked;
    }
    std::size_t fitting = 0;
    if (asked.kind == model_kind::threads) fitting = what.workers.threads;
    if (asked.kind == model_kind::async) fitting = what.workers.async;
    asked.count = fitting != 0 ? fitting : usable_cpus();
    return asked;
}

session_results run_session(std::vector<configuration> const& configurations, session_options const& options,
                            session_observer& observer) {
    return session(configurations, options, observer).run();
}

}  // namespace quartet::measure
