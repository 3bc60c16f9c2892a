// cli/commands/run.cpp
//
// `quartet run`: what was asked for becomes configurations, the session measures them, and the results are
// printed and written.

#include "cli/commands/commands.hpp"
#include "cli/exit_codes.hpp"
#include "cli/findings.hpp"
#include "cli/interrupt.hpp"
#include "cli/progress.hpp"
#include "cli/report_files.hpp"
#include "cli/scratch.hpp"
#include "cli/table.hpp"
#include "cli/validators.hpp"
#include "measure/machine.hpp"
#include "measure/report_csv.hpp"
#include "measure/report_json.hpp"
#include "measure/report_markdown.hpp"
#include "measure/session.hpp"
#include "server/server_process.hpp"
#include "src/core/nearest.hpp"

#include <quartet/cpus.hpp>
#include <quartet/spec.hpp>
#include <quartet/version.hpp>
#include <quartet/workload.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <poll.h>
#include <random>
#include <signal.h>
#include <string>
#include <system_error>
#include <unistd.h>
#include <vector>

namespace quartet::cli {
namespace {

struct run_options {
    std::vector<std::string> workloads;
    std::string models = "single,processes,threads,async";
    std::string preset = "quick";
    std::vector<std::string> settings;
    std::size_t rounds = 2;
    std::uint64_t seed = std::random_device()();
    std::string inputs;
    std::string json;
    std::string csv;
    std::string markdown;
    bool log = false;
};

using values_by_workload = std::map<std::string, parameter_values>;

std::vector<std::string_view> workload_names() {
    std::vector<std::string_view> names;
    for (auto const& each : registered_workloads())
        names.push_back(each.name);
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
            auto const model = parse_spec(text);
            if (std::ranges::find(models, model) == models.end()) models.push_back(model);
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
    if (found == values.end())
        throw usage_error(fmt::format("--set: '{}' is not among the workloads of this run", name));
    try {
        set_value(found->second, what.parameters, name, setting.substr(dot + 1, equals - dot - 1),
                  setting.substr(equals + 1));
    } catch (std::invalid_argument const& wrong) {
        throw usage_error(fmt::format("--set: {}", wrong.what()));
    }
}

void check_values(workload const& what, parameter_values const& values) {
    if (!what.check) return;
    try {
        what.check(values);
    } catch (std::exception const& wrong) {
        throw usage_error(wrong.what());
    }
}

values_by_workload choose_values(std::vector<workload const*> const& workloads, run_options const& options) {
    values_by_workload values;
    for (auto const* each : workloads)
        values[each->name] = default_values(each->parameters, choose_preset(options));
    for (auto const& setting : options.settings)
        apply_setting(values, setting);
    for (auto const* each : workloads)
        check_values(*each, values[each->name]);
    return values;
}

/// Standard input to its end. Throws measure::interrupted.
std::string read_standard_input(interrupt const& stop) {
    std::string all;
    for (;;) {
        pollfd waiting[] = {{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0},
                            {.fd = stop.descriptor(), .events = POLLIN, .revents = 0}};
        if (poll(waiting, 2, -1) < 0) continue;
        if (waiting[1].revents) throw measure::interrupted();
        char buffer[4096];
        ssize_t const got = read(STDIN_FILENO, buffer, sizeof buffer);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) throw std::system_error(errno, std::generic_category(), "cannot read standard input");
        if (got == 0) return all;
        all.append(buffer, static_cast<std::size_t>(got));
    }
}

/// --inputs is short for --set command.inputs; '-' is read here, for a trial has no standard input.
void take_inputs(run_options& options, std::filesystem::path const& scratch, interrupt const& stop) {
    if (options.inputs.empty()) return;
    if (std::ranges::find(options.workloads, "command") == options.workloads.end())
        throw usage_error(
            "--inputs: only the workload 'command' takes inputs, and it is not among the workloads of this "
            "run");
    std::string file = options.inputs;
    if (file == "-") {
        file = scratch / "inputs";
        std::ofstream(file, std::ios::binary) << read_standard_input(stop);
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
            made.configurations.push_back(
                {what, values, measure::resolve(model, *what, choose_preset(options))});
    }
    return made;
}

measure::results assemble(run_options const& options, plan const& made,
                          std::vector<measure::measurement> measurements) {
    measure::results results{
        .quartet = QUARTET_VERSION,
        .machine = measure::this_machine(usable_cpus()),
        .settings = {.preset = options.preset, .rounds = options.rounds, .seed = options.seed},
        .measurements = std::move(measurements)};
    for (auto const& [workload, values] : made.values) {
        for (auto const& [name, value] : values)
            results.settings.parameters[workload + "." + name] = to_string(value);
    }
    return results;
}

void write_reports(run_options const& options, measure::results const& results) {
    if (!options.json.empty()) write_report(options.json, measure::to_json(results));
    if (!options.csv.empty()) write_report(options.csv, measure::to_csv(results));
    if (!options.markdown.empty()) write_report(options.markdown, measure::to_markdown(results));
}

/// To standard output, or out of the way of a report that goes there.
void print_results(run_options const& options, measure::results const& results) {
    bool const taken = is_standard_output(options.json) || is_standard_output(options.csv) ||
                       is_standard_output(options.markdown);
    int const stream = taken ? STDERR_FILENO : STDOUT_FILENO;
    auto const where = terminal::of(stream);
    print_to(stream, format_table(results, where) + '\n' + format_findings(results, where));
}

/// Our own server is here, not behind a proxy that the environment names for other addresses.
void ask_own_server_directly() {
    for (char const* name : {"no_proxy", "NO_PROXY"}) {
        char const* const others = std::getenv(name);
        auto const list = others && *others ? fmt::format("{},127.0.0.1", others) : std::string("127.0.0.1");
        if (others || std::string_view(name) == "no_proxy") setenv(name, list.c_str(), 1);
    }
}

measure::results measure_all(run_options const& options, plan const& made,
                             std::filesystem::path const& scratch, interrupt const& stop) {
    std::optional<server_process> server;
    if (made.needs_server) {
        server.emplace();
        ask_own_server_directly();
    }
    progress shown(!options.log);
    auto measurements = measure::run_session(made.configurations, server ? server->url() : "",
                                             {.rounds = options.rounds,
                                              .seed = options.seed,
                                              .log = options.log,
                                              .scratch = scratch,
                                              .stop_descriptor = stop.descriptor()},
                                             shown);
    return assemble(options, made, std::move(measurements));
}

int run(run_options options) {
    interrupt const stop;
    signal(SIGPIPE, SIG_IGN);  // a reader that goes away must not cost the report files
    for (auto const& [flag, file] :
         {std::pair{"--json", options.json}, {"--csv", options.csv}, {"--markdown", options.markdown}})
        check_writable(flag, file);
    scratch_folder const scratch;
    try {
        take_inputs(options, scratch.path(), stop);
        auto const results = measure_all(options, make_plan(options), scratch.path(), stop);
        print_results(options, results);
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
    command->add_option("WORKLOAD", options->workloads, "what to run (see `list`); none: all");
    command->add_option("--models", options->models, "models, separated by commas (see `list`)")
        ->option_text("SPEC,...")
        ->capture_default_str();
    command
        ->add_option("--preset", options->preset,
                     "quick: about a minute and a half in all; seed: exactly the seed's parameters")
        ->option_text("PRESET")
        ->capture_default_str();
    command
        ->add_option("--set", options->settings, "a parameter of a workload (see `list`), as often as needed")
        ->option_text("WORKLOAD.PARAMETER=VALUE")
        ->expected(1)
        ->take_all()
        ->allow_extra_args(false);
    command->add_option("--rounds", options->rounds, "how often everything is run; the table shows medians")
        ->option_text("N")
        ->check(integer_from(2, 1000))
        ->capture_default_str();
    command->add_option("--seed", options->seed, "of the order of the trials; none: by chance")
        ->option_text("N")
        ->check(integer_from(0, most_seed));
    command
        ->add_option("--inputs", options->inputs,
                     "for the workload `command`: a file with an input per line; - is standard input")
        ->option_text("FILE");
    command
        ->add_option("--json", options->json,
                     "write the results as JSON; - is standard output, and the table goes to standard error")
        ->option_text("FILE");
    command->add_option("--csv", options->csv, "the same as CSV")->option_text("FILE");
    command->add_option("--markdown", options->markdown, "the same as Markdown")->option_text("FILE");
    command->add_flag("--log", options->log, "show what tasks log, instead of the progress");
    command->callback([options, &chosen] { chosen = [options] { return run(*options); }; });
}

}  // namespace quartet::cli
