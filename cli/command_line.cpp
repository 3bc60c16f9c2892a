// cli/command_line.cpp
//
// The command line from its first argument to the exit code.

#include <quartet/version.hpp>
#include <quartet/workload.hpp>

#include "cli/commands/commands.hpp"
#include "cli/exit_codes.hpp"
#include "cli/logging.hpp"
#include "cli/raise_limits.hpp"
#include "measure/trial_process.hpp"
#include "src/core/nearest.hpp"

#include <fmt/format.h>

#include <clocale>
#include <cstdio>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

namespace quartet {
namespace cli {
namespace {

/// "quartet run": what the parser had understood when it stumbled.
std::string command_of(CLI::App const& app) {
    std::string name = app.get_name();
    for (auto const* chosen : app.get_subcommands()) name += " " + command_of(*chosen);
    return name;
}

CLI::App const& deepest(CLI::App const& app) {
    auto const chosen = app.get_subcommands();
    return chosen.empty() ? app : deepest(*chosen.back());
}

/// "; did you mean '--models'?" for a word that the parser did not expect.
std::string suggestion(CLI::App const& app, std::string_view message) {
    auto const colon = message.rfind(": ");
    if (colon == std::string_view::npos) return "";
    auto const word = message.substr(colon + 2);
    auto const& at = deepest(app);
    std::vector<std::string> names;
    for (auto const* option : at.get_options()) names.push_back(option->get_name());
    for (auto const* command : at.get_subcommands({})) names.push_back(command->get_name());
    std::vector<std::string_view> const views(names.begin(), names.end());
    return detail::did_you_mean(word, views);
}

int explain(CLI::App const& app, CLI::ParseError const& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help and --version
    std::string const message = error.what();
    fmt::print(stderr, "{}: {}{}\n", command_of(app), message, suggestion(app, message));
    return bad_usage;
}

int run_action(CLI::App const& app, action const& chosen) {
    try {
        return chosen();
    } catch (usage_error const& mistake) {
        fmt::print(stderr, "{}: {}\n", command_of(app), mistake.what());
        return bad_usage;
    } catch (std::exception const& failure) {
        fmt::print(stderr, "{}: {}\n", command_of(app), failure.what());
        return something_failed;
    }
}

int interpret(int argc, char** argv) {
    CLI::App app("Runs the same work single-threaded, on threads, in processes and on an event loop, and measures it.");
    app.name(std::string(std::string_view(argv[0]).substr(std::string_view(argv[0]).rfind('/') + 1)));
    app.set_version_flag("--version", std::string("quartet ") + QUARTET_VERSION);
    app.require_subcommand(0, 1);
    action chosen;
    add_run(app, chosen);
    add_list(app, chosen);
    add_serve(app, chosen);
    add_generate(app, chosen);
    add_clean(app, chosen);
    try {
        app.parse(argc, argv);
    } catch (CLI::ParseError const& error) {
        return explain(app, error);
    }
    if (!chosen) {
        fmt::print(stderr, "{}", app.help());
        return bad_usage;
    }
    return run_action(app, chosen);
}

}  // namespace
}  // namespace cli

int command_line(int argc, char** argv) {
    std::setlocale(LC_CTYPE, "");
    cli::raise_descriptor_limit();
    if (argc == 2 && argv[1] == measure::trial_argument) return measure::serve_trial(cli::log_to_stderr());
    return cli::interpret(argc, argv);
}

}  // namespace quartet
