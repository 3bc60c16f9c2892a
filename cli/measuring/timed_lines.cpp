#include "cli/measuring/timed_lines.hpp"

#include "batch/line/job_line.hpp"
#include "cli/parsing/errors.hpp"
#include "measure/commands/parameters.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace quartet::cli {
namespace {

constexpr std::size_t most_rows = 1000;
constexpr std::string_view usual_shell = "/bin/sh";

/// What becomes of a line: words for exec.
struct read_line {
    measure::word_list words;
    bool through_shell = false;
};

/// Which shell lines go to.
class shell_choice {
public:
    explicit shell_choice(std::string const& typed) {
        if (typed == "auto" || typed == "none") {
            never_ = typed == "none";
            words_ = {std::string(usual_shell)};
            return;
        }
        always_ = true;
        words_ = plain_words("--shell", typed);
    }

    read_line read(std::string_view flag, std::string const& line, bool may_have_none = true) const {
        if (always_ && !line.empty()) return {with_line(line), true};
        auto parsed = parse(flag, line);
        if (!parsed.needs_shell()) return {parsed.make({}).arguments, false};
        if (never_ && may_have_none) throw usage_error(fmt::format("--shell none: '{}' needs one", line));
        return {with_line(line), true};
    }

    measure::word_list with_line(std::string const& line) const {
        auto words = words_;
        words.emplace_back("-c");
        // To the shell a line that begins so would be its options.
        bool const like_options = line.starts_with('-') || line.starts_with('+');
        words.push_back((like_options ? " " : "") + line);
        return words;
    }

private:
    static batch::job_line parse(std::string_view flag, std::string const& line) {
        try {
            return batch::job_line::as_it_is(line);
        } catch (std::runtime_error const& wrong) {
            throw usage_error(
                fmt::format("{}'{}': {}", flag.empty() ? "" : fmt::format("{}: ", flag), line, wrong.what()));
        }
    }

    static measure::word_list plain_words(std::string_view flag, std::string const& line) {
        auto const parsed = parse(flag, line);
        if (parsed.needs_shell()) throw usage_error(fmt::format("{}: '{}' is no program", flag, line));
        return parsed.make({}).arguments;
    }

    measure::word_list words_;
    bool always_ = false;
    bool never_ = false;
};

std::vector<measure::line_parameter> parameters_of(line_options const& options) {
    std::vector<measure::line_parameter> made;
    auto const read = [&](std::string_view flag, std::vector<std::string> const& texts, auto parse) {
        for (auto const& each : texts) {
            try {
                made.push_back(parse(each));
            } catch (std::invalid_argument const& wrong) {
                throw usage_error(fmt::format("{}: {}", flag, wrong.what()));
            }
            auto const same = std::ranges::count(made, made.back().name, &measure::line_parameter::name);
            if (same > 1) throw usage_error(fmt::format("{}: '{}' is there twice", flag, made.back().name));
        }
    };
    read("--scan", options.scans, measure::parse_scan);
    read("--list", options.lists, measure::parse_list);
    return made;
}

/// The texts that go with one line. Empty: there is none.
struct line_texts {
    std::string line;
    std::string name;
    std::string setup;
    std::string prepare;
    std::string conclude;
    std::string cleanup;
};

std::string text_for(std::string_view flag, std::vector<std::string> const& texts, std::size_t line,
                     std::size_t lines) {
    if (texts.empty()) return {};
    if (texts.size() != 1 && texts.size() != lines)
        throw usage_error(fmt::format("{}: there are {} for {} lines; give one for all, or one for each",
                                      flag, texts.size(), lines));
    return texts.size() == 1 ? texts.front() : texts[line];
}

std::vector<line_texts> texts_of(line_options const& options) {
    std::vector<line_texts> made;
    std::size_t const count = options.lines.size();
    if (count == 0)
        throw usage_error("nothing to measure: give command lines, each in quotes, such as 'gzip -kf f'");
    if (options.names.size() > count)
        throw usage_error(fmt::format("--name: there are {} for {} line{}", options.names.size(), count,
                                      count == 1 ? "" : "s"));
    for (std::size_t line = 0; line < count; ++line)
        made.push_back({.line = options.lines[line],
                        .name = line < options.names.size() ? options.names[line] : "",
                        .setup = text_for("--setup", options.setup, line, count),
                        .prepare = text_for("--prepare", options.prepare, line, count),
                        .conclude = text_for("--conclude", options.conclude, line, count),
                        .cleanup = text_for("--cleanup", options.cleanup, line, count)});
    return made;
}

bool mention(line_texts const& texts, std::string_view parameter) {
    auto const has = [&](std::string const& text) { return measure::mentions(text, parameter); };
    return has(texts.line) || has(texts.setup) || has(texts.prepare) || has(texts.conclude) ||
           has(texts.cleanup);
}

class line_planner {
public:
    explicit line_planner(line_options const& options) : shell_(options.shell) {
        auto const parameters = parameters_of(options);
        auto const texts = texts_of(options);
        for (auto const& each : parameters) {
            auto const has = [&](line_texts const& of) { return mention(of, each.name); };
            if (!std::ranges::any_of(texts, has))
                throw usage_error(fmt::format("no line has {{{}}}, which is given values", each.name));
        }
        for (auto const& each : texts)
            add_rows(each, parameters);
    }

    timed_plan take() {
        bool const any = std::ranges::any_of(plan_.rows, &measure::timed_row::through_shell);
        if (any) plan_.empty_shell = number_of(shell_.with_line(""));
        return std::move(plan_);
    }

private:
    /// One for each combination of the parameters that the line has.
    void add_rows(line_texts const& texts, std::vector<measure::line_parameter> const& parameters) {
        std::vector<measure::line_parameter> its_own;
        for (auto const& each : parameters) {
            if (mention(texts, each.name)) its_own.push_back(each);
        }
        try {
            for (auto const& values : measure::combinations_of(its_own, most_rows))
                add_row(texts, values);
        } catch (std::invalid_argument const& wrong) {
            throw usage_error(wrong.what());
        }
        if (plan_.rows.size() > most_rows)
            throw usage_error(fmt::format("there are more than {} rows to measure", most_rows));
    }

    void add_row(line_texts const& texts, measure::line_values const& values) {
        auto const fill = [&](std::string const& text) { return measure::filled_in(text, values); };
        auto const beside = [&](std::string_view flag, std::string const& text) {
            return text.empty() ? std::nullopt
                                : std::optional(number_of(shell_.read(flag, fill(text), false).words));
        };
        measure::timed_row row{.name = fill(texts.name), .line = fill(texts.line), .parameters = values};
        auto const read = shell_.read("", row.line);
        row.command = number_of(read.words);
        row.through_shell = read.through_shell;
        if (row.name.empty()) row.name = row.line;
        bool const in_name = std::ranges::all_of(
            values, [&](auto const& each) { return measure::mentions(texts.name, each.first); });
        if (!texts.name.empty() && !in_name) row.name += suffix_of(values);
        if (texts.name.empty() && !values.empty() && row.line == texts.line) row.name += suffix_of(values);
        row.setup = beside("--setup", texts.setup);
        row.prepare = beside("--prepare", texts.prepare);
        row.conclude = beside("--conclude", texts.conclude);
        row.cleanup = beside("--cleanup", texts.cleanup);
        plan_.rows.push_back(std::move(row));
    }

    /// " (level=3)": rows of one name are told apart.
    static std::string suffix_of(measure::line_values const& values) {
        std::string text;
        for (auto const& [name, value] : values)
            text += fmt::format("{}{}={}", text.empty() ? "" : ", ", name, value);
        return text.empty() ? text : fmt::format(" ({})", text);
    }

    std::size_t number_of(measure::word_list const& words) {
        auto const [found, added] = numbers_.try_emplace(words, plan_.commands.size());
        if (added) plan_.commands.push_back(words);
        return found->second;
    }

    shell_choice shell_;
    timed_plan plan_;
    std::map<measure::word_list, std::size_t> numbers_;
};

}  // namespace

timed_plan plan_lines(line_options const& options) {
    return line_planner(options).take();
}

}  // namespace quartet::cli
