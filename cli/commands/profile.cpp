// cli/commands/profile.cpp
//
// `quartet profile`: how the time of a real program goes, and what kind of work that is.

#include "cli/commands/commands.hpp"
#include "cli/launching/started_program.hpp"
#include "cli/parsing/exit_codes.hpp"
#include "cli/parsing/quantities.hpp"
#include "cli/reports/report_files.hpp"
#include "cli/terminal/figures.hpp"
#include "cli/terminal/interrupt.hpp"
#include "cli/terminal/terminal.hpp"
#include "cli/views/profile_view.hpp"
#include "measure/analysis/work_kind.hpp"
#include "measure/probes/profiler.hpp"

#include <quartet/cpus.hpp>

#include <fmt/format.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <memory>
#include <optional>
#include <signal.h>
#include <stdexcept>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace quartet::cli {
namespace {

struct profile_options {
    std::optional<int> process;
    std::string duration;
    bool plain = false;
    std::vector<std::string> command;
};

std::optional<std::chrono::nanoseconds> limit_of(profile_options const& options) {
    if (options.duration.empty()) return std::nullopt;
    try {
        return std::chrono::duration_cast<std::chrono::nanoseconds>(parse_duration(options.duration));
    } catch (std::invalid_argument const& wrong) {
        throw usage_error(fmt::format("--for: {}", wrong.what()));
    }
}

measure::program_profile watch(profile_options const& options, interrupt const& stop) {
    auto const limit = limit_of(options);
    if (options.process) {
        if (::kill(*options.process, 0) != 0 && errno != EPERM)
            throw usage_error(fmt::format("--pid {}: {}", *options.process, std::strerror(errno)));
        return measure::watch_program(*options.process, false, limit.value_or(std::chrono::seconds(10)),
                                      stop.descriptor());
    }
    started_program program({.words = options.command});
    auto found = measure::watch_program(program.id(), true, limit, stop.descriptor());
    if (found.exit_status) program.set_ended();
    return found;
}

/// The exit code of `profile`: the program's own, as a shell gives it, if it ended by itself. Being stopped
/// at --for is no failure.
int exit_code_of(measure::program_profile const& found, interrupt const& stop) {
    if (int const number = stop.signal()) return interrupted_by + number;
    if (!found.exit_status) return all_well;
    int const status = *found.exit_status;
    return WIFSIGNALED(status) ? interrupted_by + WTERMSIG(status) : WEXITSTATUS(status);
}

/// Throws failed_with if there are too few samples to judge by; with the program's own exit code if it
/// failed.
void check_worth(measure::program_profile const& found, int program_code) {
    int const code = program_code == all_well ? something_failed : program_code;
    if (found.looks < measure::fewest_looks)
        throw failed_with(
            code,
            fmt::format("it was gone after {} and {} look{}, which says nothing; give it more to do, or "
                        "watch a loop of it",
                        format_seconds(found.seconds, false), found.looks, found.looks == 1 ? "" : "s"));
    if (!found.saw_calls && !measure::mostly_computes(found))
        throw failed_with(
            code,
            "it waits, and what for is not to be seen: watch it as root, or as its owner (where "
            "/proc/sys/kernel/yama/ptrace_scope is 1, start it with `quartet profile -- COMMAND`)");
}

int profile(profile_options const& options) {
    if (options.process && !options.command.empty())
        throw usage_error("--pid: watches a program that runs; leave out either it or the command");
    if (!options.process && options.command.empty())
        throw usage_error("nothing to watch: give a command after --, or --pid N of a program that runs");
    interrupt const stop;
    signal(SIGPIPE, SIG_IGN);
    // Standard output belongs to the program that is run.
    int const stream = options.process ? STDOUT_FILENO : STDERR_FILENO;
    auto const where = terminal::of(stream, options.plain);
    auto const found = watch(options, stop);
    int const code = exit_code_of(found, stop);
    check_worth(found, code);
    print_to(stream, format_profile(found, usable_cpus(), where));
    return code;
}

}  // namespace

void add_profile(CLI::App& app, action& chosen) {
    auto const options = std::make_shared<profile_options>();
    auto* const command = app.add_subcommand("profile", "watch a program and say how its time goes");
    command->add_option("--pid", options->process, "of a program that runs; without, COMMAND is run")
        ->option_text("N")
        ->check(CLI::Range(1, 1 << 22));
    command->add_option("--for", options->duration, "how long to watch (default: to its end; with --pid 10s)")
        ->option_text("TIME");
    command->add_flag("--plain", options->plain, "in ASCII, without colours");
    command->add_option("COMMAND", options->command, "what to run, behind --");
    command->footer(
        "Examples:\n"
        "  quartet profile -- gzip -k big.log\n"
        "  quartet profile --pid 4711 --for 30s\n");
    command->callback([options, &chosen] { chosen = [options] { return profile(*options); }; });
}

}  // namespace quartet::cli
