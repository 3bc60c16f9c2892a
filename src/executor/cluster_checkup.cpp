#include "src/executor/cluster_checkup.hpp"

#include "src/executor/cluster.hpp"
#include "src/models/cluster/hub.hpp"
#include "src/models/cluster/link.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

namespace quartet::inline v0::detail {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

constexpr std::size_t in_a_message = std::size_t{1} << 20;

node_reading reading_of(node_view const& node, std::size_t number, module_name const& program) {
    node_reading seen{.name = node.about.name.empty() ? fmt::format("rank {}", number) : node.about.name};
    if (node.is != node_view::phase::here) {
        seen.refused = node.refused.empty() ? "it has not answered" : node.refused;
        return seen;
    }
    seen.same_program = node.about.program == program;
    seen.program = node.about.program.identity;
    seen.processors = node.about.processors;
    seen.all_processors = node.about.all_processors;
    seen.workers = node.about.workers;
    seen.memory_bytes = node.about.memory;
    seen.is_root = number == 0;
    return seen;
}

/// The median of so many tries; nothing if the node is lost.
std::optional<nanoseconds> median_probe(hub& through, std::size_t node, probe_messages what,
                                        std::size_t tries) {
    std::vector<nanoseconds> took;
    for (std::size_t each = 0; each < tries; ++each) {
        auto const once = through.probe(node, what);
        if (!once) return {};
        took.push_back(*once);
    }
    auto const middle = took.begin() + static_cast<std::ptrdiff_t>(took.size() / 2);
    std::nth_element(took.begin(), middle, took.end());
    return *middle;
}

std::optional<way_reading> measure_way(hub& through, std::size_t node, std::size_t bytes) {
    auto const trip = median_probe(through, node, {}, 101);
    if (!trip) return {};
    std::size_t const count = std::max<std::size_t>(1, bytes / in_a_message);
    auto const there = median_probe(through, node, {.count = count, .bytes = in_a_message}, 3);
    auto const back = median_probe(through, node, {.count = count, .answer_bytes = in_a_message}, 3);
    if (!there || !back) return {};
    auto const rate = [&](nanoseconds took) {
        return static_cast<double>(count * in_a_message) /
               std::chrono::duration<double>(std::max(took - *trip, nanoseconds(1))).count();
    };
    return way_reading{.half_round_trip = *trip / 2,
                       .bytes_per_second_there = rate(*there),
                       .bytes_per_second_back = rate(*back)};
}

/// Whether the answers of a node wake a root that sleeps.
void count_late(hub& through, link const& line, std::size_t node, cluster_reading& into) {
    constexpr std::size_t times = 9;
    auto const before = line.found_late();
    for (std::size_t each = 0; each < times; ++each) {
        std::this_thread::sleep_for(100ms);
        if (!through.probe(node, {})) return;
    }
    into.messages = times;
    into.found_late = line.found_late() - before;
}

}  // namespace

std::optional<cluster_reading> read_cluster(cluster_checkup_options const& options) {
    auto const standing = own_cluster();
    if (!standing) return {};
    if (!standing->through) return cluster_reading{.refused = standing->refused};
    hub& through = *standing->through;
    cluster_reading seen{.mpi = standing->line->about()};
    auto const first = through.nodes();
    for (std::size_t number = 0; number < first.size(); ++number)
        seen.nodes.push_back(reading_of(first[number], number, first[0].about.program));
    auto const end = std::chrono::steady_clock::now() + options.time;
    for (std::size_t number = 1; number < seen.nodes.size(); ++number) {
        node_reading& node = seen.nodes[number];
        if (options.is_stopped && options.is_stopped()) break;
        if (!node.refused.empty()) continue;
        if (options.looks_at) options.looks_at(node.name);
        if (seen.messages == 0) count_late(through, *standing->line, number, seen);
        if (std::chrono::steady_clock::now() < end) node.way = measure_way(through, number, options.bytes);
    }
    auto const last = through.nodes();  // whose clocks have been compared meanwhile
    for (std::size_t number = 0; number < last.size(); ++number) {
        node_reading& node = seen.nodes[number];
        if (last[number].is == node_view::phase::lost && node.refused.empty())
            node.refused = last[number].refused;
        if (node.is_root || !last[number].clock.known()) continue;
        node.clock_ahead = last[number].clock.ahead();
        node.clock_error = last[number].clock.error(std::chrono::steady_clock::now());
    }
    return seen;
}

}  // namespace quartet::inline v0::detail
