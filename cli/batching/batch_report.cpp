#include "cli/batching/batch_report.hpp"

#include <nlohmann/json.hpp>

namespace quartet::cli {
namespace {

using nlohmann::ordered_json;

char const* name_of(batch::batch_end end) {
    switch (end) {
        case batch::batch_end::all_run:
            return "all run";
        case batch::batch_end::halted:
            return "halted";
        case batch::batch_end::interrupted:
            return "interrupted";
        case batch::batch_end::reader_gone:
            return "reader gone";
        case batch::batch_end::broken:
            return "broken";
    }
    return "";
}

ordered_json to_json(batch::job_note const& note) {
    ordered_json made{
        {"job", note.number}, {"command", note.command}, {"seconds", note.seconds}, {"tries", note.tries}};
    if (!note.reason.empty()) made["reason"] = note.reason;
    if (!note.last_lines.empty()) made["last_lines"] = note.last_lines;
    return made;
}

ordered_json to_json(std::vector<batch::job_note> const& notes) {
    auto made = ordered_json::array();
    for (auto const& each : notes)
        made.push_back(to_json(each));
    return made;
}

ordered_json to_json(std::vector<batch::limit_change> const& changes) {
    auto made = ordered_json::array();
    for (auto const& each : changes)
        made.push_back({{"when", each.when},
                        {"from", each.from},
                        {"to", each.to},
                        {"why", batch::name_of(each.why)},
                        {"rate_before", each.rate_before},
                        {"rate_after", each.rate_after},
                        {"busy", each.busy}});
    return made;
}

}  // namespace

std::string batch_to_json(batch::batch_summary const& summary, std::vector<std::string> const& typed) {
    auto const& durations = summary.durations;
    ordered_json made{{"schema", "quartet.batch"},
                      {"version", 1},
                      {"arguments", typed},
                      {"end", name_of(summary.end)},
                      {"jobs",
                       {{"done", summary.done},
                        {"failed", summary.failed},
                        {"cancelled", summary.cancelled},
                        {"left_out", summary.left_out}}},
                      {"tries", summary.tries},
                      {"seconds", summary.seconds},
                      {"job_seconds",
                       {{"sum", summary.job_seconds},
                        {"median", durations.quantile(0.5)},
                        {"p95", durations.quantile(0.95)},
                        {"largest", summary.slowest.empty() ? 0 : summary.slowest.front().seconds}}},
                      {"cpu_seconds", {{"user", summary.cpu_user}, {"system", summary.cpu_system}}},
                      {"peak_bytes", summary.peak_bytes},
                      {"most_at_once", summary.most_running},
                      {"at_once", summary.at_once},
                      {"changes", to_json(summary.changes)},
                      {"slowest", to_json(summary.slowest)},
                      {"failures", to_json(summary.failures)}};
    if (!summary.why.empty()) made["why"] = summary.why;
    if (summary.signal != 0) made["signal"] = summary.signal;
    // Names of files and lines of output may be no UTF-8.
    return made.dump(2, ' ', false, ordered_json::error_handler_t::replace) + '\n';
}

}  // namespace quartet::cli
