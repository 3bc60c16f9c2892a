// cli/advice/adviser.hpp
//
// The ways to arrive at advice: from a description of the tasks, by the cost model alone; or from a workload,
// by measuring the configurations that the cost model finds promising. For advice from existing results see
// results_advice.hpp.
#pragma once

#include "cli/advice/results_advice.hpp"
#include "cli/measuring/measuring.hpp"
#include "cli/measuring/plan.hpp"
#include "measure/results/results.hpp"
#include "measure/trial/session.hpp"

#include <quartet/workload/advice.hpp>

#include <cstddef>
#include <string>
#include <vector>

namespace quartet::cli {

class adviser {
public:
    /// The bench must outlive it.
    adviser(workbench& bench, advice_ground const& by, std::size_t rounds)
        : bench_(bench), by_(by), rounds_(rounds) {}

    /// By the cost model, at once. Throws usage_error if the limits leave nothing.
    advice_report on_description(work_shape const& work) const;

    /// What the next function measures, as far as it is to be known before.
    static plan synthetic_plan(work_shape const& work);

    /// By measuring synthetic work of that description. Throws usage_error, measure::interrupted,
    /// std::runtime_error, std::system_error, as the next function does.
    advice_report on_synthetic(work_shape const& work) const;

    /// By measuring the workload of a plan, its only one.
    advice_report on_workload(plan const& what) const;

private:
    measure::session_results measure(measure::configuration const& like,
                                     std::vector<model_spec> const& models, std::size_t rounds) const;
    std::vector<model_spec> shortlist(advice const& first, work_shape const& work) const;
    advice_report by_measuring(measure::configuration const& like, work_shape const& work) const;

    workbench& bench_;
    advice_ground by_;
    std::size_t rounds_;
};

}  // namespace quartet::cli
