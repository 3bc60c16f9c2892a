#include "cli/measuring/repetition.hpp"

#include "cli/parsing/errors.hpp"
#include "cli/terminal/question.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string_view>
#include <unistd.h>

namespace quartet::cli {
namespace {

constexpr std::string_view runs_commands = "command";  // the workload that does

std::string counted(std::size_t number, std::string_view what) {
    return fmt::format("{} {}{}", number, what, number == 1 ? "" : "s");
}

std::size_t models_of_commands(plan const& what) {
    auto const is_theirs = [](auto const& each) { return each.what->name == runs_commands; };
    return static_cast<std::size_t>(std::ranges::count_if(what.configurations, is_theirs));
}

/// Nothing for a pipe or the like, which can be read only once.
std::optional<std::size_t> count_inputs(plan const& what) {
    auto const& path = std::get<std::string>(what.values.at(std::string(runs_commands)).at("inputs"));
    std::error_code error;
    if (!std::filesystem::is_regular_file(path, error)) return std::nullopt;
    std::ifstream file(path);
    std::size_t inputs = 0;
    for (std::string line; std::getline(file, line);)
        inputs += !line.empty() && line != "\r";
    return inputs;
}

std::string sentence_of(plan const& what, repetition const& how_often) {
    auto const inputs = count_inputs(what);
    std::string const subject = !inputs        ? "each command"
                                : *inputs == 1 ? "the command"
                                               : fmt::format("each of the {} commands", *inputs);
    return fmt::format("{} runs {}", subject, how_often.text);
}

}  // namespace

repetition repetition_of(plan const& what, method const& how) {
    std::size_t const models = models_of_commands(what);
    std::size_t const rounds = how.stopping.rounds;
    bool const at_most = how.stopping.precision || how.stopping.budget;
    auto each = counted(rounds, "round");
    std::size_t times = rounds;
    if (how.warmup > 0) {
        each = fmt::format("{} + {}", counted(how.warmup, "warm-up"), each);
        times += how.warmup;
    }
    if (how.pictures) {
        each += " + 1 for pictures";
        ++times;
    }
    if (how.warmup > 0 || how.pictures) each = '(' + each + ')';
    return {models * times > 1, fmt::format("{}{}: {} x {}", at_most ? "up to " : "",
                                            counted(models * times, "time"), counted(models, "model"), each)};
}

consent consent_of(method_options const& options) {
    bool const said = options.rounds || !options.precision.empty() || !options.budget.empty() || options.yes;
    return said ? consent::given : consent::required;
}

void announce_commands(plan const& what, repetition const& how_often, consent from_user, bool quiet,
                       interrupt const& stop) {
    if (models_of_commands(what) == 0 || !how_often.again) return;
    auto const sentence = sentence_of(what, how_often);
    bool const can_ask = isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1;
    if (from_user == consent::required && !can_ask)
        throw usage_error(fmt::format("{}; say how often by --rounds, or agree by --yes", sentence));
    bool const asks = from_user != consent::given && can_ask;
    if (!quiet || asks) fmt::print(stderr, "{}\n", sentence);
    if (!asks) return;
    auto const said = ask("Go on?", STDIN_FILENO, stop);
    if (said == answer::interrupted) throw measure::interrupted();
    if (said == answer::no) throw usage_error("nothing was run");
}

}  // namespace quartet::cli
