// cli/commands/run.cpp
//
// `quartet run`: what was asked for becomes configurations, the session measures them, and the results are
// printed and written.

#include <quartet/cpus.hpp>
#include <quartet/spec.hpp>
#include <quartet/version.hpp>
#include <quartet/workload.hpp>

#include "cli/commands/commands.hpp"
#include "cli/exit_codes.hpp"
#include "cli/interrupt.hpp"
#include "cli/progress.hpp"
#include "cli/scratch.hpp"
#include "cli/table.hpp"
#include "measure/atomic_file.hpp"
#include "measure/machine.hpp"
#include "measure/report_csv.hpp"
#include "measure/report_json.hpp"
#include "measure/report_markdown.hpp"
#include "measure/session.hpp"
#include "server/server_process.hpp"
#include "src/core/nearest.hpp"

#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <iterator>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace quartet::cli {
namespace {

struct run_options {
    std::vector<std::string> workloads;
    std::string models = "single,processes,threads,async";
    std::string preset = "quick";
    std::vector<std::string> settings;
    std::size_t rounds = 2;
    std::string inputs;
    std::string json;
    std::string csv;
    std::string markdown;
    bool log = false;
};

using values_by_workload = std::map<std::string, parameter_values>;

std::vector<std::string_view> workload_names() {
    std::vector<std::string_view> names;
    for (auto const& each : registered_workloads()) names.push_back(each.name);
    return names;
}

workload const& find_workload(std::string const& name) {
    for (auto const& each : registered_workloads()) {
        if (each.name == name) return each;
    }
    auto const names = workload_names();
    throw usage_error(fmt::format("unknown workload '{}'; there are {}{}", name, detail::join(names),
                                  detail::did_you_mean(name, names)));
}

std::vector<workload const*> choose_workloads(run_options const& options) {
    std::vector<workload const*> chosen;
    for (auto const& name : options.workloads) {
        auto const* const found = &find_workload(name);
        if (std::ranges::find(chosen, found) == chosen.end()) chosen.push_back(found);
    }
    if (!options.workloads.empty()) return chosen;
    for (auto const& each : registered_workloads()) {
        if (!each.only_by_name) chosen.push_back(&each);
    }
    return chosen;
}

std::vector<std::string> split(std::string const& list, char separator) {
    std::vector<std::string> parts;
    for (std::size_t begin = 0; begin <= list.size();) {
        auto const end = std::min(list.find(separator, begin), list.size());
        parts.push_back(list.substr(begin, end - begin));
        begin = end + 1;
    }
    return parts;
}

std::vector<model_spec> choose_models(run_options const& options) {
    std::vector<model_spec> models;
    for (auto const& text : split(options.models, ',')) {
        try {
            models.push_back(parse_spec(text));
        } catch (std::invalid_argument const& wrong) {
            throw usage_error(fmt::format("--models: {}", wrong.what()));
        }
    }
    return models;
}

preset choose_preset(run_options const& options) {
    if (options.preset == "quick") return preset::quick;
    if (options.preset == "seed") return preset::seed;
    std::string_view const names[] = {"quick", "seed"};
    throw usage_error(fmt::format("--preset: unknown preset '{}'; there are quick and seed{}", options.preset,
                                  detail::did_you_mean(options.preset, names)));
}

void apply_setting(values_by_workload& values, std::string const& setting) {
    auto const equals = setting.find('=');
    auto const dot = setting.substr(0, equals).find('.');
    if (equals == std::string::npos || dot == std::string::npos)
        throw usage_error(fmt::format("--set: '{}' is not of the form WORKLOAD.PARAMETER=VALUE", setting));
    auto const name = setting.substr(0, dot);
    workload const& what = find_workload(name);
    auto const found = values.find(name);
    if (found == values.end()) throw usage_error(fmt::format("--set: '{}' is not among the workloads of this run", name));
    try {
        set_value(found->second, what.parameters, name, setting.substr(dot + 1, equals - dot - 1), setting.substr(equals + 1));
    } catch (std::invalid_argument const& wrong) {
        throw usage_error(fmt::format("--set: {}", wrong.what()));
    }
}

values_by_workload choose_values(std::vector<workload const*> const& workloads, run_options const& options) {
    values_by_workload values;
    for (auto const* each : workloads) values[each->name] = default_values(each->parameters, choose_preset(options));
    for (auto const& setting : options.settings) apply_setting(values, setting);
    return values;
}

/// A report is written after minutes of measuring: what can be known to fail is said before.
void check_writable(char const* flag, std::string const& file) {
    if (file.empty()) return;
    std::filesystem::path const path(file);
    auto const folder = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
    bool const exists = access(file.c_str(), F_OK) == 0;
    if (access(exists ? file.c_str() : folder.c_str(), W_OK) == 0 && !std::filesystem::is_directory(path)) return;
    int const reason = std::filesystem::is_directory(path) ? EISDIR : errno;
    throw usage_error(fmt::format("{}: cannot write '{}': {}", flag, file, std::strerror(reason)));
}

/// --inputs is short for --set command.inputs; '-' is read here, for a trial has no standard input.
void take_inputs(run_options& options, std::filesystem::path const& scratch) {
    if (options.inputs.empty()) return;
    std::string file = options.inputs;
    if (file == "-") {
        file = scratch / "inputs";
        std::ofstream copy(file, std::ios::binary);
        copy << std::string(std::istreambuf_iterator<char>(std::cin), {});
    }
    options.settings.push_back("command.inputs=" + std::filesystem::absolute(file).native());
}

struct plan {
    std::vector<measure::configuration> configurations;
    values_by_workload values;
    bool needs_server = false;
};

plan make_plan(run_options const& options) {
    plan made;
    auto const workloads = choose_workloads(options);
    auto const models = choose_models(options);
    made.values = choose_values(workloads, options);
    for (auto const* what : workloads) {
        auto const& values = made.values[what->name];
        made.needs_server = made.needs_server || (what->needs_server && what->needs_server(values));
        for (auto const& model : models)
            made.configurations.push_back({what, values, measure::resolve(model, *what, choose_preset(options))});
    }
    return made;
}

measure::results assemble(run_options const& options, plan const& made, std::vector<measure::measurement> measurements) {
    measure::results results{.quartet = QUARTET_VERSION,
                             .machine = measure::this_machine(usable_cpus()),
                             .settings = {.preset = options.preset, .rounds = options.rounds},
                             .measurements = std::move(measurements)};
    for (auto const& [workload, values] : made.values) {
        for (auto const& [name, value] : values) results.settings.parameters[workload + "." + name] = to_string(value);
    }
    return results;
}

void write_reports(run_options const& options, measure::results const& results) {
    if (!options.json.empty()) measure::write_file_whole(options.json, measure::to_json(results));
    if (!options.csv.empty()) measure::write_file_whole(options.csv, measure::to_csv(results));
    if (!options.markdown.empty()) measure::write_file_whole(options.markdown, measure::to_markdown(results));
}

void print_results(measure::results const& results) {
    auto const where = terminal::of(STDOUT_FILENO);
    fmt::print("{}\n{}", format_table(results, where), format_findings(results, where));
    std::fflush(stdout);
}

int run(run_options options) {
    interrupt const stop;
    for (auto const& [flag, file] : {std::pair{"--json", options.json}, {"--csv", options.csv}, {"--markdown", options.markdown}})
        check_writable(flag, file);
    scratch_folder const scratch;
    take_inputs(options, scratch.path());
    plan const made = make_plan(options);
    std::optional<server_process> server;
    if (made.needs_server) server.emplace();
    progress shown(!options.log);
    try {
        auto measurements = measure::run_session(made.configurations, server ? server->url() : "",
                                                 {.rounds = options.rounds, .log = options.log, .scratch = scratch.path(),
                                                  .stop_descriptor = stop.descriptor()},
                                                 shown);
        shown.clear();
        auto const results = assemble(options, made, std::move(measurements));
        print_results(results);
        write_reports(options, results);
        return std::ranges::all_of(results.measurements, measure::is_good) ? all_well : something_failed;
    } catch (measure::interrupted const&) {
        return interrupted_by + stop.signal();
    }
}

}  // namespace

void add_run(CLI::App& app, action& chosen) {
    auto const options = std::make_shared<run_options>();
    auto* const command = app.add_subcommand("run", "run workloads under the models and print a table");
    command->add_option("WORKLOAD", options->workloads, "which to run; none: all (see `list workloads`)");
    command->add_option("--models", options->models, "models, separated by commas (see `list models`)")->capture_default_str();
    command->add_option("--preset", options->preset, "quick: about a minute and a half; seed: exactly the seed's parameters")
        ->capture_default_str();
    command->add_option("--set", options->settings, "WORKLOAD.PARAMETER=VALUE, as often as needed")
        ->expected(1)
        ->take_all()
        ->allow_extra_args(false);
    command->add_option("--rounds", options->rounds, "how often everything is run; the table shows medians")
        ->check(CLI::Range(std::size_t{2}, std::size_t{1000}))
        ->capture_default_str();
    command->add_option("--inputs", options->inputs, "for the command workload: a file with an input per line, or -");
    command->add_option("--json", options->json, "write the results to this file as JSON");
    command->add_option("--csv", options->csv, "the same as CSV");
    command->add_option("--markdown", options->markdown, "the same as Markdown");
    command->add_flag("--log", options->log, "show what tasks log");
    command->callback([options, &chosen] { chosen = [options] { return run(*options); }; });
}

}  // namespace quartet::cli
