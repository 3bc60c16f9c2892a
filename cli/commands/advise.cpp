// cli/commands/advise.cpp
//
// `quartet advise`: which model, how many workers, and why. It measures a workload, reads a file of results,
// or goes by a description of the tasks.

#include "cli/advice/adviser.hpp"
#include "cli/commands/commands.hpp"
#include "cli/measuring/cost_cache.hpp"
#include "cli/measuring/ground.hpp"
#include "cli/measuring/measuring.hpp"
#include "cli/measuring/plan.hpp"
#include "cli/measuring/repetition.hpp"
#include "cli/measuring/scratch.hpp"
#include "cli/parsing/exit_codes.hpp"
#include "cli/parsing/quantities.hpp"
#include "cli/parsing/shell_word.hpp"
#include "cli/parsing/validators.hpp"
#include "cli/parsing/value_rule.hpp"
#include "cli/reports/baseline.hpp"
#include "cli/reports/report_files.hpp"
#include "cli/terminal/interrupt.hpp"
#include "cli/terminal/progress.hpp"
#include "cli/views/advice_view.hpp"
#include "measure/statistics/ranking.hpp"

#include <quartet/workload/advice.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <signal.h>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unistd.h>
#include <vector>

namespace quartet::cli {
namespace {

struct advise_options {
    std::string subject;  ///< a workload or a file of results; empty: what follows describes the work
    work_options work;

    std::optional<std::size_t> tasks;
    std::string cpu;
    std::string wait;
    std::string wait_kind = "network";
    std::size_t waits = 1;
    std::string memory;
    std::string input;
    std::string output;
    bool crashy = false;
    bool verify = false;
    bool measure = false;

    std::string max_memory;
    std::optional<std::size_t> max_workers;
    bool isolate = false;
    std::string deadline;
    std::string runtime = "c++";
    std::size_t rounds = 6;
    std::string json;
    bool plain = false;
    bool yes = false;
};

template <class Parse>
auto value_of(std::string_view flag, std::string const& text, Parse parse) {
    try {
        return parse(text);
    } catch (std::invalid_argument const& wrong) {
        throw usage_error(fmt::format("{}: {}", flag, wrong.what()));
    }
}

double seconds_or_none(std::string_view flag, std::string const& text) {
    return text.empty() ? 0 : value_of(flag, text, parse_seconds);
}

double bytes_or_none(std::string_view flag, std::string const& text) {
    return text.empty() ? 0 : value_of(flag, text, parse_bytes);
}

bool describes(advise_options const& options) {
    return options.tasks || !options.cpu.empty() || !options.wait.empty() || !options.memory.empty() ||
           !options.input.empty() || !options.output.empty();
}

wait_kind wait_kind_of(std::string const& name) {
    return name == "disk" ? wait_kind::disk : name == "sleep" ? wait_kind::sleep : wait_kind::network;
}

work_shape described(advise_options const& options) {
    if (!options.tasks)
        throw usage_error("--tasks: missing; how many tasks there are is needed beside --cpu and --wait");
    if (options.cpu.empty() && options.wait.empty())
        throw usage_error("--cpu, --wait: one of them is needed: what a task computes, and what it waits");
    return {.tasks = *options.tasks,
            .cpu_seconds = seconds_or_none("--cpu", options.cpu),
            .wait_seconds = seconds_or_none("--wait", options.wait),
            .waits_for = wait_kind_of(options.wait_kind),
            .waits = options.waits,
            .input_bytes = bytes_or_none("--input", options.input),
            .result_bytes = bytes_or_none("--output", options.output),
            .memory_bytes = bytes_or_none("--memory", options.memory)};
}

advice_limits limits_of(advise_options const& options) {
    advice_limits made{.workers = options.max_workers, .isolate = options.isolate || options.crashy};
    if (!options.max_memory.empty())
        made.memory_bytes = value_of("--max-memory", options.max_memory, parse_bytes);
    if (!options.deadline.empty()) made.seconds = value_of("--deadline", options.deadline, parse_seconds);
    return made;
}

void check_together(advise_options const& options) {
    if (options.subject.empty() && !describes(options))
        throw usage_error(
            "nothing to advise on: name a workload or a file of results, or describe the tasks with --tasks, "
            "--cpu and --wait");
    if (options.subject.empty()) described(options);
    if (!options.subject.empty() && describes(options))
        throw usage_error(
            "--tasks, --cpu, --wait, --memory, --input, --output: describe tasks, so there is no WORKLOAD "
            "beside "
            "them");
    if (options.verify && !options.subject.empty()) throw usage_error("--verify: only for a description");
    if (options.verify && options.runtime == "python")
        throw usage_error("--verify: quartet can't measure Python; leave out --verify or --runtime");
    if (options.measure && options.runtime == "python")
        throw usage_error("--measure: quartet can't measure Python; leave out --measure or --runtime");
    if (options.runtime == "python" && !options.subject.empty())
        throw usage_error("--runtime: python can be advised on from a description only");
}

std::vector<advice_report> reports_on(advice_ground const& by, std::string const& file) {
    auto const results = read_baseline(file);
    std::vector<advice_report> made;
    for (auto const& workload : measure::workloads_of(results))
        made.push_back(advise_on_results(results, workload, file, by));
    if (made.empty()) throw usage_error(fmt::format("{}: has no results", file));
    return made;
}

/// One whose nodes do not see what the work needs.
void leave_out_cluster_that_lacks(advice_ground& by, ground const& on, plan const& what) {
    auto why = why_not_on(on, what);
    if (why.empty()) return;
    leave_out_cluster(by.known);
    by.left_out = std::move(why);
}

/// What to measure on this ground.
plan plan_on(advice_ground& by, ground const& on, advise_options const& options,
             scratch_folder const& scratch, interrupt const& stop) {
    auto work = options.work;
    work.workloads = {options.subject};
    take_inputs(work, scratch.path(), stop);
    auto what = make_plan(work, {model_spec{}});
    leave_out_cluster_that_lacks(by, on, what);
    announce_commands(
        what,
        {true,
         fmt::format("three times in single{}, and {} times under each model that comes near the best",
                     by.known.costs.cluster.nodes.empty() ? "" : " and on the cluster", options.rounds + 1)},
        options.yes ? consent::given : consent::wanted, false, stop);
    return what;
}

advice_report report_by(advice_ground by, ground const& on, workbench& bench, advise_options const& options,
                        scratch_folder const& scratch, interrupt const& stop) {
    if (options.subject.empty()) {
        auto const work = described(options);
        if (!options.verify) return adviser(bench, by, options.rounds).on_description(work);
        leave_out_cluster_that_lacks(by, on, adviser::synthetic_plan(work));
        return adviser(bench, by, options.rounds).on_synthetic(work);
    }
    auto const what = plan_on(by, on, options, scratch, stop);
    return adviser(bench, by, options.rounds).on_workload(what);
}

known_costs costs_for(advise_options const& options, ground const& on, workbench& bench,
                      interrupt const& stop) {
    if (options.runtime == "python") return costs_of_python();
    if (!options.measure) {
        auto known = costs_at_hand();
        add_cluster(known, on);
        return known;
    }
    progress shown(true);
    auto known = as_known(measure_machine_costs(bench, shown));
    if (on.cluster.nodes.size() > 1)
        add_cluster(known, on, measure_cluster_costs(bench, on, read_ways(stop), known.costs, stop, shown));
    return known;
}

/// The command that does the work as is advised; empty for what is no batch of commands on this machine.
std::string way_to_do_it(advise_options const& options, prediction const& choice) {
    constexpr std::string_view setting = "command.line=";
    if (options.subject != "command" || choice.spec.cluster) return {};
    auto const& settings = options.work.settings;
    auto const line =
        std::ranges::find_if(settings, [&](std::string const& each) { return each.starts_with(setting); });
    if (line == settings.end() || options.work.inputs.empty()) return {};
    return fmt::format("\nTo do the work: quartet batch --jobs {:.0f} --inputs {} {}\n", choice.in_flight,
                       shell_word(options.work.inputs), shell_word(line->substr(setting.size())));
}

int advise_on(advise_options const& options) {
    check_together(options);
    auto const limits = limits_of(options);
    check_writable("--json", options.json);
    interrupt const stop;
    signal(SIGPIPE, SIG_IGN);
    auto const where = terminal::of(STDOUT_FILENO, options.plain);
    try {
        auto const on = options.runtime == "python" ? find_ground(options.work.scratch, {}, "", stop)
                                                    : find_ground_of_advice(options.work.scratch, stop);
        scratch_folder const scratch(on.folder);
        workbench bench(scratch, stop, on.address);
        advice_ground const by{costs_for(options, on, bench, stop), limits, where.utf8, on.left_out};
        auto const reports = std::filesystem::is_regular_file(options.subject)
                                 ? reports_on(by, options.subject)
                                 : std::vector{report_by(by, on, bench, options, scratch, stop)};
        if (!is_standard_output(options.json))
            print_to(STDOUT_FILENO,
                     format_advice(reports, where) + way_to_do_it(options, reports.front().given.choice));
        if (!options.json.empty()) write_report(options.json, advice_to_json(reports));
        return all_well;
    } catch (measure::interrupted const&) {
        return interrupted_by + stop.signal();
    }
}

}  // namespace

void add_advise(CLI::App& app, action& chosen) {
    std::vector<std::string> const wait_kinds{"network", "disk", "sleep"};
    std::vector<std::string> const runtimes{"c++", "python"};
    auto const options = std::make_shared<advise_options>();
    auto* const command = app.add_subcommand("advise", "say which model suits, how many workers, and why");
    add_workload_argument(
        *command, options->subject,
        "what to measure (see `list`), or a file of results; without, the tasks are described");
    add_work_options(*command, options->work);
    command->add_option("--tasks", options->tasks, "how many tasks there are")
        ->option_text("N")
        ->check(integer_from(1, 1'000'000'000));
    command->add_option("--cpu", options->cpu, "what each computes: 2ms")->option_text("TIME");
    command->add_option("--wait", options->wait, "what each waits: 50ms")->option_text("TIME");
    takes_one_of(command->add_option("--wait-kind", options->wait_kind, "what for: network, disk or sleep"),
                 wait_kinds)
        ->option_text("KIND")
        ->check(CLI::IsMember(wait_kinds))
        ->capture_default_str();
    command
        ->add_option("--waits", options->waits, "into how many waits that is split, or operations on files")
        ->option_text("N")
        ->check(integer_from(1, 10'000'000));
    command->add_option("--memory", options->memory, "what each holds while it runs: 1MB")
        ->option_text("SIZE");
    command
        ->add_option("--input", options->input, "what each is given: 1MB; other machines have to be sent it")
        ->option_text("SIZE");
    command->add_option("--output", options->output, "what each gives: 10kB")->option_text("SIZE");
    command->add_flag("--crashy", options->crashy, "tasks may crash, and the others must go on");
    command->add_flag("--verify", options->verify, "measure work of that description, and advise by that");
    command->add_flag("--measure", options->measure,
                      "first measure what the models cost on this machine, and keep that; some ten seconds");
    command->add_option("--max-memory", options->max_memory, "that may be used in all")->option_text("SIZE");
    command->add_option("--max-workers", options->max_workers, "threads, processes, or tasks in flight")
        ->option_text("N")
        ->check(integer_from(1, 1'000'000));
    command->add_flag("--isolate", options->isolate, "a crash must cost nothing but its own task");
    command->add_option("--deadline", options->deadline, "take what is cheapest and meets it")
        ->option_text("TIME");
    takes_one_of(command->add_option("--runtime", options->runtime, "c++, or python with its global lock"),
                 runtimes)
        ->option_text("RUNTIME")
        ->check(CLI::IsMember(runtimes))
        ->capture_default_str();
    command->add_option("--rounds", options->rounds, "to measure")
        ->option_text("N")
        ->check(integer_from(1, 1000))
        ->capture_default_str();
    takes_file(
        command->add_option("--json", options->json, "write the advice as JSON ('-' is standard output)"))
        ->option_text("FILE");
    command->add_flag("--plain", options->plain, "in ASCII, without colours");
    command->add_flag("--yes,-y", options->yes, "run commands as often as it takes, without asking");
    command->footer(
        "Examples:\n"
        "  quartet advise fetch\n"
        "  quartet advise results.json\n"
        "  quartet advise --tasks 10000 --cpu 2ms --wait 50ms\n"
        "  quartet advise --tasks 10000 --cpu 2ms --wait 50ms --max-memory 64MB --verify\n"
        "  quartet advise --tasks 16 --cpu 4s --runtime python\n"
        "  quartet cluster --hosts a,b,c -- quartet advise --tasks 600 --cpu 1s\n");
    command->callback([options, &chosen] { chosen = [options] { return advise_on(*options); }; });
}

}  // namespace quartet::cli
