#include "cli/views/check_view.hpp"

#include "cli/terminal/text.hpp"
#include "measure/results/plain_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string_view>
#include <vector>

namespace quartet::cli {
namespace {

std::string shortened(std::string const& text) {
    return measure::shortened(text, measure::most_text_shown);
}

using measure::check_results;
using measure::task_difference;
using measure::variant_result;

/// "gave 17", "failed: no answer"; of what has no text only that it gave something.
std::string given(task_digest const& what, std::string_view otherwise) {
    if (what.failed) return "failed: " + printable(what.text);
    return what.text.empty() ? std::string(otherwise) : "gave " + printable(what.text);
}

std::string text_of(task_difference const& each) {
    return fmt::format("task {} {}, in single it {}", each.index, given(each.got, "gave something else"),
                       given(each.reference, "gave another value"));
}

/// "0, 1, 2 and 40 more".
std::string list_of(std::vector<std::size_t> const& tasks) {
    constexpr std::size_t most = 10;
    std::string text;
    for (std::size_t i = 0; i < std::min(tasks.size(), most); ++i)
        text += fmt::format("{}{}", i == 0 ? "" : ", ", tasks[i]);
    if (tasks.size() > most) text += fmt::format(" and {} more", tasks.size() - most);
    return text;
}

std::string differences_text(variant_result const& of, std::size_t tasks, std::size_t width,
                             terminal const& where) {
    constexpr std::size_t examples = 3;
    auto out = where.bad(fmt::format("{}: {}", measure::to_string(of.which),
                                     of.differences.empty() ? printable(shortened(of.trouble))
                                                            : fmt::format("{} of {} tasks differ",
                                                                          of.differences.size(), tasks))) +
               '\n';
    for (std::size_t i = 0; i < std::min(of.differences.size(), examples); ++i)
        out += wrap("  " + text_of(of.differences[i]), width, "    ") + '\n';
    if (of.differences.size() > examples) {
        std::vector<std::size_t> rest;
        for (std::size_t i = examples; i < of.differences.size(); ++i)
            rest.push_back(of.differences[i].index);
        out += wrap("  also tasks " + list_of(rest), width, "    ") + '\n';
    }
    if (!of.differences.empty() && !of.trouble.empty())
        out += wrap("  " + printable(shortened(of.trouble)), width, "    ") + '\n';
    return out;
}

/// What failed in single already.
std::string failures_text(std::string const& name, check_results const& results, std::size_t width,
                          terminal const& where) {
    auto out =
        where.bad(fmt::format("{} single: {} of {} tasks failed", name, results.failed, results.tasks)) +
        '\n';
    for (auto const& each : results.failures)
        out += wrap("  " + printable(shortened(each)), width, "    ") + '\n';
    if (results.failed > results.failures.size())
        out += fmt::format("  and {} more\n", results.failed - results.failures.size());
    return out;
}

/// "async:64 backwards (8), shuffled (7); threads:2 shuffled (1)": the other ways, with the tasks that
/// differ.
std::string others_text(check_results const& results, variant_result const& first) {
    std::string text;
    std::string model;
    for (auto const& each : results.variants) {
        if (each.is_clean() || &each == &first) continue;
        auto const spec = quartet::to_string(each.which.model);
        text += text.empty() ? spec + ' ' : spec == model ? ", " : "; " + spec + ' ';
        text += measure::to_string(each.which.order);
        if (each.differences.empty()) {
            text += fmt::format(" ({})", printable(shortened(each.trouble)));
        } else {
            text += fmt::format(" ({})", each.differences.size());
        }
        model = spec;
    }
    return text;
}

std::string_view meaning_of(measure::shared_state cause) {
    switch (cause) {
        case measure::shared_state::none:
            return "every task gives the same, whatever the model, the number of workers and the order";
        case measure::shared_state::carried_over:
            return "what a task gives depends on those that ran before it: they share a variable, a file or "
                   "the like "
                   "that one leaves changed for the next";
        case measure::shared_state::of_the_worker:
            return "what a task gives depends on the worker that runs it: it uses something that each thread "
                   "or "
                   "process has for itself";
        case measure::shared_state::at_once:
            return "what a task gives depends on others that run at the same time: a race for a variable, a "
                   "file or "
                   "the like";
    }
    return {};
}

}  // namespace

std::string format_check(std::string const& workload, check_results const& results, terminal const& where) {
    auto const width = where.text_width();
    auto const name = printable(workload);
    if (!results.trouble.empty())
        return where.bad(wrap(fmt::format("{} single: {}", name, printable(shortened(results.trouble))),
                              width, "  ")) +
               '\n';
    std::string out;
    if (results.failed > 0) out += failures_text(name, results, width, where);
    if (!results.unrepeatable.empty())
        out += where.bad(wrap(
                   fmt::format("{} of {} tasks give something else each time, even in single: they go by "
                               "the time, by chance or by what is outside. They are left out below: {}",
                               results.unrepeatable.size(), results.tasks, list_of(results.unrepeatable)),
                   width, "  ")) +
               '\n';
    std::set<std::string> models;
    for (auto const& each : results.variants)
        models.insert(quartet::to_string(each.which.model));
    auto const first = std::ranges::find_if_not(results.variants, &variant_result::is_clean);
    if (first != results.variants.end()) {
        out += differences_text(*first, results.tasks, width, where);
        if (auto const others = others_text(results, *first); !others.empty())
            out += wrap("also: " + others, width, "  ") + '\n';
    }
    out += fmt::format("{}: {} tasks, {} runs under {} models\n", name, results.tasks,
                       results.variants.size() + 2, models.size());
    auto const cause = measure::likely_cause(results);
    auto const sentence = wrap(fmt::format("{}: {}.", name, meaning_of(cause)), width, "  ");
    return out + (results.is_clean() ? where.good(sentence) : sentence) + '\n';
}

}  // namespace quartet::cli
