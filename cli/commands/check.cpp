// cli/commands/check.cpp
//
// `quartet check`: whether the tasks of a workload are independent of each other.

#include "cli/commands/commands.hpp"
#include "cli/measuring/ground.hpp"
#include "cli/measuring/measuring.hpp"
#include "cli/measuring/plan.hpp"
#include "cli/measuring/repetition.hpp"
#include "cli/measuring/scratch.hpp"
#include "cli/parsing/exit_codes.hpp"
#include "cli/parsing/validators.hpp"
#include "cli/reports/report_files.hpp"
#include "cli/terminal/interrupt.hpp"
#include "cli/terminal/status_line.hpp"
#include "cli/terminal/terminal.hpp"
#include "cli/views/check_view.hpp"
#include "measure/analysis/consistency.hpp"

#include <fmt/format.h>

#include <memory>
#include <optional>
#include <random>
#include <signal.h>
#include <string>
#include <unistd.h>

namespace quartet::cli {
namespace {

struct check_options {
    work_options work;
    std::string models;
    std::size_t shuffles = 1;
    std::optional<std::uint64_t> seed;
    bool quiet = false;
    bool plain = false;
    bool yes = false;
};

int check(check_options options) {
    interrupt const stop;
    signal(SIGPIPE, SIG_IGN);
    auto const models =
        options.models.empty() ? std::vector<model_spec>() : parse_models(options.models, "--models");
    std::uint64_t const seed = options.seed ? *options.seed : std::random_device()();
    try {
        auto const on = find_ground(options.work.scratch, models, "--models", stop);
        scratch_folder const scratch(on.folder);
        take_inputs(options.work, scratch.path(), stop);
        auto const what = make_plan(options.work, {model_spec{}});
        check_ground(on, what);
        workbench bench(scratch, stop, on.address);
        bench.provide_for(what);
        auto const choose = [&](std::size_t tasks) {
            auto chosen = models.empty() ? measure::models_to_check(tasks) : models;
            for (auto& each : chosen)
                each = measure::resolve(each, *what.configurations.front().what, choose_preset(options.work));
            return measure::check_variants(chosen, options.shuffles, seed);
        };
        announce_commands(what,
                          {true, fmt::format("{}{} times: in several orders under each model",
                                             models.empty() ? "up to " : "", 2 + choose(1).size())},
                          options.yes ? consent::given : consent::wanted, options.quiet, stop);
        status_line shown(!options.quiet);
        auto const found =
            measure::run_check(what.configurations.front(), bench.session_options({}), choose,
                               [&](measure::check_variant const& which, std::size_t number, std::size_t of) {
                                   shown.show(fmt::format("{}/{}  {} {}", number, of,
                                                          options.work.workloads.front(), to_string(which)));
                               });
        shown.clear();
        auto const where = terminal::of(STDOUT_FILENO, options.plain);
        if (!options.quiet || !found.is_clean())
            print_to(STDOUT_FILENO, format_check(options.work.workloads.front(), found, where));
        return found.is_clean() ? all_well : something_failed;
    } catch (measure::interrupted const&) {
        return interrupted_by + stop.signal();
    }
}

}  // namespace

void add_check(CLI::App& app, action& chosen) {
    auto const options = std::make_shared<check_options>();
    auto* const command =
        app.add_subcommand("check", "find out whether the tasks of a workload disturb each other");
    options->work.workloads.resize(1);
    add_workload_argument(*command, options->work.workloads.front(), "what to run (see `list`)")->required();
    add_models_option(*command, options->models,
                      "models, separated by commas (default: all, with one worker, two and many)");
    command
        ->add_option("--shuffles", options->shuffles, "orders by chance, besides the given one and backwards")
        ->option_text("N")
        ->check(integer_from(0, 1000))
        ->capture_default_str();
    command->add_option("--seed", options->seed, "of these orders; none: by chance")
        ->option_text("N")
        ->check(integer_from(0, most_seed));
    add_work_options(*command, options->work);
    command->add_flag("--quiet,-q", options->quiet, "say only what goes wrong");
    command->add_flag("--plain", options->plain, "in ASCII, without colours");
    command->add_flag("--yes,-y", options->yes, "run commands as often as it takes, without asking");
    command->footer(
        "Examples:\n"
        "  quartet check append\n"
        "  quartet check power --models threads:8 --shuffles 20\n");
    command->callback([options, &chosen] { chosen = [options] { return check(*options); }; });
}

}  // namespace quartet::cli
