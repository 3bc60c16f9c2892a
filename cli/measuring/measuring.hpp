// cli/measuring/measuring.hpp
//
// How a command measures: its options, what its trials need around them, and the document that comes of it.
#pragma once

#include "cli/measuring/plan.hpp"
#include "cli/measuring/scratch.hpp"
#include "cli/terminal/interrupt.hpp"
#include "measure/trial/session.hpp"
#include "server/server_process.hpp"

#include <CLI/CLI.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace quartet::cli {

/// As it is typed.
struct method_options {
    std::optional<std::size_t> rounds;
    std::size_t warmup = 1;
    std::string precision;
    std::string budget;
    std::string margin = "3%";
    std::optional<std::uint64_t> seed;
    bool yes = false;
};

/// --rounds, --precision, --budget, --warmup, --margin, --seed and --yes.
void add_method_options(CLI::App& command, method_options& options);

struct method {
    measure::stopping_plan stopping;
    std::size_t warmup;
    double margin;
    std::uint64_t seed;
    bool log = false;       ///< show what tasks log
    bool pictures = false;  ///< record, after all rounds, what can be drawn
    bool live = false;      ///< tell the observer after every trial what there is
};

/// `competitors`: how many configurations a workload has; without other orders as many rounds are run as it
/// takes to tell them apart. Throws usage_error.
method choose_method(method_options const& options, std::size_t competitors);

/// What trials need around them: a folder, and the test server if one of them asks it. Neither outlives it.
class workbench {
public:
    /// Throws std::system_error.
    workbench(scratch_folder const& scratch, interrupt const& stop) : scratch_(scratch), stop_(stop) {}

    /// Runs a session.
    measure::session_results measure(plan const& what, method const& how,
                                     measure::session_observer& observer);

    /// Starts the test server, if the plan needs one.
    void provide_for(plan const& what);

    /// Starts it, if it does not run.
    void provide_server();

    measure::session_options session_options(method const& how) const;

private:
    scratch_folder const& scratch_;
    interrupt const& stop_;
    std::optional<server_process> server_;
};

/// The document of a session, as far as it has come.
measure::results assemble(work_options const& work, plan const& what, method const& how,
                          scratch_folder const& scratch, measure::session_results found);

/// This process's command line, as one would type it.
std::string command_text();

}  // namespace quartet::cli
