#include "src/advice/cluster_cost_file.hpp"

#include "src/advice/cost_lines.hpp"

#include <quartet/version.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <utility>

namespace quartet::inline v0::detail {
namespace {

constexpr std::string_view first_line_of_cluster = "quartet costs of a cluster 1";
constexpr std::string_view last_line_of_cluster = "end\n";

struct cluster_field {
    std::string_view name;
    double cluster_costs::*figure;
};
constexpr cluster_field cluster_fields[] = {
    {"start_seconds", &cluster_costs::start_seconds},
    {"node_seconds", &cluster_costs::node_seconds},
    {"latency_seconds", &cluster_costs::latency_seconds},
    {"hand_out_seconds", &cluster_costs::hand_out_seconds},
    {"root_task_seconds", &cluster_costs::root_task_seconds},
    {"node_task_seconds", &cluster_costs::node_task_seconds},
    {"input_byte_seconds", &cluster_costs::input_byte_seconds},
    {"result_byte_seconds", &cluster_costs::result_byte_seconds},
    {"crossing_byte_seconds", &cluster_costs::crossing_byte_seconds},
    {"node_bytes", &cluster_costs::node_bytes},
};

std::string line_name(std::size_t node, std::string_view what) {
    return fmt::format("node{}.{}", node, what);
}

/// FNV-1a, of 64 bits: equal on all machines and in all versions, unlike std::hash.
std::uint64_t hash_of(std::string_view text) {
    std::uint64_t hash = 0xcbf29ce484222325;
    for (char const each : text) {
        hash ^= static_cast<unsigned char>(each);
        hash *= 0x100000001b3;
    }
    return hash;
}

bool take_nodes(cost_lines const& lines, cluster_costs& costs) {
    constexpr std::size_t most_nodes = 100'000;
    std::size_t count = 0;
    if (!take_cost(lines, "nodes", count) || count == 0 || count > most_nodes) return false;
    for (std::size_t place = 0; place < count; ++place) {
        cluster_node node;
        auto const name = lines.find(line_name(place, "name"));
        if (name == lines.end() || !take_cost(lines, line_name(place, "cpus"), node.cpus) ||
            !take_cost(lines, line_name(place, "speed"), node.speed) || node.cpus == 0 || node.speed == 0)
            return false;
        node.name = name->second;
        costs.nodes.push_back(std::move(node));
    }
    return true;
}

}  // namespace

std::string cluster_identity(std::vector<cluster_node> const& nodes, std::string_view mpi) {
    std::vector<std::string> texts;
    for (auto const& each : nodes)
        texts.push_back(fmt::format("{} {}", each.name, each.cpus));
    if (!texts.empty()) std::sort(texts.begin() + 1, texts.end());
    std::string made;
    for (auto const& each : texts)
        made += each + ", ";
    return made + fmt::format("{}, quartet {}", mpi, QUARTET_VERSION);
}

std::filesystem::path cluster_cost_path(std::string_view identity) {
    auto const of_machine = cost_file_path();
    if (of_machine.empty()) return {};
    return of_machine.parent_path() / fmt::format("cluster-{:016x}", hash_of(identity));
}

std::string to_text(kept_cluster const& kept) {
    auto text =
        fmt::format("{}\nof {}\nmeasured {}\ndisturbed {}\nnodes {}\n", first_line_of_cluster, kept.identity,
                    kept.measured.time_since_epoch().count(), kept.disturbed_share, kept.costs.nodes.size());
    for (std::size_t place = 0; place < kept.costs.nodes.size(); ++place) {
        auto const& node = kept.costs.nodes[place];
        text += fmt::format("{} {}\n{} {}\n{} {}\n", line_name(place, "name"), node.name,
                            line_name(place, "cpus"), node.cpus, line_name(place, "speed"), node.speed);
    }
    for (auto const& field : cluster_fields)
        text += fmt::format("{} {}\n", field.name, kept.costs.*field.figure);
    return text += last_line_of_cluster;
}

std::optional<kept_cluster> cluster_from_text(std::string_view text) {
    if (!text.starts_with(first_line_of_cluster) || !text.ends_with(last_line_of_cluster))
        return std::nullopt;
    auto const lines = cost_lines_of(text);
    kept_cluster made;
    std::int64_t measured = 0;
    bool whole = take_cost(lines, "measured", measured) &&
                 take_cost(lines, "disturbed", made.disturbed_share) && take_nodes(lines, made.costs);
    for (auto const& field : cluster_fields)
        whole = whole && take_cost(lines, field.name, made.costs.*field.figure);
    auto const of = lines.find("of");
    if (!whole || of == lines.end()) return std::nullopt;
    made.identity = of->second;
    made.measured = std::chrono::sys_seconds(std::chrono::seconds(measured));
    return made;
}

std::optional<kept_cluster> load_cluster(std::string_view identity) {
    std::ifstream file(cluster_cost_path(identity));
    std::string const text{std::istreambuf_iterator<char>(file), {}};
    auto kept = cluster_from_text(text);
    if (!kept || kept->identity != identity || kept->measured > std::chrono::system_clock::now())
        return std::nullopt;
    return kept;
}

bool is_better(kept_cluster const& found, kept_cluster const& kept) noexcept {
    return is_better(found.disturbed_share, found.measured, kept.disturbed_share, kept.measured);
}

}  // namespace quartet::inline v0::detail
