// cli/advice/results_advice.hpp
//
// Advice by what was measured. Pure functions.
#pragma once

#include "cli/measuring/cost_cache.hpp"
#include "cli/views/advice_view.hpp"
#include "measure/results/results.hpp"

#include <quartet/workload/advice.hpp>

#include <map>
#include <string>
#include <vector>

namespace quartet::cli {

/// Costs and limits that advice goes by, and how its texts may be written.
struct advice_ground {
    known_costs known;
    advice_limits limits{};
    bool utf8 = true;
    std::string left_out{};  ///< why a cluster is not considered although a launcher was asked for it
};

/// Advises by the cost model. Throws usage_error if the limits leave nothing.
advice advise_on(work_shape const& work, advice_ground const& by);

/// Advises among the models that were measured with such work. Throws std::runtime_error if none of it is
/// good.
advice_report advise_among_measured(work_shape const& work, std::vector<measure::measurement> const& measured,
                                    advice_ground const& by);

/// Advises by results of a workload; `name` is what to call them. Throws usage_error if they have no good run
/// of it with single, std::runtime_error as above.
advice_report advise_on_results(measure::results const& all, std::string const& workload,
                                std::string const& name, advice_ground const& by);

/// What else is worth knowing beside the choice.
std::vector<std::string> notes_on(advice const& given, advice_ground const& by);

/// "By a run with single, …", and by one on the cluster if that told the sizes.
std::string shape_text(work_shape const& work, bool has_sizes);

/// The first thing that went wrong.
std::string why_bad(measure::measurement const& of);

/// Advice on all workloads of results for a report, by their names: what its curves tell if one was swept,
/// else by the costs of this machine if they are known, else by usual ones. Those that nothing can be said
/// about are left out.
std::map<std::string, std::string> advice_for_report(measure::results const& all);

}  // namespace quartet::cli
