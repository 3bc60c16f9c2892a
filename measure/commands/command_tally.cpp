#include "measure/commands/command_tally.hpp"

#include "measure/statistics/statistics.hpp"
#include "measure/trial/trial_summary.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

namespace quartet::measure {
namespace {

/// Absent where a trial has none.
std::optional<std::uint64_t> middle_count(std::vector<trial_figures> const& trials,
                                          std::optional<std::uint64_t> counter_figures::*which) {
    std::vector<double> counts;
    for (auto const& each : trials) {
        if (!each.counts()) continue;
        auto const& count = each.counters.*which;
        if (!count) return std::nullopt;
        counts.push_back(static_cast<double>(*count));
    }
    if (counts.empty()) return std::nullopt;
    return static_cast<std::uint64_t>(median(counts));
}

counter_figures middle_counters(std::vector<trial_figures> const& trials) {
    counter_figures made;
    for (auto const which :
         {&counter_figures::instructions, &counter_figures::cycles, &counter_figures::cache_references,
          &counter_figures::cache_misses, &counter_figures::branch_misses})
        made.*which = middle_count(trials, which);
    return made;
}

/// What is left of a time. Nothing takes no time: it would be infinitely many times as fast.
double without(double seconds, double part, double least) {
    return std::max(seconds - part, least);
}

/// "in 3 of 8 runs".
std::string in_runs(std::size_t some, std::size_t all) {
    return some == all ? "in every run" : fmt::format("in {} of {} runs", some, all);
}

}  // namespace

double shell_cost::middle(double trial_figures::*figure) const {
    std::vector<double> all;
    for (auto const& each : runs_)
        all.push_back(each.*figure);
    return all.empty() ? 0 : median(all);
}

void command_tally::add(command_end const& end, trial_figures const& figures) {
    trials_.push_back(figures);
    methods_.emplace_back(end.peak_method);
    if (end.status != 0) {
        ++other_codes_;
        other_end_ = end.describe();
    }
    if (figures.left_processes.value_or(0) > 0) {
        ++left_in_;
        left_name_ = end.left_name;
    }
}

void command_tally::give_up(std::string why) {
    if (trouble_.empty()) trouble_ = std::move(why);
}

measurement command_tally::make(std::size_t rows, shell_cost const& shell) const {
    measurement made{.workload = std::string(timed_workload),
                     .model = std::string(command_model),
                     .spec = row_.name,
                     .command = row_.line,
                     .parameters = row_.parameters,
                     .tasks = 1,
                     .verification = trouble_,
                     .trials = trials_};
    if (row_.through_shell && shell.known()) take_off(made, shell);
    if (!summarize_trials(made, rows)) return made;
    if (made.wall_seconds.median > 0) made.tasks_per_second = 1 / made.wall_seconds.median;
    made.processor_wait_seconds.reset();
    set_memory(made);
    made.counters = middle_counters(trials_);
    add_warnings(made);
    return made;
}

/// Trees are sampled in warm-ups, if they do not run long: so these count here, too.
void command_tally::set_memory(measurement& to) const {
    auto peak = to.tree_peak_bytes.value_or(0);
    for (auto const& each : trials_) {
        if (!each.counts()) peak = std::max(peak, each.tree_peak_bytes);
    }
    to.tree_peak_bytes.reset();
    if (peak == 0) return;
    to.tree_peak_bytes = peak;
    auto const has = [&](std::string_view which) { return std::ranges::count(methods_, which) > 0; };
    to.tree_peak_method = has("pss") ? "pss" : has("rss") ? "rss" : "hwm";
}

void command_tally::take_off(measurement& from, shell_cost const& shell) const {
    constexpr double shortest = 1e-6;
    double const wall = shell.wall_seconds();
    from.shell_seconds = wall;
    for (auto& each : from.trials) {
        each.wall_seconds = without(each.wall_seconds, wall, shortest);
        each.cpu_user_seconds = without(each.cpu_user_seconds, shell.user_seconds(), 0);
        each.cpu_system_seconds = without(each.cpu_system_seconds, shell.system_seconds(), 0);
    }
}

void command_tally::add_warnings(measurement& to) const {
    if (to.shell_seconds && to.wall_seconds.median < *to.shell_seconds)
        to.warnings.push_back(fmt::format(
            "more than half of what was measured was the start of its shell, {:.2g} ms, which was taken "
            "off; --shell none measures better what needs none",
            1e3 * *to.shell_seconds));
    if (left_in_ > 0)
        to.warnings.push_back(fmt::format("{} it left processes behind{}, whose time is in no figure",
                                          in_runs(left_in_, trials_.size()),
                                          left_name_.empty() ? "" : " (" + left_name_ + ')'));
    if (other_codes_ > 0)
        to.warnings.push_back(fmt::format("{} it {}", in_runs(other_codes_, trials_.size()), other_end_));
}

}  // namespace quartet::measure
