// cli/commands/commands.hpp
//
// The commands of the command line. Each adds its options to the parser; what it then does is kept in
// `action`, and the chosen command's action gives the exit code.
#pragma once

#include "cli/parsing/errors.hpp"

#include <CLI/CLI.hpp>

#include <functional>

namespace quartet::cli {

using action = std::function<int()>;

struct batch_arguments;

void add_run(CLI::App& app, action& chosen);
/// `given` outlives the action.
void add_batch(CLI::App& app, action& chosen, batch_arguments const& given);
void add_advise(CLI::App& app, action& chosen);
void add_profile(CLI::App& app, action& chosen);
void add_sweep(CLI::App& app, action& chosen);
void add_time(CLI::App& app, action& chosen);
void add_check(CLI::App& app, action& chosen);
void add_report(CLI::App& app, action& chosen);
void add_compare(CLI::App& app, action& chosen);
void add_list(CLI::App& app, action& chosen);
void add_doctor(CLI::App& app, action& chosen);
void add_serve(CLI::App& app, action& chosen);
void add_cluster(CLI::App& app, action& chosen);
void add_generate(CLI::App& app, action& chosen);
void add_clean(CLI::App& app, action& chosen);
void add_completion(CLI::App& app, action& chosen);

}  // namespace quartet::cli
