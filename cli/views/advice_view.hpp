// cli/views/advice_view.hpp
//
// A piece of advice, as text. Pure functions.
#pragma once

#include "cli/measuring/cost_cache.hpp"
#include "cli/terminal/terminal.hpp"

#include <quartet/workload/advice.hpp>

#include <optional>
#include <string>
#include <vector>

namespace quartet::cli {

/// What is said about a piece of work, and on what ground.
struct advice_report {
    work_shape work;
    known_costs known;
    std::string workload{};  ///< its name, if it comes from results
    advice given{};
    std::string ground{};                     ///< "predicted", "measured, median of 8 rounds"
    std::string sureness{};                   ///< why it is sure or not; empty: by the prediction's error
    std::vector<std::string> notes{};         ///< what else is to be known
    std::vector<std::string> disturbances{};  ///< what makes the measuring doubtful, as `run` says it
    std::vector<std::optional<double>>
        predicted{};  ///< seconds of each that was considered, where they were measured
};

std::string format_advice(advice_report const& report, terminal const& where);

/// What is advised and why, for a report: a paragraph, in UTF-8.
std::string advice_text(advice_report const& report);

/// On several workloads, each under its name.
std::string format_advice(std::vector<advice_report> const& reports, terminal const& where);

/// The same as JSON: an object, or an array of several.
std::string advice_to_json(std::vector<advice_report> const& reports);

}  // namespace quartet::cli
