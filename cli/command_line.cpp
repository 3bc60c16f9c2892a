// cli/command_line.cpp
//
// The command line from its first argument to the exit code.

#include "cli/batching/batch_arguments.hpp"
#include "cli/commands/commands.hpp"
#include "cli/logging.hpp"
#include "cli/parsing/exit_codes.hpp"
#include "cli/parsing/help.hpp"
#include "cli/parsing/parse_errors.hpp"
#include "cli/raise_limits.hpp"
#include "cli/terminal/text.hpp"
#include "measure/results/plain_text.hpp"
#include "measure/trial/node_probe.hpp"
#include "measure/trial/serve_trial.hpp"
#include "measure/trial/trial_forker.hpp"
#include "measure/trial/trial_protocol.hpp"

#include <quartet/version.hpp>
#include <quartet/workload/main.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <clocale>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace quartet {
namespace cli {
namespace {

/// Before main(): a machine that serves does not come beyond cluster_main().
[[maybe_unused]] bool const nodes_are_measured = [] {
    measure::measure_as_node();
    return true;
}();

/// Prints an error. The text may hold what other programs wrote.
void complain(CLI::App const& app, std::string_view text) {
    constexpr std::size_t most = 2000;
    fmt::print(stderr, "{}: {}\n", printable(command_of(app)), printable(measure::shortened(text, most)));
}

int run_action(CLI::App const& app, action const& chosen) {
    try {
        return chosen();
    } catch (usage_error const& mistake) {
        complain(app, mistake.what());
        return bad_usage;
    } catch (failed_with const& failure) {
        fmt::print(stderr, "{}: {}\n", command_of(app), failure.what());
        return failure.code();
    } catch (std::exception const& failure) {
        complain(app, failure.what());
        return something_failed;
    }
}

int interpret(int argc, char** argv) {
    CLI::App app(
        "Runs the same work single-threaded, on threads, in processes and on an event loop, and measures "
        "it.");
    app.name(std::string(std::string_view(argv[0]).substr(std::string_view(argv[0]).rfind('/') + 1)));
    app.set_version_flag("--version", std::string("quartet ") + QUARTET_VERSION, "print the version");
    app.require_subcommand(0, 1);
    app.set_help_flag("-h,--help", "explain the command line");
    app.formatter(help_format());
    action chosen;
    batch_arguments batch;
    add_run(app, chosen);
    add_batch(app, chosen, batch);
    add_advise(app, chosen);
    add_profile(app, chosen);
    add_sweep(app, chosen);
    add_time(app, chosen);
    add_check(app, chosen);
    add_report(app, chosen);
    add_compare(app, chosen);
    add_list(app, chosen);
    add_doctor(app, chosen);
    add_serve(app, chosen);
    add_cluster(app, chosen);
    add_generate(app, chosen);
    add_clean(app, chosen);
    add_completion(app, chosen);
    be_strict(app);
    try {
        auto words = std::vector<std::string>(argv + 1, argv + argc);
        if (!words.empty() && words.front() == "batch") {
            batch = split_batch(std::span(words).subspan(1));
            words = batch.for_parser();
            words.insert(words.begin(), "batch");
        }
        std::ranges::reverse(words);  // as the parser takes them
        app.parse(std::move(words));
    } catch (usage_error const& mistake) {
        fmt::print(stderr, "{} batch: {}\n", app.get_name(), printable(mistake.what()));
        return bad_usage;
    } catch (CLI::ParseError const& error) {
        if (error.get_exit_code() == 0) return app.exit(error);  // --help and --version
        complain(app, explain(app, error));
        return bad_usage;
    }
    if (!chosen) {
        fmt::print(stderr, "{}", deepest_command(app).help());
        return bad_usage;
    }
    return run_action(app, chosen);
}

/// Writes out what is still in the buffer of standard output. If that fails, `code` becomes one of failure,
/// unless the reader has gone and wants no more.
int with_output_written(int code) {
    if (std::fflush(stdout) == 0 || errno == EPIPE) return code;
    fmt::print(stderr, "quartet: cannot write to standard output: {}\n", std::strerror(errno));
    return code == all_well ? something_failed : code;
}

}  // namespace
}  // namespace cli

}  // namespace quartet

int quartet::command_line(int argc, char** argv) {
    std::setlocale(LC_CTYPE, "");
    // The program that starts this one may ignore it; then the end of no child could be known.
    std::signal(SIGCHLD, SIG_DFL);
    // A file larger than allowed is an error, and no reason to leave in the middle. Not SIG_IGN, which the
    // programs that are run would inherit.
    std::signal(SIGXFSZ, [](int) {});
    cli::raise_descriptor_limit();
    if (argc == 2 && argv[1] == measure::trial_argument) return measure::serve_trial(cli::log_to_stderr());
    measure::prepare_forked_trials(cli::log_to_stderr());
    return cli::with_output_written(cli::interpret(argc, argv));
}
