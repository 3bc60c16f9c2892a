// src/advice/cost_file.hpp
//
// The costs of this machine, kept in the user's cache, so that they are measured once. A text of lines
// "name value"; which machine they are of stands in it too. Any thread.
#pragma once

#include <quartet/workload/advice.hpp>

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace quartet::inline v0::detail {

/// Whether so much that others took of the processors can't be overlooked.
constexpr bool disturbs(double share) noexcept {
    return share > 0.05;
}

/// Costs, what they are of, and how good they are.
struct kept_costs {
    machine_costs costs;
    std::string identity;  ///< of the machine, and of the program that measured
    std::chrono::sys_seconds measured;
    double disturbed_share =
        0;  ///< of the processors, what others took meanwhile: so much too high they may be

    bool disturbed() const noexcept { return disturbs(disturbed_share); }
};

/// $XDG_CACHE_HOME/quartet/costs, or ~/.cache/quartet/costs. Empty if neither is known.
std::filesystem::path cost_file_path();

/// Processor, number of processors that may be used, kernel, and the version of quartet.
std::string machine_identity();

std::string to_text(kept_costs const& kept);

/// Nothing of a text that is not whole.
std::optional<kept_costs> costs_from_text(std::string_view text);

/// What the cache has of this machine, however old and however good.
std::optional<kept_costs> load_costs();

/// Whether what was found is to be kept in place of what there is of the same machine: if it was disturbed
/// less, or too little to matter, or what there is was 30 days old then.
bool is_better(kept_costs const& found, kept_costs const& kept) noexcept;
bool is_better(double found_disturbed_share, std::chrono::sys_seconds found, double kept_disturbed_share,
               std::chrono::sys_seconds kept) noexcept;

}  // namespace quartet::inline v0::detail
