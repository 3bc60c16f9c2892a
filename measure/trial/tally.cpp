#include "measure/trial/tally.hpp"

#include "measure/statistics/statistics.hpp"
#include "measure/trial/trial_summary.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace quartet::measure {
namespace {

double middle_wall(std::vector<trial_figures> const& trials) {
    std::vector<double> walls;
    for (auto const& each : trials) {
        if (each.counts()) walls.push_back(each.wall_seconds);
    }
    return median(walls);
}

/// The calls of every n-th task. Gives their new places by the old ones, plus one each.
std::vector<std::uint64_t> keep_nested(task_table const& whole, std::size_t stride, task_table& kept) {
    std::vector<std::uint64_t> places(whole.nested_task.size() + 1, 0);
    for (std::size_t i = 0; i < whole.nested_task.size(); ++i) {
        if (whole.nested_task[i] % stride != 0) continue;
        if (std::ranges::binary_search(whole.nested_failed, i))
            kept.nested_failed.push_back(kept.nested_task.size());
        kept.nested_task.push_back(whole.nested_task[i] / stride);
        kept.nested_parent.push_back(places[whole.nested_parent[i]]);
        kept.nested_worker.push_back(whole.nested_worker[i]);
        kept.nested_made.push_back(whole.nested_made[i]);
        kept.nested_started.push_back(whole.nested_started[i]);
        kept.nested_finished.push_back(whole.nested_finished[i]);
        places[i + 1] = kept.nested_task.size();
    }
    return places;
}

/// Every n-th record, so that no more than most_records_kept are left.
task_table thinned(task_table const& whole) {
    std::size_t const count = whole.index.size();
    std::size_t const stride = (count + most_records_kept - 1) / most_records_kept;
    if (stride <= 1) return whole;
    task_table kept{.round = whole.round,
                    .tasks_seen = whole.tasks_seen,
                    .worker_names = whole.worker_names,
                    .waits_known = whole.waits_known,
                    .nested_seen = whole.nested_seen};
    for (std::size_t i = 0; i < count; i += stride) {
        if (std::ranges::binary_search(whole.failed, i)) kept.failed.push_back(kept.index.size());
        kept.call.push_back(whole.call[i]);
        kept.index.push_back(whole.index[i]);
        kept.worker.push_back(whole.worker[i]);
        kept.queued.push_back(whole.queued[i]);
        kept.started.push_back(whole.started[i]);
        kept.finished.push_back(whole.finished[i]);
    }
    auto const places = keep_nested(whole, stride, kept);
    for (std::size_t i = 0; i < whole.wait_task.size(); ++i) {
        if (whole.wait_task[i] % stride != 0) continue;
        if (!whole.wait_nested.empty()) kept.wait_nested.push_back(places[whole.wait_nested[i]]);
        kept.wait_task.push_back(whole.wait_task[i] / stride);
        kept.wait_began.push_back(whole.wait_began[i]);
        kept.wait_ended.push_back(whole.wait_ended[i]);
    }
    return kept;
}

/// The median over trials of a figure of the node at `place`; absent where no trial has it.
template <class Number>
std::optional<Number> median_of_node(std::vector<trial_figures> const& trials, std::size_t place,
                                     std::optional<Number> node_figures::*figure) {
    std::vector<double> samples;
    for (auto const& each : trials) {
        if (!each.counts() || place >= each.nodes.size()) continue;
        if (auto const& value = each.nodes[place].*figure) samples.push_back(static_cast<double>(*value));
    }
    if (samples.empty()) return std::nullopt;
    return static_cast<Number>(median(samples));
}

std::vector<node_figures> medians_of_nodes(std::vector<trial_figures> const& trials) {
    std::vector<node_figures> made;
    for (auto const& each : trials) {
        if (each.counts() && each.nodes.size() > made.size()) made = each.nodes;
    }
    for (std::size_t place = 0; place < made.size(); ++place) {
        auto const take = [&](auto figure) { made[place].*figure = median_of_node(trials, place, figure); };
        take(&node_figures::cpu_user_seconds);
        take(&node_figures::cpu_system_seconds);
        take(&node_figures::mpi_cpu_seconds);
        take(&node_figures::tree_peak_bytes);
        take(&node_figures::mpi_bytes);
        take(&node_figures::input_bytes);
        take(&node_figures::result_bytes);
        take(&node_figures::round_trip_seconds);
        take(&node_figures::clock_error_seconds);
    }
    return made;
}

/// The samples up to `end`: later ones were taken after the clock had stopped.
usage_table until(usage_table usage, double end) {
    auto const later = std::ranges::upper_bound(usage.seconds, end) - usage.seconds.begin();
    auto const count = static_cast<std::size_t>(later);
    usage.seconds.resize(count);
    usage.memory_bytes.resize(count);
    usage.cpu_seconds.resize(count);
    return usage;
}

}  // namespace

void pooled_times::add(double seconds) {
    constexpr std::size_t most = 1'000'000;
    max_ = std::max(seconds, max_.value_or(seconds));
    if (seen_++ % stride_ != 0) return;
    kept_.push_back(seconds);
    if (kept_.size() < most) return;
    for (std::size_t i = 0; 2 * i < kept_.size(); ++i)
        kept_[i] = kept_[2 * i];
    kept_.resize((kept_.size() + 1) / 2);
    stride_ *= 2;
}

percentiles pooled_times::summarize() const {
    return {known_quantile(kept_, 0.5), known_quantile(kept_, 0.9), known_quantile(kept_, 0.99), max_};
}

void tally::add_heap(trial_result const& from) {
    heap_current_ = from.heap_current_bytes;
    heap_peak_ = from.heap_peak_bytes;
    note_trouble(from);
}

void tally::add(trial_result const& from, trial_figures const& figures, std::string const& tree_method) {
    note_trouble(from);
    bool const other_answer = !last_.checksum.empty() && last_.checksum != from.checksum;
    if (other_answer && last_.failed == 0 && from.failed == 0 && trouble_.empty())
        trouble_ = "its answer differs from round to round";
    trials_.push_back(figures);
    tree_method_ = tree_method;
    if (figures.counts()) {
        for (std::size_t i = 0; i < from.records.started.size(); ++i) {
            queue_.add(1e-9 * static_cast<double>(from.records.started[i] - from.records.queued[i]));
            service_.add(1e-9 * static_cast<double>(from.records.finished[i] - from.records.started[i]));
        }
        keep_nearest_to_median(from, figures);
    }
    last_ = from;
    last_.records = {};
}

void tally::take_pictures(trial_result const& from, usage_table const& usage) {
    pictured_ = from;
    pictured_->records.round = 0;
    pictured_->records = thinned(pictured_->records);
    usage_ = until(usage, from.figures.wall_seconds);
}

void tally::add_failure(trial_result const& from) {
    note_trouble(from);
}

void tally::note_trouble(trial_result const& from) {
    if (trouble_.empty()) trouble_ = from.error.empty() ? from.verification : from.error;
    if (from.failed <= worst_.failed) return;
    worst_ = from;
    worst_.records = {};
}

/// Keeps the trial nearest to the median of the trials so far. If the median moves later, the trial nearest
/// to the new one may already have been dropped.
void tally::keep_nearest_to_median(trial_result const& from, trial_figures const& figures) {
    double const middle = middle_wall(trials_);
    bool const nearer =
        shown_wall_ == 0 || std::abs(figures.wall_seconds - middle) < std::abs(shown_wall_ - middle);
    if (!nearer) return;
    shown_ = from;
    shown_.records.round = figures.round;
    shown_.records = thinned(shown_.records);
    shown_wall_ = figures.wall_seconds;
}

measurement tally::make(std::size_t configurations) const {
    auto const& counts = worst_.failed > 0 ? worst_ : last_;
    measurement made{.workload = what_.name,
                     .model = std::string(model_.cluster ? "cluster" : to_string(model_.kind)),
                     .spec = to_string(model_),
                     .tasks = counts.tasks,
                     .failed = counts.failed,
                     .checksum = last_.checksum,
                     .heap_current_bytes = heap_current_,
                     .heap_peak_bytes = heap_peak_,
                     .verification = trouble_,
                     .failures = counts.failures,
                     .trials = trials_};
    if (!summarize_trials(made, configurations)) return made;
    if (made.wall_seconds.median > 0)
        made.tasks_per_second = static_cast<double>(last_.tasks) / made.wall_seconds.median;
    made.tree_peak_method = tree_method_;
    made.queue_seconds = queue_.summarize();
    made.service_seconds = service_.summarize();
    made.laps = shown_.laps;
    made.nodes = medians_of_nodes(trials_);
    made.workers = pictured_ ? pictured_->workers : shown_.workers;
    made.records = pictured_ ? pictured_->records : shown_.records;
    made.usage = usage_;
    return made;
}

}  // namespace quartet::measure
