// cli/adviser.hpp
//
// How a piece of advice is come by: from a description of the tasks by the cost model alone, from a workload
// by measuring what the model finds worth it, or from results that there are.
#pragma once

#include "cli/advice_view.hpp"
#include "cli/measuring.hpp"
#include "cli/plan.hpp"
#include "measure/results.hpp"
#include "measure/session.hpp"

#include <quartet/advice.hpp>

#include <cstddef>
#include <string>
#include <vector>

namespace quartet::cli {

class adviser {
public:
    /// `utf8`: how the report's texts may be written. The bench must outlive it.
    adviser(workbench& bench, machine_costs const& costs, advice_limits const& limits, std::size_t rounds,
            bool utf8)
        : bench_(bench), costs_(costs), limits_(limits), rounds_(rounds), utf8_(utf8) {}

    /// By the cost model. `ground` says whose costs these are. Throws usage_error if the limits leave
    /// nothing.
    advice_report on_description(work_shape const& work, std::string ground) const;

    /// By measuring synthetic work of that description. Throws usage_error, measure::interrupted,
    /// std::runtime_error, std::system_error; the following likewise.
    advice_report on_synthetic(work_shape const& work) const;

    /// By measuring the workload of a plan, its only one.
    advice_report on_workload(plan const& what) const;

    /// By results of a workload; `name` is what to call them.
    advice_report on_results(measure::results const& all, std::string const& workload,
                             std::string const& name) const;

private:
    advice advise_on(work_shape const& work) const;
    std::vector<measure::measurement> measure(measure::configuration const& like,
                                              std::vector<model_spec> const& models,
                                              std::size_t rounds) const;
    std::vector<model_spec> shortlist(advice const& first, work_shape const& work) const;
    advice_report by_measuring(measure::configuration const& like, work_shape const& work) const;
    advice_report report_on(work_shape const& work, std::vector<measure::measurement> const& measured) const;

    workbench& bench_;
    machine_costs costs_;
    advice_limits limits_;
    std::size_t rounds_;
    bool utf8_;
};

}  // namespace quartet::cli
