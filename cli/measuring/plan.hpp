// cli/measuring/plan.hpp
//
// From what was typed to what is measured: workloads, models, presets and parameters become configurations.
#pragma once

#include "cli/terminal/interrupt.hpp"
#include "measure/trial/session.hpp"

#include <quartet/spec.hpp>
#include <quartet/workload/parameter.hpp>
#include <quartet/workload/registry.hpp>

#include <CLI/CLI.hpp>

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace quartet::cli {

/// What to run, as it is typed.
struct work_options {
    std::vector<std::string> workloads;
    std::string preset = "quick";
    std::vector<std::string> settings;
    std::string inputs;
    std::string scratch;
};

/// WORKLOAD: one, or several.
CLI::Option* add_workload_argument(CLI::App& command, std::string& workload, std::string help);
CLI::Option* add_workload_argument(CLI::App& command, std::vector<std::string>& workloads, std::string help);

/// --models.
CLI::Option* add_models_option(CLI::App& command, std::string& models, std::string help);

/// --preset, --set, --inputs and --scratch.
void add_work_options(CLI::App& command, work_options& options);

using values_by_workload = std::map<std::string, parameter_values>;

struct plan {
    std::vector<measure::configuration> configurations;
    values_by_workload values;
    bool needs_server = false;
    std::vector<std::string> skipped{};  ///< "query is skipped: …", of workloads that lack something here
};

/// "single,threads:8", each once. Throws usage_error that names `flag`.
std::vector<model_spec> parse_models(std::string const& list, std::string_view flag);

/// The preset by its name. Throws usage_error.
preset choose_preset(work_options const& options);

std::string_view name_of(preset which) noexcept;

/// Every workload under every model, but for those that lack something here. Throws usage_error, also if none
/// is left.
plan make_plan(work_options const& options, std::vector<model_spec> const& models);

/// Turns --inputs into --set command.inputs. Standard input (`-`), and every input file that can be read only
/// once, such as a pipe, is first copied into `scratch`, since each trial reads it anew. Throws usage_error,
/// measure::interrupted, std::system_error.
void take_inputs(work_options& options, std::filesystem::path const& scratch, interrupt const& stop);

}  // namespace quartet::cli
