#include "cli/measuring/timing_method.hpp"

#include "cli/parsing/errors.hpp"
#include "cli/parsing/quantities.hpp"
#include "cli/parsing/validators.hpp"
#include "cli/parsing/value_rule.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <random>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace quartet::cli {
namespace {

constexpr std::size_t most_timed_rounds = 10'000;

/// Parses what was typed; an error names `flag`.
auto typed(std::string_view flag, std::string const& text, auto convert) {
    try {
        return convert(text);
    } catch (std::invalid_argument const& wrong) {
        throw usage_error(fmt::format("{}: {}", flag, wrong.what()));
    }
}

std::optional<std::size_t> round_count(std::string_view text) {
    std::size_t count = 0;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    bool const whole = error == std::errc() && end == text.data() + text.size();
    return whole && count >= 1 && count <= most_timed_rounds ? std::optional(count) : std::nullopt;
}

/// "20", "5..": at least; "5..50".
void set_rounds(std::string const& text, measure::command_session_options& to) {
    constexpr std::string_view dots = "..";
    auto const at = text.find(dots);
    auto const first = round_count(std::string_view(text).substr(0, at));
    auto const rest = at == text.npos ? std::string_view() : std::string_view(text).substr(at + dots.size());
    auto const last = rest.empty() ? std::optional(most_timed_rounds) : round_count(rest);
    if (!first || !last || *first > *last)
        throw usage_error(
            fmt::format("--rounds: '{}' is no number from 1 to {}, and no range such as 5..50 or 20..", text,
                        most_timed_rounds));
    if (at == text.npos) {
        to.rounds = *first;
        return;
    }
    to.least_rounds = *first;
    to.most_rounds = *last;
    to.fewest_to_tell = false;
}

void set_streams(timing_options const& options, timing_method& to) {
    auto& streams = to.session.starting;
    if (options.output != "null") to.output = options.output;
    if (options.output == "inherit") {
        streams.output = measure::output_to::here;
    } else if (options.output == "pipe") {
        streams.output = measure::output_to::pipe;
    } else if (options.output != "null") {
        streams.output = measure::output_to::file;
        streams.output_file = std::filesystem::absolute(options.output).native();
    }
    streams.input_file = options.input;
    if (options.input.empty()) return;
    if (access(options.input.c_str(), R_OK) != 0)
        throw usage_error(fmt::format("--input: cannot read '{}': {}", options.input, std::strerror(errno)));
    std::error_code ignored;
    if (std::filesystem::is_directory(options.input, ignored))
        throw usage_error(fmt::format("--input: '{}' is a folder", options.input));
    if (std::filesystem::is_fifo(options.input, ignored))
        throw usage_error(
            fmt::format("--input: '{}' can be read only once, and each run reads it", options.input));
}

void add_stopping_options(CLI::App& command, timing_options& options) {
    command
        .add_option(
            "--rounds,-r", options.rounds,
            "how often each line is measured: 20, or 5..50 for as often as fits into --time (default: "
            "10 or as often as it takes to tell so many apart, and up to 1000)")
        ->option_text("N|N..M");
    command.add_option("--time", options.time_per_row, "how long to measure each line, if --rounds lets it")
        ->option_text("TIME")
        ->capture_default_str();
    command
        .add_option("--precision", options.precision,
                    "measure no further when the leader's interval against the runner-up is narrower than "
                    "this, such as 1%")
        ->option_text("SHARE");
    command
        .add_option("--budget", options.budget, "begin no round that would end later than this, such as 2m")
        ->option_text("TIME");
    command.add_option("--warmup,-w", options.warmup, "rounds before those that count")
        ->option_text("N")
        ->check(integer_from(0, 1000))
        ->capture_default_str();
    command.add_option("--margin", options.margin, "a smaller difference is taken for none")
        ->option_text("SHARE")
        ->capture_default_str();
    command.add_option("--seed", options.seed, "of the order of the lines; none: by chance")
        ->option_text("N")
        ->check(integer_from(0, most_seed));
    command.add_flag("--in-turn", options.in_turn,
                     "one line after the other, not in rounds: for a --setup that the next one undoes");
}

}  // namespace

void add_timing_options(CLI::App& command, timing_options& options) {
    command
        .add_flag("--ignore-failure,-i", options.ignored,
                  "go on if a line fails, or only if it ends with one of these exit codes, as in "
                  "--ignore-failure=1,3-5")
        ->option_text("[=CODES]");
    command.add_option("--limit", options.limit, "end a run that takes longer, and give its line up")
        ->option_text("TIME");
    takes_file(command.add_option("--input", options.input, "what lines find at their standard input"))
        ->option_text("FILE");
    takes_file(command.add_option("--output", options.output,
                                  "where their output goes: null, inherit (here), pipe (read and forgotten), "
                                  "or a file, which each run writes anew"))
        ->option_text("null|inherit|pipe|FILE")
        ->capture_default_str();
    add_stopping_options(command, options);
}

timing_method choose_timing(timing_options const& options) {
    timing_method made;
    auto& session = made.session;
    if (!options.rounds.empty()) set_rounds(options.rounds, session);
    session.warmup = options.warmup;
    session.time_per_row = typed("--time", options.time_per_row, parse_duration);
    if (!options.precision.empty()) session.precision = typed("--precision", options.precision, parse_share);
    if (!options.budget.empty()) session.budget = typed("--budget", options.budget, parse_duration);
    made.margin = typed("--margin", options.margin, parse_share);
    session.seed = options.seed ? *options.seed : std::random_device()();
    if (!options.limit.empty()) session.limit = typed("--limit", options.limit, parse_duration);
    bool const all_ignored = options.ignored == "true";  // a flag without a value
    if (!options.ignored.empty())
        session.accepted =
            typed("--ignore-failure", all_ignored ? "all" : options.ignored, measure::exit_code_set::parse);
    session.in_turn = options.in_turn;
    set_streams(options, made);
    return made;
}

}  // namespace quartet::cli
