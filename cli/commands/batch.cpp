// cli/commands/batch.cpp
//
// `quartet batch`: a command for each of many inputs.

#include "batch/journal/journal.hpp"
#include "batch/line/job_line.hpp"
#include "batch/run/batch_run.hpp"
#include "batch/run/orphan_guard.hpp"
#include "cli/batching/batch_arguments.hpp"
#include "cli/batching/batch_options.hpp"
#include "cli/batching/batch_report.hpp"
#include "cli/batching/batch_screen.hpp"
#include "cli/commands/commands.hpp"
#include "cli/measuring/ground.hpp"
#include "cli/parsing/exit_codes.hpp"
#include "cli/parsing/shell_word.hpp"
#include "cli/reports/report_files.hpp"
#include "cli/terminal/question.hpp"
#include "cli/terminal/terminal.hpp"
#include "cli/terminal/text.hpp"
#include "cli/views/batch_view.hpp"

#include <quartet/cpus.hpp>
#include <quartet/executor.hpp>
#include <quartet/spec.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <sys/resource.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace quartet::cli {
namespace {

constexpr std::size_t shown_before_asking = 3;

/// The journal of a batch, and what it says was done.
struct kept_jobs {
    std::optional<batch::journal> journal;
    batch::earlier_jobs earlier;
};

kept_jobs open_journal(batch_plan const& plan) {
    kept_jobs made;
    auto const& options = plan.options;
    if (auto const& path = resumed_journal(options); !path.empty()) {
        made.journal =
            batch::journal::open(path, [&](batch::journal_row const& row) { made.earlier.add(row); });
        if (made.journal->damaged() > 0)
            fmt::print(stderr, "quartet: {} rows of '{}' are damaged; their jobs run again\n",
                       made.journal->damaged(), printable(path));
    } else if (!options.journal.empty()) {
        made.journal = batch::journal::create(
            options.journal, {.folder = std::filesystem::current_path(), .arguments = plan.typed});
    }
    return made;
}

void print_lines(batch::job_line const& line, batch::input_source& inputs, std::string const& output,
                 std::size_t most) {
    auto const columns = inputs.columns();
    std::optional<batch::name_pattern> name;
    if (!output.empty()) name.emplace(output, columns);
    batch::job_values values;
    for (std::size_t printed = 0; printed < most; ++printed) {
        auto const fields = inputs.next();
        if (!fields) return;
        values = {.fields = *fields, .number = printed + 1};
        auto const place = name ? name->make(values) : std::string();
        values.output = place;
        auto shown = line.show(values);
        shown += '\n';
        if (std::fwrite(shown.data(), 1, shown.size(), stdout) != shown.size()) return;
    }
}

/// The answer of who sits at the terminal, which is not standard input where that has the inputs.
void confirm(batch_plan const& plan, batch::job_line const& line, std::string const& output,
             interrupt const& stop) {
    detail::descriptor const terminal(::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY));
    if (terminal.get() < 0) throw usage_error("--confirm: there is no terminal to ask at");
    if (std::ranges::any_of(plan.sources, &batch::source_description::is_standard_input))
        throw usage_error(
            "--confirm: inputs from standard input can't be shown before they are run; "
            "give them as a file, or see them by --dry-run");
    std::uint64_t jobs = 0;
    for (auto const counted = batch::open_inputs(plan.sources); counted->next();)
        ++jobs;
    auto const inputs = batch::open_inputs(plan.sources);
    print_lines(line, *inputs, output, shown_before_asking);
    if (jobs > shown_before_asking) fmt::print("…\n");
    std::fflush(stdout);
    if (ask(fmt::format("{} {}. Run them?", jobs, jobs == 1 ? "job" : "jobs"), terminal.get(), stop) !=
        answer::yes)
        throw usage_error("nothing was run");
}

/// Of a cluster one a processor if nothing was said: the load of its other machines is not seen from here.
/// Throws usage_error if there is none.
void fit_to_cluster(batch_options const& options, batch::concurrency_options& at_once,
                    interrupt const& stop) {
    if (options.model != "cluster") return;
    auto const on = find_ground("", {parse_spec("cluster")}, "--model", stop);
    if (!at_once.automatic) return;
    std::size_t processors = 0;
    for (auto const& node : on.cluster.nodes)
        processors += node.processors;
    if (options.max_jobs > 0) processors = std::min(processors, options.max_jobs);
    at_once.first = at_once.most = std::max<std::size_t>(1, processors);
    at_once.automatic = false;
}

std::string model_for(batch_options const& options, std::size_t at_once) {
    if (options.model == "single") return "single";
    if (options.model == "cluster") return "cluster+async";
    // To start a program holds a loop up, so there is a loop a processor.
    std::size_t const loops = std::min(at_once, usable_cpus());
    if (options.model == "async" && loops > 1)
        return fmt::format("threads:{}+async:{}", loops, (at_once + loops - 1) / loops);
    return fmt::format("{}:{}", options.model, at_once);
}

std::string command_to_resume(std::string const& journal) {
    return fmt::format("quartet batch --resume {}", shell_word(journal));
}

/// How to go on with a batch that has not ended well.
std::string way_to_go_on(batch_plan const& plan, batch::batch_summary const& summary) {
    auto const& options = plan.options;
    bool const ended_early = summary.end != batch::batch_end::all_run;
    if (!ended_early && summary.failed == 0) return {};
    auto const& journal = !options.journal.empty() ? options.journal : resumed_journal(options);
    bool const reads_input = std::ranges::any_of(plan.sources, &batch::source_description::is_standard_input);
    if (!journal.empty())
        return fmt::format("{} {}{}\n", ended_early ? "to go on:" : "to run those that failed again:",
                           command_to_resume(journal), reads_input ? " < THE SAME INPUTS" : "");
    if (!ended_early) return {};
    return "there is no journal of what was done; with --journal FILE the next one can go on\n";
}

int exit_code_of(batch::batch_summary const& summary) {
    if (summary.end == batch::batch_end::interrupted) return interrupted_by + summary.signal;
    if (summary.end == batch::batch_end::reader_gone) return interrupted_by + SIGPIPE;
    bool const good = summary.failed == 0 && summary.end != batch::batch_end::broken;
    return good ? all_well : something_failed;
}

int run_batch(batch_plan plan) {
    auto const& options = plan.options;
    auto settings = settings_of(options);
    check_writable("--json", options.json);
    if (options.dry_run) {
        auto const inputs = batch::open_inputs(plan.sources);
        auto const line = batch::job_line::read(options.words, inputs->columns());
        print_lines(line, *inputs, settings.output, static_cast<std::size_t>(-1));
        return all_well;
    }
    // Before signals are withheld: a pipe of inputs may never begin, and Ctrl-C then ends the program.
    batch::input_reader inputs(plan.sources);
    auto const line = batch::job_line::read(options.words, inputs.columns());
    interrupt const stop;
    std::signal(SIGPIPE, SIG_IGN);
    fit_to_cluster(options, settings.at_once, stop);
    if (options.confirm) confirm(plan, line, settings.output, stop);
    auto kept = open_journal(plan);
    batch::orphan_guard const guard(kept.journal ? kept.journal->lock_descriptor() : -1);
    std::optional<batch::journal_keeper> keeper;
    if (kept.journal) keeper.emplace(*kept.journal);
    if (options.nice && setpriority(PRIO_PROCESS, 0, *options.nice) != 0)
        throw std::system_error(errno, std::generic_category(), "cannot change the priority");
    // The tool's own bodies: that a busy machine holds them up is nothing its user can mend.
    auto executor = make_executor(model_for(options, settings.at_once.most),
                                  {.stall_limit = std::chrono::nanoseconds(0)});
    batch_screen screen(!options.quiet, stop);
    auto const summary =
        batch::batch_run(settings, line, inputs, kept.earlier, keeper ? &*keeper : nullptr, executor, screen)
            .run();
    if (keeper) keeper->finish();
    screen.clear();
    auto const shown = terminal::of(STDERR_FILENO, options.plain);
    auto const text = options.quiet ? format_failures(summary, shown) : format_summary(summary, shown);
    fmt::print(stderr, "{}{}", text, way_to_go_on(plan, summary));
    if (!options.json.empty()) write_report(options.json, batch_to_json(summary, plan.typed));
    return exit_code_of(summary);
}

}  // namespace

void add_batch(CLI::App& app, action& chosen, batch_arguments const& given) {
    auto const options = std::make_shared<batch_options>();
    auto* const command = app.add_subcommand("batch", "run a command for each of many inputs");
    add_batch_options(*command, *options);
    command->footer(
        "Examples:\n"
        "  quartet batch 'gzip -k {}' ::: *.log\n"
        "  find . -name '*.png' -print0 | quartet batch -0 --output 'small/{/}' 'convert {} -resize 50% "
        "{out}'\n"
        "  quartet batch --inputs urls.txt --rate 10/s --retries 3 --journal jobs.journal 'curl -fsSO {}'\n"
        "  quartet batch --resume jobs.journal\n"
        "  quartet batch --csv --inputs cities.csv 'curl -s https://wttr.in/{city}' --keep-order\n");
    command->callback([options, &given, &chosen] {
        chosen = [options, &given] { return run_batch(plan_batch(*options, given)); };
    });
}

}  // namespace quartet::cli
