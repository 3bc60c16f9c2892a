#include "cli/views/findings.hpp"

#include "cli/terminal/text.hpp"
#include "measure/analysis/findings.hpp"

#include <fmt/format.h>

namespace quartet::cli {
namespace {

std::string faint_line(std::string const& text, terminal const& where) {
    return where.faint(wrap(printable("  ! " + text), where.text_width(), "    ")) + '\n';
}

std::string troubles_of(measure::remark const& of, std::string const& workload, terminal const& where) {
    auto const specs = fmt::format("{}", fmt::join(of.specs, ", "));
    auto out = where.bad(printable(fmt::format("{} {}: {}", workload, specs, of.lines.front()))) + '\n';
    for (std::size_t i = 1; i < of.lines.size(); ++i)
        out += printable(of.lines[i]) + '\n';
    return out;
}

}  // namespace

std::string format_findings(measure::results const& results, std::string const& workload,
                            terminal const& where) {
    auto const found = measure::findings_of(results, workload);
    std::string out;
    if (!found.verdict.empty())
        out += wrap(printable(workload + ": " + found.verdict), where.text_width(), "  ") + '\n';
    if (!found.outliers.empty()) out += faint_line(found.outliers, where);
    for (auto const& each : found.doubts)
        out += faint_line(fmt::format("{}: {}", fmt::join(each.specs, ", "), each.lines.front()), where);
    for (auto const& each : found.troubles)
        out += troubles_of(each, workload, where);
    return out;
}

std::string format_troubles(measure::results const& results, std::string const& workload,
                            terminal const& where) {
    std::string out;
    for (auto const& each : measure::findings_of(results, workload).troubles)
        out += troubles_of(each, workload, where);
    return out;
}

std::string format_conditions(measure::results const& results, terminal const& where) {
    std::string out;
    for (auto const& each : measure::remarks_on_run(results))
        out += where.bad(wrap(printable(each), where.text_width(), "  ")) + '\n';
    return out;
}

}  // namespace quartet::cli
