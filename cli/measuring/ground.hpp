// cli/measuring/ground.hpp
//
// On what a run takes place: this machine, or the nodes of a cluster, and what of this machine these see.
#pragma once

#include "cli/measuring/plan.hpp"
#include "cli/terminal/interrupt.hpp"
#include "measure/trial/cluster_survey.hpp"

#include <quartet/spec.hpp>

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace quartet::cli {

struct ground {
    std::filesystem::path folder{};     ///< in which the scratch folder is made
    std::string address = "127.0.0.1";  ///< at which servers listen, in numbers

    // Why the above will not do, if it matters; empty if it will.
    std::string no_files{};
    std::string no_server{};

    measure::survey_result cluster{};  ///< its nodes, if it was looked at
    std::string left_out{};  ///< for advice: why there are none although a launcher was asked for them
};

/// Looks at what models are to run on. `flag` is that by which they were named, `scratch` what --scratch
/// says.
///
/// Files of trials are in `scratch`, or in $TMPDIR or /tmp. On a cluster all nodes have to see them: if they
/// do not see those, they are in the current folder. Servers listen at the first address of this machine
/// that all nodes reach.
///
/// Throws usage_error if a model can't run here, or --scratch won't do; measure::interrupted,
/// std::system_error.
ground find_ground(std::string const& scratch, std::vector<model_spec> const& models, std::string_view flag,
                   interrupt const& stop);

/// For advice, which takes a cluster if there is one: on what it can be measured. Throws as above, but not
/// for a cluster that can't be used.
ground find_ground_of_advice(std::string const& scratch, interrupt const& stop);

/// Why the plan can't run on the nodes: it needs files or a server that they don't get to. Empty if it can.
std::string why_not_on(ground const& on, plan const& what);

/// Throws usage_error if the plan needs files or a server that the nodes don't get to.
void check_ground(ground const& on, plan const& what);

}  // namespace quartet::cli
