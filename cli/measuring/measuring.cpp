#include "cli/measuring/measuring.hpp"

#include "cli/parsing/errors.hpp"
#include "cli/parsing/quantities.hpp"
#include "cli/parsing/shell_word.hpp"
#include "cli/parsing/validators.hpp"
#include "measure/probes/machine.hpp"
#include "measure/statistics/ranking.hpp"
#include "src/io/http/http_failure.hpp"

#include <quartet/outcome.hpp>
#include <quartet/version.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <random>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace quartet::cli {
namespace {

constexpr std::size_t usual_rounds = 8;  // which can resolve four models
constexpr std::size_t most_by_precision = 100;
constexpr std::size_t most_by_budget = 1000;

/// Parses what was typed; an error names `flag`.
template <class Value>
Value parse(std::string_view flag, std::string const& text, Value (*convert)(std::string_view)) {
    try {
        return convert(text);
    } catch (std::invalid_argument const& wrong) {
        throw usage_error(fmt::format("{}: {}", flag, wrong.what()));
    }
}

std::size_t most_rounds(method_options const& options, std::size_t competitors) {
    if (options.rounds) return *options.rounds;
    if (!options.precision.empty()) return most_by_precision;
    return options.budget.empty() ? std::max(usual_rounds, measure::rounds_needed(competitors))
                                  : most_by_budget;
}

}  // namespace

void add_method_options(CLI::App& command, method_options& options) {
    command
        .add_option("--rounds", options.rounds,
                    "how often everything is measured, at the most (default 8, or as often as it takes to "
                    "tell so many models apart; 100 with --precision, 1000 with --budget)")
        ->option_text("N")
        ->check(integer_from(1, 10'000));
    command
        .add_option("--precision", options.precision,
                    "measure a workload no further when the leader's interval against the runner-up is "
                    "narrower than this, such as 2%")
        ->option_text("SHARE");
    command
        .add_option("--budget", options.budget,
                    "begin no round that would end later than this, such as 2m; the first is run in any case")
        ->option_text("TIME");
    command.add_option("--warmup", options.warmup, "rounds before those that count")
        ->option_text("N")
        ->check(integer_from(0, 100))
        ->capture_default_str();
    command.add_option("--margin", options.margin, "a smaller difference is taken for none")
        ->option_text("SHARE")
        ->capture_default_str();
    command.add_option("--seed", options.seed, "of the order of the trials; none: by chance")
        ->option_text("N")
        ->check(integer_from(0, most_seed));
    command.add_flag("--yes,-y", options.yes, "run commands as often as it takes, without asking");
}

method choose_method(method_options const& options, std::size_t competitors) {
    method chosen{.stopping = {.rounds = most_rounds(options, competitors)},
                  .warmup = options.warmup,
                  .margin = parse("--margin", options.margin, parse_share),
                  .seed = options.seed ? *options.seed : std::random_device()()};
    if (!options.precision.empty())
        chosen.stopping.precision = parse("--precision", options.precision, parse_share);
    if (!options.budget.empty()) chosen.stopping.budget = parse("--budget", options.budget, parse_duration);
    return chosen;
}

void workbench::provide_for(plan const& what) {
    if (what.needs_server) provide_server();
    for (auto const& each : what.configurations)
        provide_own_server(each);
}

void workbench::provide_own_server(measure::configuration const& of) {
    if (!of.what->start_server || own_servers_.contains(of.what->name)) return;
    own_server made;
    auto const make_folder = [&made] {
        made.folder = std::make_unique<scratch_folder>(open_to::everybody);
        return made.folder->path();
    };
    try {
        made.process = of.what->start_server(of.parameters, {make_folder, stop_.descriptor(), address_});
    } catch (cancelled const&) {
        throw measure::interrupted();
    } catch (std::invalid_argument const& wrong) {
        throw usage_error(wrong.what());
    }
    own_servers_.emplace(of.what->name, std::move(made));
}

void workbench::provide_server() {
    if (server_) return;
    server_.emplace(server_options{.address = address_});
}

measure::session_options workbench::session_options(method const& how) const {
    measure::session_options made{.stopping = how.stopping,
                                  .warmup = how.warmup,
                                  .seed = how.seed,
                                  .log = how.log,
                                  .between_reports = std::chrono::seconds(how.live ? 0 : 5),
                                  .pictures = how.pictures,
                                  .test_server = server_
                                                     ? measure::asked_server{server_->url(), server_->id()}
                                                     : measure::asked_server{},
                                  .scratch = scratch_.path(),
                                  .stop_descriptor = stop_.descriptor()};
    for (auto const& [workload, server] : own_servers_) {
        if (server.process)
            made.own_servers[workload] = {server.process->address(), server.process->process()};
    }
    return made;
}

measure::session_results workbench::measure(plan const& what, method const& how,
                                            measure::session_observer& observer) {
    provide_for(what);
    return measure::run_session(what.configurations, session_options(how), observer);
}

measure::results assemble(work_options const& work, plan const& what, method const& how,
                          scratch_folder const& scratch, measure::session_results found) {
    auto const budget = how.stopping.budget;
    measure::results results{
        .quartet = QUARTET_VERSION,
        .machine = measure::this_machine(scratch.path()),
        .settings = {.command = command_text(),
                     .preset = std::string(name_of(choose_preset(work))),
                     .warmup = how.warmup,
                     .rounds = how.stopping.rounds,
                     .precision = how.stopping.precision,
                     .budget_seconds = budget ? std::optional(budget->count()) : std::nullopt,
                     .margin = how.margin,
                     .seed = how.seed},
        .conditions = std::move(found.conditions),
        .measurements = std::move(found.measurements)};
    for (auto const& [workload, values] : what.values) {
        for (auto const& [name, value] : values)
            results.settings.parameters[fmt::format("{}.{}", workload, name)] =
                detail::without_credentials(to_string(value));
    }
    return results;
}

std::string command_text() {
    std::ifstream file("/proc/self/cmdline", std::ios::binary);
    std::string text;
    for (std::string word; std::getline(file, word, '\0');)
        text +=
            (text.empty() ? "" : " ") + shell_word(text.empty() ? word.substr(word.rfind('/') + 1) : word);
    return detail::without_credentials(text);  // results are shown to others
}

}  // namespace quartet::cli
