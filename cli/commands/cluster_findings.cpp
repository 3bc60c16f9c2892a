#include "cli/commands/cluster_findings.hpp"

#include "cli/terminal/figures.hpp"
#include "cli/terminal/text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <string>

namespace quartet::cli {
namespace {

using measure::checkup_finding;
using measure::fitness;

std::string time_text(std::chrono::nanoseconds time) {
    return format_seconds(std::chrono::duration<double>(time).count(), false);
}

std::string memory_text(std::uint64_t bytes) {
    constexpr double gibibyte = 1024.0 * 1024 * 1024;
    return fmt::format("{:.1f} GiB", static_cast<double>(bytes) / gibibyte);
}

checkup_finding mpi_finding(std::vector<detail::installed_mpi> const& installed) {
    std::vector<std::string> usable;
    std::vector<std::string> broken;
    for (auto const& each : installed) {
        if (!each.about.empty()) usable.push_back(each.about);
        if (each.about.empty() && !each.plugin.empty()) broken.push_back(without_own_name(each.refused));
    }
    if (!broken.empty())
        return {
            .subject = "MPI",
            .value = usable.empty() ? "none that can be loaded" : fmt::format("{}", fmt::join(usable, "; ")),
            .verdict = fitness::warning,
            .advice = fmt::format("{}", fmt::join(broken, "; "))};
    if (usable.empty())
        return {.subject = "MPI",
                .value =
                    "none that quartet was built for, so 'cluster' is not available: apt install "
                    "openmpi-bin libopenmpi-dev, and build quartet again",
                .verdict = fitness::note};
    return {.subject = "MPI", .value = fmt::format("{}", fmt::join(usable, "; "))};
}

checkup_finding launchers_finding(std::vector<installed_launcher> const& launchers, bool is_started) {
    std::vector<std::string> names;
    for (auto const& each : launchers)
        names.push_back(each.version.empty() ? each.program : each.program + " " + each.version);
    if (names.empty())
        return {
            .subject = "launchers",
            .value = "none",
            .verdict = fitness::note,
            .advice = "nothing is here that starts a program on several machines: apt install openmpi-bin"};
    return {.subject = "launchers",
            .value = fmt::format("{}", fmt::join(names, ", ")),
            .advice = is_started
                          ? ""
                          : "quartet cluster --hosts A,B,C -- quartet doctor looks at those machines, and "
                            "at the ways between them"};
}

checkup_finding cluster_finding(detail::cluster_reading const& seen) {
    if (!seen.refused.empty())
        return {.subject = "cluster",
                .value = "there is none",
                .verdict = fitness::warning,
                .advice = without_own_name(seen.refused)};
    checkup_finding found{.subject = "cluster",
                          .value = fmt::format("{} node{}, {}", seen.nodes.size(),
                                               seen.nodes.size() == 1 ? "" : "s", seen.mpi)};
    if (seen.messages == 0) return found;
    if (2 * seen.found_late <= seen.messages) {  // one may come just when it is looked for
        found.value += "; messages wake who waits for them";
        return found;
    }
    found.value +=
        fmt::format("; {} of {} messages did not wake who waits for them", seen.found_late, seen.messages);
    found.verdict = fitness::warning;
    found.advice =
        "messages come up to 20 ms late, and waiting takes 1 or 2 % of a processor: this network has nothing "
        "that wakes who sleeps; TCP has (mpirun --mca btl tcp,self)";
    return found;
}

std::string clock_text(detail::node_reading const& node) {
    if (!node.clock_ahead) return "clock not compared yet";
    bool const ahead = node.clock_ahead->count() >= 0;
    return fmt::format("clock {} {}, give or take {}", time_text(std::chrono::abs(*node.clock_ahead)),
                       ahead ? "ahead" : "behind", time_text(node.clock_error));
}

std::string way_text(detail::node_reading const& node) {
    if (!node.way) return "the way to it was not measured";
    return fmt::format("half a round trip {}, {:.0f} MB/s there and {:.0f} MB/s back",
                       time_text(node.way->half_round_trip), node.way->bytes_per_second_there / 1e6,
                       node.way->bytes_per_second_back / 1e6);
}

checkup_finding node_finding(detail::node_reading const& node) {
    std::string const subject = "node " + node.name;
    if (!node.refused.empty())
        return {.subject = subject, .value = "not here", .verdict = fitness::warning, .advice = node.refused};
    checkup_finding found{
        .subject = subject,
        .value = fmt::format("{} worker{}, {} of {} processor{}, {}", node.workers,
                             node.workers == 1 ? "" : "s", node.processors, node.all_processors,
                             node.all_processors == 1 ? "" : "s", memory_text(node.memory_bytes))};
    found.value += node.is_root ? "; the root"
                                : fmt::format("; {} program; {}; {}", node.same_program ? "same" : "another",
                                              clock_text(node), way_text(node));
    if (!node.same_program) {
        found.verdict = fitness::warning;
        found.advice = fmt::format(
            "calls are refused until all machines have the same program; it has the one "
            "with the {}",
            node.program);
    } else if (node.processors < node.all_processors) {
        found.verdict = node.processors == 1 ? fitness::warning : fitness::note;
        found.advice =
            "its workers share what the launcher, or a quota, leaves to the rank; quartet cluster starts "
            "ranks "
            "unbound, as mpirun --bind-to none and srun --cpu-bind=none do";
    }
    return found;
}

}  // namespace

bool has_usable_mpi(std::vector<detail::installed_mpi> const& installed) {
    return std::ranges::any_of(installed, [](auto const& each) { return !each.about.empty(); });
}

std::vector<checkup_finding> judge_cluster(std::vector<detail::installed_mpi> const& installed,
                                           std::vector<installed_launcher> const& launchers,
                                           std::optional<detail::cluster_reading> const& cluster) {
    std::vector<checkup_finding> found{mpi_finding(installed)};
    if (has_usable_mpi(installed)) found.push_back(launchers_finding(launchers, cluster.has_value()));
    if (!cluster) return found;
    found.push_back(cluster_finding(*cluster));
    std::ranges::transform(cluster->nodes, std::back_inserter(found), node_finding);
    return found;
}

}  // namespace quartet::cli
