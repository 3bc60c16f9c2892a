#include "cli/views/advice_view.hpp"

#include "cli/terminal/figures.hpp"
#include "cli/terminal/text.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <string_view>
#include <utility>

namespace quartet::cli {
namespace {

std::string times_as_long(double ratio) {
    return fmt::format("{:.{}f}", ratio, ratio < 2 ? 2 : ratio < 10 ? 1 : 0);
}

/// "10.0 s expected, 20.1 s of processor time, 12.3M of memory"
std::string needs(prediction const& of, bool utf8) {
    return fmt::format("{}, {} of processor time, {} of memory", format_seconds(of.seconds, utf8),
                       format_seconds(of.cpu_seconds, utf8), format_bytes_short(of.memory_bytes));
}

/// 1,234 as 1,200.
double two_digits(double value) {
    double const unit = std::pow(10, std::floor(std::log10(value)) - 1);
    return std::round(value / unit) * unit;
}

/// "from about 400 tasks on", "with waits below about 2 ms".
std::string crossing_text(crossing const& of, bool utf8) {
    switch (of.what) {
        case crossing::tasks:
            return fmt::format("{} about {:.0f} tasks{}", of.upwards ? "from" : "with fewer than",
                               two_digits(of.at), of.upwards ? " on" : "");
        case crossing::cpu_seconds:
            return fmt::format("if a task computed {} than about {}", of.upwards ? "longer" : "shorter",
                               format_seconds(of.at, utf8));
        case crossing::wait_seconds:
            break;
    }
    return fmt::format("if a task waited {} than about {}", of.upwards ? "longer" : "shorter",
                       format_seconds(of.at, utf8));
}

std::string runner_up_text(advice const& given, machine_costs const& costs, bool utf8) {
    if (!given.runner_up) return "No other model keeps to the limits.";
    auto const& other = *given.runner_up;
    double const ratio = other.seconds / given.choice.seconds;
    auto text = ratio >= 0.995 && ratio < 1.005
                    ? fmt::format("{} takes as long", to_string(other.spec))
                    : fmt::format("{} takes {} times as long", to_string(other.spec), times_as_long(ratio));
    text += fmt::format(" ({})", needs(other, utf8));
    bool const known = can_predict(given.choice.spec, costs) && can_predict(other.spec, costs);
    if (!known) return text + '.';
    if (!given.runner_up_wins)
        return text + "; it would not win with other numbers of tasks, nor other times.";
    return fmt::format("{}; it would win {}.", text, crossing_text(*given.runner_up_wins, utf8));
}

std::string sureness_text(advice_report const& report) {
    if (!report.sureness.empty()) return report.sureness;
    switch (report.given.how_sure) {
        case sureness::sure:
            return "Sure: the runner-up is farther behind than predictions are wrong.";
        case sureness::likely:
            return "Likely: the runner-up is about as far behind as predictions are wrong.";
        case sureness::even:
            break;
    }
    return "Even: both take about the same, and what is chosen costs less or is simpler.";
}

std::string table_of(advice_report const& report, terminal const& where) {
    auto const& all = report.given.considered;
    std::size_t width = 5;
    for (auto const& each : all)
        width = std::max(width, to_string(each.spec).size());
    bool const measured = !report.predicted.empty();
    auto out = fmt::format("  {}  {:>8}{}  {:>8}  {:>8}\n", pad("model", width), "time",
                           measured ? "  predicted" : "", "CPU", "memory");
    for (std::size_t i = 0; i < all.size(); ++i) {
        auto const& each = all[i];
        bool const chosen = each.spec == report.given.choice.spec;
        auto line = fmt::format("{} {}  {}", chosen ? '*' : ' ', pad(to_string(each.spec), width),
                                pad_left(format_seconds(each.seconds, where.utf8), 8));
        if (measured)
            line += "  " +
                    pad_left(report.predicted[i] ? format_seconds(*report.predicted[i], where.utf8) : "", 9);
        line += fmt::format("  {}  {:>8}", pad_left(format_seconds(each.cpu_seconds, where.utf8), 8),
                            format_bytes_short(each.memory_bytes));
        out += (chosen ? where.bold(line) : line) + '\n';
    }
    return out;
}

nlohmann::ordered_json json_of(prediction const& of) {
    return {{"spec", to_string(of.spec)},
            {"seconds", of.seconds},
            {"cpu_seconds", of.cpu_seconds},
            {"memory_bytes", of.memory_bytes},
            {"nodes", of.nodes}};
}

std::string_view name_of(sureness how) {
    switch (how) {
        case sureness::sure:
            return "sure";
        case sureness::likely:
            return "likely";
        case sureness::even:
            break;
    }
    return "even";
}

std::string_view name_of(crossing::quantity what) {
    switch (what) {
        case crossing::tasks:
            return "tasks";
        case crossing::cpu_seconds:
            return "cpu_seconds";
        case crossing::wait_seconds:
            break;
    }
    return "wait_seconds";
}

std::string time_text(std::chrono::sys_seconds time) {
    return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", time);
}

nlohmann::ordered_json json_of_cluster(known_costs const& known) {
    auto const& costs = known.costs.cluster;
    if (costs.nodes.empty()) return nullptr;
    nlohmann::ordered_json made{{"measured", nullptr}, {"disturbed_share", nullptr}};
    if (known.measured_cluster) {
        made["measured"] = time_text(known.measured_cluster->measured);
        made["disturbed_share"] = known.measured_cluster->disturbed_share;
    }
    made["start_seconds"] = costs.start_seconds;
    made["node_seconds"] = costs.node_seconds;
    made["latency_seconds"] = costs.latency_seconds;
    made["hand_out_seconds"] = costs.hand_out_seconds;
    made["root_task_seconds"] = costs.root_task_seconds;
    made["node_task_seconds"] = costs.node_task_seconds;
    made["input_byte_seconds"] = costs.input_byte_seconds;
    made["result_byte_seconds"] = costs.result_byte_seconds;
    made["crossing_byte_seconds"] = costs.crossing_byte_seconds;
    made["node_bytes"] = costs.node_bytes;
    auto nodes = nlohmann::ordered_json::array();
    for (auto const& each : costs.nodes)
        nodes.push_back({{"name", each.name},
                         {"processors", each.cpus},
                         {"speed", each.speed},
                         {"memory_bytes", each.memory_bytes}});
    made["nodes"] = std::move(nodes);
    auto shared = nlohmann::ordered_json::array();
    for (auto const& each : costs.shared)
        shared.push_back({{"nodes", each.nodes}, {"processors", each.cpus}});
    made["shared"] = std::move(shared);
    return made;
}

nlohmann::ordered_json json_of(known_costs const& known) {
    nlohmann::ordered_json made{
        {"name", known.in_words()}, {"measured", nullptr}, {"disturbed_share", nullptr}};
    if (known.measured) {
        made["measured"] = time_text(known.measured->measured);
        made["disturbed_share"] = known.measured->disturbed_share;
    }
    made["cluster"] = json_of_cluster(known);
    return made;
}

nlohmann::ordered_json json_of(advice_report const& report) {
    nlohmann::ordered_json all = nlohmann::ordered_json::array();
    for (auto const& each : report.given.considered)
        all.push_back(json_of(each));
    auto const& given = report.given;
    nlohmann::ordered_json made{{"schema", "quartet/advice/1"},
                                {"choice", json_of(given.choice)},
                                {"reason", reason(given, report.work, report.known.costs)},
                                {"runner_up", given.runner_up ? json_of(*given.runner_up) : nullptr},
                                {"runner_up_wins", nullptr},
                                {"sureness", name_of(given.how_sure)},
                                {"meets_deadline", given.meets_deadline},
                                {"considered", all},
                                {"ground", report.ground},
                                {"costs", json_of(report.known)},
                                {"notes", report.notes},
                                {"disturbances", report.disturbances}};
    if (auto const& wins = given.runner_up_wins)
        made["runner_up_wins"] = {
            {"quantity", name_of(wins->what)}, {"at", wins->at}, {"upwards", wins->upwards}};
    if (!report.workload.empty()) made["workload"] = report.workload;
    return made;
}

}  // namespace

std::string format_advice(advice_report const& report, terminal const& where) {
    auto const width = where.text_width();
    auto const paragraph = [&](std::string const& text) { return wrap(printable(text), width) + '\n'; };
    auto const& choice = report.given.choice;
    auto out = where.good(to_string(choice.spec)) + ": " +
               wrap(needs(choice, where.utf8), width, "  ", to_string(choice.spec).size() + 2) + "\n\n";
    out += paragraph(reason(report.given, report.work, report.known.costs));
    out += paragraph("Runner-up: " + runner_up_text(report.given, report.known.costs, where.utf8));
    out += paragraph(sureness_text(report));
    for (auto const& note : report.notes)
        out += paragraph(note);
    for (auto const& each : report.disturbances)
        out += where.bad(wrap(printable(each), width, "  ")) + '\n';
    return out + '\n' + table_of(report, where) + '\n' + paragraph(report.ground);
}

std::string advice_text(advice_report const& report) {
    auto const& choice = report.given.choice;
    return fmt::format("{}: {}. {} Runner-up: {} {}", to_string(choice.spec), needs(choice, true),
                       reason(report.given, report.work, report.known.costs, true),
                       runner_up_text(report.given, report.known.costs, true), sureness_text(report));
}

std::string format_advice(std::vector<advice_report> const& reports, terminal const& where) {
    if (reports.size() == 1) return format_advice(reports.front(), where);
    std::string out;
    for (auto const& each : reports) {
        if (!out.empty()) out += '\n';
        out += where.bold(printable(each.workload)) + '\n' + format_advice(each, where);
    }
    return out;
}

std::string advice_to_json(std::vector<advice_report> const& reports) {
    auto all = nlohmann::ordered_json::array();
    for (auto const& each : reports)
        all.push_back(json_of(each));
    auto const& made = reports.size() == 1 ? all.front() : all;
    return made.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + '\n';
}

}  // namespace quartet::cli
