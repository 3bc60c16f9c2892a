// cli/measuring/cost_cache.hpp
//
// What the models ask for on this machine: measured when somebody asks for it, and kept in the user's cache
// with how good it is.
#pragma once

#include "cli/measuring/measuring.hpp"
#include "src/advice/cost_file.hpp"

#include <quartet/workload/advice.hpp>

#include <optional>
#include <string>

namespace quartet::cli {

/// Costs, and where they are from.
struct known_costs {
    machine_costs costs;
    /// When they were measured on this machine and how good that was; absent of those of a usual machine.
    std::optional<detail::kept_costs> measured{};
    std::string name;  ///< in words, to follow "predicted by"
};

/// Measures them, some ten seconds, and keeps them if there is a cache that can be written and nothing better
/// in it. Throws measure::interrupted, std::system_error, std::runtime_error.
detail::kept_costs measure_machine_costs(workbench& bench, measure::session_observer& observer);

/// What the cache has of this machine; else those of a usual one. At once.
known_costs costs_at_hand();

/// Those of Python.
known_costs costs_of_python();

/// What was measured, in words.
known_costs as_known(detail::kept_costs const& measured);

}  // namespace quartet::cli
