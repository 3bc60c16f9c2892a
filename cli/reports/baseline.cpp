#include "cli/reports/baseline.hpp"

#include "cli/parsing/errors.hpp"
#include "cli/parsing/quantities.hpp"
#include "cli/reports/report_files.hpp"
#include "cli/terminal/text.hpp"
#include "cli/views/changes_view.hpp"
#include "measure/analysis/changes.hpp"
#include "measure/results/report_json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <string_view>

namespace quartet::cli {
namespace {

/// The fewest rounds that any measurement has.
std::size_t fewest_rounds(measure::results const& of) {
    std::size_t fewest = 0;
    for (auto const& each : of.measurements) {
        std::size_t const rounds = rounds_of(each);
        if (rounds > 0) fewest = fewest == 0 ? rounds : std::min(fewest, rounds);
    }
    return fewest;
}

double typed_share(std::string_view flag, std::string const& text) {
    try {
        return parse_share(text);
    } catch (std::invalid_argument const& wrong) {
        throw usage_error(fmt::format("{}: {}", flag, wrong.what()));
    }
}

/// Without --fail-above only --fail-unresolved can make the command fail.
exit_code code_of(std::vector<measure::change> const& changes, std::optional<double> fail_above,
                  bool fail_unresolved) {
    auto const any = [&](auto holds) { return std::ranges::any_of(changes, holds); };
    if (fail_above && any([&](auto const& each) { return each.is_regression(*fail_above); }))
        return something_failed;
    auto const unknown = [&](measure::change const& each) {
        return fail_above ? each.may_be_regression(*fail_above)
                          : each.kind == measure::change_kind::unresolved;
    };
    if (fail_unresolved) return any(unknown) ? cannot_tell : all_well;
    bool const nothing_known =
        any(unknown) && !any([&](auto const& each) { return each.compared && !unknown(each); });
    return fail_above && nothing_known ? cannot_tell : all_well;
}

}  // namespace

void add_baseline_options(CLI::App& command, baseline_options& options) {
    command
        .add_option("--fail-above", options.fail_above,
                    "exit with 1 if a row is certainly slower, and by more than this, such as 5%")
        ->option_text("SHARE");
    command.add_flag("--fail-unresolved", options.fail_unresolved,
                     "exit with 3 if of any row it can't be told, not only if of all");
    command.add_flag("--anyway", options.anyway, "compare also what comes from other machines or settings");
}

measure::results read_baseline(std::string const& file) {
    try {
        return measure::read_results(file);
    } catch (std::invalid_argument const& wrong) {
        throw usage_error(printable(wrong.what()));
    }
}

void check_comparable(measure::results const& old_results, measure::results const& new_results,
                      baseline_options const& options) {
    if (options.anyway) return;
    std::string text;
    for (auto const& each : measure::differences_between(old_results, new_results))
        text += (text.empty() ? "" : "; ") + each;
    if (!text.empty())
        throw usage_error(
            printable(fmt::format("not comparable: {}; --anyway compares them all the same", text)));
}

baseline_report compare_with_baseline(measure::results const& old_results,
                                      measure::results const& new_results, baseline_options const& options,
                                      terminal const& where) {
    double margin = typed_share("--margin", options.margin);
    std::optional<double> fail_above;
    if (!options.fail_above.empty()) {
        fail_above = typed_share("--fail-above", options.fail_above);
        margin = std::min(margin, *fail_above);
    }
    auto const changes = measure::changes_between(old_results, new_results, margin);
    auto const rounds = std::min(fewest_rounds(old_results), fewest_rounds(new_results));
    return {format_changes(changes, rounds, fail_above, where),
            code_of(changes, fail_above, options.fail_unresolved)};
}

std::optional<measure::results> wanted_baseline(std::string const& file, baseline_options const& options,
                                                measure::results const& planned) {
    if (file.empty()) {
        if (!options.fail_above.empty())
            throw usage_error("--fail-above: there is no --baseline to compare with");
        if (options.fail_unresolved)
            throw usage_error("--fail-unresolved: there is no --baseline to compare with");
        return std::nullopt;
    }
    auto read = read_baseline(file);
    check_comparable(read, planned, options);
    return read;
}

exit_code show_changes(measure::results const& baseline, measure::results const& results,
                       baseline_options options, std::string const& margin, report_options const& reports) {
    options.margin = margin;
    auto const [text, code] = compare_with_baseline(baseline, results, options, reports.screen());
    if (!reports.quiet) print_to(reports.stream(), '\n' + text);
    return code;
}

}  // namespace quartet::cli
