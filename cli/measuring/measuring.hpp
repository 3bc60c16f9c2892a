// cli/measuring/measuring.hpp
//
// How a command measures: its options, what its trials need (a scratch folder, the test server), and the
// results document made of them.
#pragma once

#include "cli/measuring/plan.hpp"
#include "cli/measuring/scratch.hpp"
#include "cli/terminal/interrupt.hpp"
#include "measure/trial/session.hpp"
#include "server/server_process.hpp"

#include <CLI/CLI.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
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
    bool live = false;      ///< give the observer the results so far after every trial
};

/// `competitors`: how many configurations each workload has. Unless --rounds says otherwise, there are as
/// many rounds as it takes to tell that many apart. Throws usage_error.
method choose_method(method_options const& options, std::size_t competitors);

/// What trials need: a scratch folder, the test server if one of them asks it, and the servers of workloads
/// that have their own. All end with this object.
class workbench {
public:
    /// Servers listen at `address`, in numbers. Throws std::system_error.
    workbench(scratch_folder const& scratch, interrupt const& stop, std::string address = "127.0.0.1")
        : scratch_(scratch), stop_(stop), address_(std::move(address)) {}

    /// Runs a session.
    measure::session_results measure(plan const& what, method const& how,
                                     measure::session_observer& observer);

    /// Starts the servers that the plan needs, if they do not run. Throws measure::interrupted, and what the
    /// system says.
    void provide_for(plan const& what);

    /// Starts it, if it does not run.
    void provide_server();

    measure::session_options session_options(method const& how) const;

private:
    struct own_server {
        std::unique_ptr<scratch_folder> folder;    ///< if it wants one
        std::unique_ptr<workload_server> process;  ///< none: the workload asks somebody else's
    };

    void provide_own_server(measure::configuration const& of);

    scratch_folder const& scratch_;
    interrupt const& stop_;
    std::string address_;
    std::optional<server_process> server_;
    std::map<std::string, own_server> own_servers_;  ///< by the names of their workloads
};

/// The results document of a session, also of one that is not finished.
measure::results assemble(work_options const& work, plan const& what, method const& how,
                          scratch_folder const& scratch, measure::session_results found);

/// This process's command line, as one would type it.
std::string command_text();

}  // namespace quartet::cli
