// measure/session.cpp
//
// Heap tracing: the first round traces. Where that cost more than 1 % of the trial, the trial's times are
// dropped and the configuration gets a further trial without tracing; so no time in the results is bent.
//
// Order: each round goes through the workloads, and through the models of each, in orders of its own
// (round_order.hpp).

#include "measure/session.hpp"

#include "measure/round_order.hpp"
#include "measure/statistics.hpp"
#include "measure/trial_folders.hpp"

#include <quartet/cpus.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <system_error>

namespace quartet::measure {
namespace {

using seconds = std::chrono::duration<double>;
using clock = std::chrono::steady_clock;

constexpr double most_tracing_share = 0.01;

/// What the trials of one configuration have shown.
struct record {
    std::vector<double> wall;
    std::vector<double> cpu_user;
    std::vector<double> cpu_system;
    std::vector<double> switches;
    std::vector<double> tree_peak;
    std::string tree_method;
    std::optional<std::uint64_t> heap_current;
    std::optional<std::uint64_t> heap_peak;
    trial_result last;
    std::string trouble;            // the first error or wrong end state
    trial_result worst;             // of the trial with the most failed tasks
    std::optional<seconds> length;  // of a whole trial, with starting and ending
};

class session {
public:
    session(std::vector<configuration> const& configurations, std::string const& server_url,
            session_options const& options, session_observer& observer)
        : configurations_(configurations),
          server_url_(server_url),
          options_(options),
          observer_(observer),
          records_(configurations.size()),
          left_in_plan_(configurations.size() * options.rounds),
          folders_(options.scratch) {
        std::map<workload const*, std::size_t> groups;
        for (std::size_t index = 0; index < configurations.size(); ++index) {
            auto const [known, added] = groups.try_emplace(configurations[index].what, groups_.size());
            if (added) groups_.emplace_back();
            groups_[known->second].push_back(index);
        }
    }

    std::vector<measurement> run() {
        for (std::size_t round = 0; round < options_.rounds; ++round) {
            for (std::size_t index : order_of(round))
                run_round(index, round == 0);
        }
        std::vector<measurement> measurements;
        for (std::size_t index = 0; index < configurations_.size(); ++index)
            measurements.push_back(summarize(index));
        compare_checksums(measurements);
        return measurements;
    }

private:
    std::vector<std::size_t> order_of(std::size_t round) const {
        std::vector<std::size_t> order;
        for (std::size_t const group : round_order(groups_.size(), round, options_.seed)) {
            auto const& members = groups_[group];
            for (std::size_t const place : round_order(members.size(), round, options_.seed + 1 + group))
                order.push_back(members[place]);
        }
        return order;
    }

    void run_round(std::size_t index, bool trace) {
        observer_.trial_begins(configurations_[index],
                               configurations_.size() * options_.rounds - left_in_plan_ + 1,
                               configurations_.size() * options_.rounds, time_left());
        auto const began = clock::now();
        auto const result = run_once(index, trace);
        records_[index].length = clock::now() - began;
        bool const bent = trace && result.tracing_seconds > most_tracing_share * result.wall_seconds;
        if (bent && result.error.empty()) {
            take_heap(records_[index], result);
            take_times(records_[index], run_once(index, false));
        } else {
            if (trace) take_heap(records_[index], result);
            take_times(records_[index], result);
        }
        --left_in_plan_;
    }

    trial_result run_once(std::size_t index, bool trace) {
        auto const& which = configurations_[index];
        auto const folder = folders_.make();
        trial_request request{.workload = which.what->name,
                              .spec = to_string(which.model),
                              .parameters = {},
                              .scratch = folder.native(),
                              .server_url = server_url_,
                              .trace_heap = trace,
                              .log = options_.log};
        for (auto const& [name, value] : which.parameters)
            request.parameters[name] = quartet::to_string(value);
        auto report = run_trial_process(request, options_.stop_descriptor);
        trial_folders::empty(folder);
        auto& record = records_[index];
        record.tree_peak.push_back(static_cast<double>(report.tree_peak_bytes));
        record.tree_method = report.tree_peak_method;
        return std::move(report.result);
    }

    void take_heap(record& into, trial_result const& from) {
        into.heap_current = from.heap_current_bytes;
        into.heap_peak = from.heap_peak_bytes;
        note_trouble(into, from);
    }

    void take_times(record& into, trial_result const& from) {
        note_trouble(into, from);
        if (!from.error.empty()) return;
        bool const other_answer = !into.last.checksum.empty() && into.last.checksum != from.checksum;
        if (other_answer && into.last.failed == 0 && from.failed == 0 && into.trouble.empty())
            into.trouble = "its answer differs from round to round";
        into.wall.push_back(from.wall_seconds);
        into.cpu_user.push_back(from.cpu_user_seconds);
        into.cpu_system.push_back(from.cpu_system_seconds);
        into.switches.push_back(static_cast<double>(from.context_switches));
        into.last = from;
    }

    void note_trouble(record& into, trial_result const& from) {
        if (into.trouble.empty()) into.trouble = from.error.empty() ? from.verification : from.error;
        if (from.failed > into.worst.failed) into.worst = from;
    }

    measurement summarize(std::size_t index) const {
        auto const& which = configurations_[index];
        auto const& record = records_[index];
        auto const& shown = record.worst.failed > 0 ? record.worst : record.last;
        measurement made{.workload = which.what->name,
                         .model = std::string(to_string(which.model.kind)),
                         .spec = to_string(which.model),
                         .tasks = shown.tasks,
                         .failed = shown.failed,
                         .checksum = record.last.checksum,
                         .verification = record.trouble,
                         .failures = shown.failures,
                         .laps = record.last.laps};
        made.heap_current_bytes = record.heap_current;
        made.heap_peak_bytes = record.heap_peak;
        if (record.wall.empty()) return made;
        made.wall_seconds = {median(record.wall), record.wall};
        made.cpu_user_seconds = median(record.cpu_user);
        made.cpu_system_seconds = median(record.cpu_system);
        made.context_switches = static_cast<std::uint64_t>(median(record.switches));
        if (!record.tree_peak.empty()) {
            made.tree_peak_bytes = static_cast<std::uint64_t>(median(record.tree_peak));
            made.tree_peak_method = record.tree_method;
        }
        return made;
    }

    // The first good measurement of a workload sets the answer; the others must have the same.
    static void compare_checksums(std::vector<measurement>& all) {
        std::map<std::string, measurement const*> first;
        for (auto& each : all) {
            if (!is_good(each) || each.wall_seconds.samples.empty()) continue;
            auto const [known, added] = first.try_emplace(each.workload, &each);
            if (!added && known->second->checksum != each.checksum)
                each.verification = fmt::format("its answer differs from that of {}", known->second->spec);
        }
    }

    std::optional<seconds> time_left() const {
        seconds known{0};
        std::size_t count = 0;
        for (auto const& each : records_) {
            if (each.length) known += *each.length;
            if (each.length) ++count;
        }
        if (count == 0) return std::nullopt;
        auto const guess = known / static_cast<double>(count);
        seconds left{0};
        std::size_t const all = configurations_.size();
        std::size_t const done = all * options_.rounds - left_in_plan_;
        std::size_t const full_rounds = left_in_plan_ / all;
        for (std::size_t index = 0; index < all; ++index)
            left += records_[index].length.value_or(guess) * static_cast<double>(full_rounds);
        auto const order = order_of(done / all);
        if (done % all != 0) {
            for (std::size_t place = done % all; place < all; ++place)
                left += records_[order[place]].length.value_or(guess);
        }
        return left;
    }

    std::vector<configuration> const& configurations_;
    std::string const& server_url_;
    session_options const& options_;
    session_observer& observer_;
    std::vector<std::vector<std::size_t>> groups_;  // the configurations of each workload
    std::vector<record> records_;
    std::size_t left_in_plan_;
    trial_folders folders_;
};

}  // namespace

model_spec resolve(model_spec asked, workload const& what, preset which) {
    if (asked.loops) {
        if (!asked.count) asked.count = usable_cpus();
        if (!asked.in_flight && !asked.all_in_flight) {
            asked.all_in_flight = which == preset::seed;
            if (!asked.all_in_flight) asked.in_flight = what.workers.async;
        }
        return asked;
    }
    if (asked.count || asked.each || asked.kind == model_kind::single) return asked;
    bool const per_task = which == preset::seed && asked.kind != model_kind::processes;
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

bool is_good(measurement const& of) {
    return of.failed == 0 && of.verification.empty();
}

std::vector<measurement> run_session(std::vector<configuration> const& configurations,
                                     std::string const& server_url, session_options const& options,
                                     session_observer& observer) {
    return session(configurations, server_url, options, observer).run();
}

}  // namespace quartet::measure
