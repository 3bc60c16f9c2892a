// measure/trial/tally.hpp
//
// Adds up the trials of one configuration, and makes its measurement of them. For one thread.
#pragma once

#include "measure/results/results.hpp"
#include "measure/trial/trial.hpp"

#include <quartet/spec.hpp>
#include <quartet/workload/registry.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace quartet::measure {

/// Times of tasks from many trials. Beyond a million only every second one is kept, beyond two million every
/// fourth, and so on; the greatest is always known.
class pooled_times {
public:
    void add(double seconds);

    percentiles summarize() const;

private:
    std::vector<double> kept_;
    std::size_t stride_ = 1;
    std::size_t seen_ = 0;
    std::optional<double> max_;
};

class tally {
public:
    tally(workload const& what, model_spec const& model) : what_(what), model_(model) {}

    /// A trial whose times don't count, for its heap and its failures.
    void add_heap(trial_result const& from);

    /// A trial that ran; `figures` is complete.
    void add(trial_result const& from, trial_figures const& figures, std::string const& tree_method);

    /// A trial for pictures: its records and workers are shown instead of those of the others.
    void take_pictures(trial_result const& from, usage_table const& usage);

    /// A trial that did not get as far as its times.
    void add_failure(trial_result const& from);

    /// `configurations`: how many the run has. Doubts about figures are raised such that the chance of a
    /// false one among all configurations together is 5 %.
    measurement make(std::size_t configurations) const;

private:
    void note_trouble(trial_result const& from);
    void keep_nearest_to_median(trial_result const& from, trial_figures const& figures);

    workload const& what_;
    model_spec model_;
    std::vector<trial_figures> trials_;
    std::string tree_method_;
    std::optional<std::uint64_t> heap_current_;
    std::optional<std::uint64_t> heap_peak_;
    trial_result last_;
    trial_result worst_;  // of the trial with the most failed tasks
    trial_result shown_;  // of the trial nearest to the median, for its records, workers and laps
    double shown_wall_ = 0;
    std::optional<trial_result> pictured_;
    usage_table usage_;
    std::string trouble_;  // the first error or wrong end state
    pooled_times queue_;
    pooled_times service_;
};

}  // namespace quartet::measure
