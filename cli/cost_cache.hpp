// cli/cost_cache.hpp
//
// What the models ask for on this machine: measured once, and kept in the user's cache.
#pragma once

#include "cli/measuring.hpp"

#include <quartet/advice.hpp>

#include <filesystem>

namespace quartet::cli {

/// Measures them, and keeps them if there is a cache that can be written and nothing else kept the processors
/// busy. Throws measure::interrupted, std::system_error, std::runtime_error.
machine_costs measure_machine_costs(workbench& bench, measure::session_observer& observer);

/// From the cache; measures them where it has none of this machine, or ones that are more than 30 days old.
machine_costs costs_of_this_machine(workbench& bench, measure::session_observer& observer);

}  // namespace quartet::cli
