#include "cli/batching/batch_options.hpp"

#include "cli/parsing/errors.hpp"
#include "cli/parsing/quantities.hpp"
#include "cli/parsing/validators.hpp"
#include "cli/parsing/value_rule.hpp"

#include <quartet/cpus.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <stdexcept>
#include <string_view>
#include <unistd.h>
#include <utility>

namespace quartet::cli {
namespace {

constexpr std::size_t most_jobs = 100'000;

template <class Parse>
auto read(std::string_view flag, Parse parse) {
    try {
        return parse();
    } catch (std::invalid_argument const& wrong) {
        throw usage_error(fmt::format("{}: {}", flag, wrong.what()));
    }
}

std::optional<double> number_in(std::string_view text) {
    double number = 0;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size() || !(number > 0 && number <= 1e9))
        return std::nullopt;
    return number;
}

/// "10/s", "100/min", "5000/h", "10", each second.
double parse_rate(std::string_view text) {
    auto const slash = text.find('/');
    auto const unit = slash == text.npos ? "s" : text.substr(slash + 1);
    double const seconds = unit == "s" ? 1 : unit == "min" || unit == "m" ? 60 : unit == "h" ? 3600 : 0;
    auto const number = number_in(text.substr(0, slash));
    if (!number || seconds == 0)
        throw std::invalid_argument(fmt::format("'{}' is no rate such as 10/s, 100/min or 2000/h", text));
    return *number / seconds;
}

batch::time_limit parse_limit(std::string_view text) {
    if (!text.ends_with('%')) return {.seconds = parse_duration(text).count()};
    auto const number = number_in(text.substr(0, text.size() - 1));
    if (!number || *number <= 100)
        throw std::invalid_argument(
            fmt::format("'{}' is not above 100 %, the median of how long jobs take", text));
    return {.per_cent = *number};
}

batch::retry_rule retry_of(batch_options const& options) {
    batch::retry_rule made;
    if (!options.retries.empty()) made.times = static_cast<std::uint32_t>(std::stoul(options.retries));
    if (!options.retry_codes.empty())
        made.codes = read("--retry-codes", [&] { return parse_exit_codes(options.retry_codes); });
    if (!options.retry_pause.empty())
        made.pause = read("--retry-pause", [&] { return parse_seconds(options.retry_pause); });
    bool const has_pause = !options.retry_pause.empty() && options.slow_down.empty();
    if (made.times == 0 && (!options.retry_codes.empty() || has_pause))
        throw usage_error(
            "--retry-codes and --retry-pause say when to try again; say how often by --retries");
    return made;
}

/// The name of a folder alone is a name for files in it.
std::string output_pattern(std::string const& text) {
    if (text.find('{') != text.npos) return text;
    return text + (text.ends_with('/') ? "{#}" : "/{#}");
}

void refuse_pairs(batch_options const& options) {
    if (int{options.null} + int{options.csv} + int{options.tsv} > 1)
        throw usage_error("--null, --csv, --tsv: inputs are of one kind; give one of them");
    if (!options.rate.empty() && !options.delay.empty())
        throw usage_error("--rate, --delay: both say how often jobs begin; give one of them");
    int const journals =
        int{!options.journal.empty()} + int{!options.resume.empty()} + int{!options.resume_failed.empty()};
    if (journals > 1)
        throw usage_error(
            "--journal, --resume, --resume-failed: the last two go on with a journal, and keep "
            "it; give one of them");
    if (options.keep_order && !options.output.empty())
        throw usage_error("--keep-order, --output: what goes to files has no order; leave one out");
}

/// How many at once were asked for; none: the tool chooses.
std::optional<std::size_t> jobs_of(batch_options const& options) {
    if (options.jobs.empty() || options.jobs == "auto") return std::nullopt;
    std::size_t number = 0;
    auto const* const last = options.jobs.data() + options.jobs.size();
    auto const [end, error] = std::from_chars(options.jobs.data(), last, number);
    if (error != std::errc() || end != last || number < 1 || number > most_jobs)
        throw usage_error(
            fmt::format("--jobs: '{}' is neither 'auto' nor a number from 1 to {}", options.jobs, most_jobs));
    return number;
}

batch::concurrency_options concurrency_of(batch_options const& options) {
    auto const asked = jobs_of(options);
    if (asked && options.max_jobs > 0)
        throw usage_error("--jobs, --max-jobs: the first says how many; the second is for --jobs auto");
    batch::concurrency_options made{.max_load = options.max_load};
    if (!options.max_memory.empty())
        made.max_memory =
            read("--max-memory", [&] { return static_cast<std::uint64_t>(parse_bytes(options.max_memory)); });
    if (made.max_memory == 0u) throw usage_error("--max-memory: no job fits into nothing");
    if (options.model == "single") {
        made.first = made.most = 1;
    } else if (asked) {
        made.first = made.most = *asked;
    } else {
        // Threads and processes are made beforehand.
        std::size_t const usual = options.model == "async" ? made.most : 8 * usable_cpus();
        made.most = options.max_jobs > 0 ? options.max_jobs : usual;
        made.first = std::min(made.most, usable_cpus());
    }
    made.automatic = !asked && options.model != "single";
    return made;
}

batch::source_kind kind_of_files(batch_options const& options) {
    if (options.null) return batch::source_kind::nul_separated;
    if (options.csv) return batch::source_kind::csv;
    return options.tsv ? batch::source_kind::tsv : batch::source_kind::lines;
}

}  // namespace

std::set<int> parse_exit_codes(std::string_view text) {
    std::set<int> codes;
    auto const whole = text;
    auto const take_code = [&](std::string_view word) {
        int code = -1;
        auto const [end, error] = std::from_chars(word.data(), word.data() + word.size(), code);
        if (error != std::errc() || end != word.data() + word.size() || code < 0 || code > 255)
            throw std::invalid_argument(
                fmt::format("'{}' are no exit codes such as 1,75..78; they go from 0 to 255", whole));
        return code;
    };
    for (bool more = true; more;) {
        auto const comma = text.find(',');
        auto const word = text.substr(0, comma);
        auto const dots = word.find("..");
        int const first = take_code(word.substr(0, dots));
        int const last = dots == word.npos ? first : take_code(word.substr(dots + 2));
        for (int code = first; code <= last; ++code)
            codes.insert(code);
        more = comma != text.npos;
        text.remove_prefix(more ? comma + 1 : text.size());
    }
    return codes;
}

void add_batch_options(CLI::App& command, batch_options& options) {
    command.add_option("COMMAND", options.words,
                       "what to run for each input: a line as for a shell, in which {} is the input, or a "
                       "program and its arguments; inputs follow behind ::: or :::: FILE");
    takes_file(command.add_option("--inputs,-a", options.inputs,
                                  "a file of inputs, a line each; - is standard input, which is read if "
                                  "there are none else"))
        ->option_text("FILE");
    command.add_flag("--null,-0", options.null, "inputs in files end in NUL bytes, as those of find -print0");
    command.add_flag("--csv", options.csv, "files are tables with a header; {name} is a column's field");
    command.add_flag("--tsv", options.tsv, "the same, separated by tabs");
    command.add_option("--jobs,-j", options.jobs, "how many at once; auto: as many as do the most work")
        ->option_text("N");
    command.add_option("--max-jobs", options.max_jobs, "of auto: no more than this at once")
        ->option_text("N")
        ->check(integer_from(1, most_jobs));
    command
        .add_option("--max-memory", options.max_memory,
                    "so much all that run may take together, as far as can be foreseen: 4GB")
        ->option_text("SIZE");
    command
        .add_option("--max-load", options.max_load,
                    "none begins while so many tasks of the machine want a processor")
        ->option_text("N")
        ->check(number_from(0.1, 1e6));
    takes_one_of(command.add_option("--model", options.model, "what runs them (docs/models.md)"),
                 {"async", "threads", "processes", "single", "cluster"})
        ->option_text("MODEL")
        ->capture_default_str();
    command.add_option("--rate", options.rate, "so many begin a second at the most: 10/s, 100/min")
        ->option_text("RATE");
    command.add_option("--delay", options.delay, "so much time is between two that begin")
        ->option_text("TIME");
    command
        .add_option("--per-host", options.per_host, "so many at once whose inputs are URLs of the same host")
        ->option_text("N")
        ->check(integer_from(1, most_jobs));
    command.add_option("--retries", options.retries, "how often one that failed is tried again")
        ->option_text("N")
        ->check(integer_from(0, 1'000'000));
    command.add_option("--retry-codes", options.retry_codes, "only after these exit codes: 1,75..78")
        ->option_text("CODES");
    command
        .add_option("--retry-pause", options.retry_pause,
                    "before the first further try; each later one waits twice as long, up to a minute "
                    "(default 1s)")
        ->option_text("TIME");
    command
        .add_option("--slow-down", options.slow_down,
                    "exit codes by which a job says that its server has too much to do; it is tried again")
        ->option_text("CODES");
    command.add_option("--timeout", options.timeout, "end a job after so long: 30s, or 300% of the median")
        ->option_text("TIME");
    command
        .add_option("--halt", options.halt,
                    "end the batch: soon,fail=1 (running jobs end by themselves), now,fail=5%, "
                    "now,success=1")
        ->option_text("WHEN");
    command.add_flag("--keep-order,-k", options.keep_order, "print outputs in the order of the inputs");
    command.add_flag("--tag", options.tag, "begin each line of output with the input");
    takes_file(command.add_option("--output,-o", options.output,
                                  "a file for each job's output, whole or not at all: a folder, or a name "
                                  "such as thumbs/{/.}.png; the command may write it itself, as {out}"))
        ->option_text("NAME");
    takes_file(command.add_option("--journal", options.journal,
                                  "note in this new file what has ended, so that an interrupted batch can "
                                  "go on"))
        ->option_text("FILE");
    takes_file(command.add_option("--resume", options.resume,
                                  "go on with the batch of this journal: what has not ended well"))
        ->option_text("FILE");
    takes_file(command.add_option("--resume-failed", options.resume_failed,
                                  "run again those jobs of this journal that failed"))
        ->option_text("FILE");
    command.add_flag("--dry-run", options.dry_run, "print the commands, run none");
    command.add_flag("--confirm", options.confirm, "show the first commands and their number, and ask");
    command.add_option("--nice", options.nice, "priority of the jobs, from 1 to 19, the lowest")
        ->option_text("N")
        ->check(integer_from(0, 19));
    takes_file(command.add_option("--json", options.json, "write a summary to this file"))
        ->option_text("FILE");
    command.add_flag("--quiet,-q", options.quiet, "say only what goes wrong");
    command.add_flag("--plain", options.plain, "no colours, ASCII only");
}

batch::batch_settings settings_of(batch_options const& options) {
    refuse_pairs(options);
    batch::batch_settings made{.at_once = concurrency_of(options),
                               .per_host = options.per_host,
                               .retry = retry_of(options),
                               .keeps_order = options.keep_order,
                               .tag = options.tag ? "{}\t" : ""};
    if (!options.rate.empty()) made.rate = read("--rate", [&] { return parse_rate(options.rate); });
    if (!options.delay.empty()) {
        double const pause = read("--delay", [&] { return parse_seconds(options.delay); });
        made.rate = pause > 0 ? 1 / pause : 0;
    }
    if (!options.slow_down.empty())
        made.slow_down = read("--slow-down", [&] { return parse_exit_codes(options.slow_down); });
    if (!options.timeout.empty())
        made.limit = read("--timeout", [&] { return parse_limit(options.timeout); });
    if (!options.halt.empty())
        made.halt = read("--halt", [&] { return batch::halt_rule::parse(options.halt); });
    if (!options.output.empty()) made.output = output_pattern(options.output);
    if (!options.resume_failed.empty()) made.resume = batch::resume_kind::failed_only;
    return made;
}

std::vector<batch::source_description> sources_of(batch_options const& options,
                                                  std::vector<batch::source_description> behind_command) {
    auto const kind = kind_of_files(options);
    std::vector<batch::source_description> sources;
    for (auto const& file : options.inputs)
        sources.push_back({.kind = kind, .file = file});
    for (auto& each : behind_command) {
        if (each.kind == batch::source_kind::lines) each.kind = kind;
        sources.push_back(std::move(each));
    }
    if (!sources.empty()) return sources;
    if (isatty(STDIN_FILENO) == 1)
        throw usage_error(
            "there are no inputs: give them behind ::: as words, as a file (--inputs FILE), or "
            "by a pipe");
    return {{.kind = kind, .file = "-"}};
}

}  // namespace quartet::cli
