// src/advice/cost_file.hpp
//
// The costs of this machine, kept in the user's cache, so that they are measured once. A text of lines
// "name value"; which machine they are of stands in it too. Any thread.
#pragma once

#include <quartet/advice.hpp>

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace quartet::detail {

/// Costs, and what they are of.
struct kept_costs {
    machine_costs costs;
    std::string identity;  ///< of the machine, and of the program that measured
    std::chrono::sys_seconds measured;
};

/// $XDG_CACHE_HOME/quartet/costs, or ~/.cache/quartet/costs. Empty if neither is known.
std::filesystem::path cost_file_path();

/// Processor, number of processors that may be used, kernel, and the version of quartet.
std::string machine_identity();

std::string to_text(kept_costs const& kept);

/// Nothing of a text that is not whole.
std::optional<kept_costs> costs_from_text(std::string_view text);

/// What the cache has of this machine, not older than 30 days.
std::optional<kept_costs> load_costs();

}  // namespace quartet::detail
