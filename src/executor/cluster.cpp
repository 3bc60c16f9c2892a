#include "src/executor/cluster.hpp"

#include "src/models/cluster/cluster_model.hpp"
#include "src/models/cluster/hub.hpp"
#include "src/models/cluster/launch.hpp"
#include "src/models/cluster/link.hpp"
#include "src/models/cluster/rank.hpp"

#include <quartet/cluster.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <iterator>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace quartet::inline v0::detail {
namespace {

/// What the root of a cluster has.
struct cluster_root {
    std::unique_ptr<link> line{};  ///< null if there is none
    std::string refused{};         ///< then: why
    std::chrono::nanoseconds silence{std::chrono::seconds(10)};
};

/// What this process is in a cluster. Executors share the hub, which ends with the last of them.
struct standing {
    std::mutex mutex{};
    std::optional<cluster_root> root{};
    std::weak_ptr<hub> shared{};
    std::weak_ptr<hub> alone{};
    link* line = nullptr;  ///< of the root, or of a node that serves
    meter_maker meters{};
    bool measures_nodes = false;
    std::vector<pool_node> measured{};
};

standing& here() {
    static standing ours;
    return ours;
}

/// What runs on this node: where the spec leaves the number of workers open, $QUARTET_WORKERS has it. Throws
/// std::invalid_argument.
model_spec spec_of_node(std::string const& text) {
    auto spec = parse_spec(text);
    bool const open =
        (spec.kind == model_kind::processes || spec.kind == model_kind::threads) && !spec.count && !spec.each;
    auto const said = open ? workers_of_node() : std::nullopt;
    if (!said) return spec;
    spec.count = said;
    return parse_spec(to_string(spec));  // which says so if that is too many
}

/// The models of a node, of this machine too.
model_maker models_of_node() {
    return [](open_pool_message const& about, log_handler log) {
        auto const spec = spec_of_node(about.spec);
        bool const loops = spec.loops || spec.kind == model_kind::async;
        executor_options options{
            .log = std::move(log),
            .name = fmt::format("{}/{}", host_name(), about.name.empty() ? to_string(spec.kind) : about.name),
            .recycle_after = about.recycle_after};
        if (loops) {
            options.files = static_cast<file_backend>(about.files);
            options.offload_threads = about.offload_threads;
            options.stall_limit = std::chrono::nanoseconds(about.stall_limit);
        }
        std::string const name = options.name;
        return made_model{.runs = make_model(spec, std::move(options)),
                          .here = spec.kind != model_kind::processes,
                          .name = name};
    };
}

std::shared_ptr<hub> make_hub(link* line, std::chrono::nanoseconds silence) {
    hub_options options{.silence = silence, .make = models_of_node()};
    if (line) {
        options.session = line->next_session();
        options.take_turn = [line]() -> std::shared_ptr<void> { return line->use(); };
    }
    return std::make_shared<hub>(line, std::move(options));
}

/// The hub of this process, whose only node this machine may be.
std::shared_ptr<hub> hub_for(model_spec const& spec) {
    auto& ours = here();
    std::lock_guard const lock(ours.mutex);
    if (ours.root && ours.root->line) {
        if (auto kept = ours.shared.lock()) return kept;
        auto& root = *ours.root;
        auto made = make_hub(root.line.get(), root.silence);
        ours.shared = made;
        return made;
    }
    if (spec.nodes == std::size_t{1}) {
        if (auto kept = ours.alone.lock()) return kept;
        auto made = make_hub(nullptr, std::chrono::seconds(10));
        ours.alone = made;
        return made;
    }
    if (ours.root) throw std::runtime_error(ours.root->refused);
    throw std::runtime_error(fmt::format(
        "quartet: there is no cluster for '{}': the program has to call "
        "quartet::cluster_main(argc, argv) first in main, and to be started by 'quartet cluster', "
        "mpirun or srun; 'cluster:1' runs on this machine alone",
        to_string(spec)));
}

/// Throws std::runtime_error if nodes are missing, or run another program.
void check_nodes(hub& through, model_spec const& spec) {
    auto const nodes = through.nodes();
    std::vector<std::string> missing;
    std::vector<std::string> others;
    std::size_t present = 0;
    auto const& program = nodes.front().about.program;
    for (std::size_t number = 0; number < nodes.size(); ++number) {
        auto const& each = nodes[number];
        auto const name = each.about.name.empty() ? fmt::format("rank {}", number) : each.about.name;
        if (each.is == node_view::phase::lost) {
            missing.push_back(fmt::format("{} ({})", name, each.refused));
        } else if (each.about.program != program || each.about.version != nodes.front().about.version) {
            others.push_back(
                fmt::format("{} has {} ({})", name, each.about.program.path, each.about.program.identity));
        } else {
            ++present;
        }
    }
    if (!others.empty())
        throw std::runtime_error(
            fmt::format("quartet: the nodes of the cluster run different programs: {} has {} ({}), {}",
                        nodes.front().about.name, program.path, program.identity, fmt::join(others, ", ")));
    std::string const lost =
        missing.empty() ? std::string() : fmt::format("; missing: {}", fmt::join(missing, ", "));
    if (spec.nodes && present < *spec.nodes)
        throw std::runtime_error(fmt::format("quartet: '{}' needs {} nodes, and the cluster has {}{}",
                                             to_string(spec), *spec.nodes, present, lost));
    if (!spec.nodes && nodes.size() == 1)
        throw std::runtime_error(
            fmt::format("quartet: the cluster of '{}' has one node only, this machine; start the program on "
                        "more (docs/cluster.md), or ask for 'cluster:1'",
                        to_string(spec)));
}

/// Keeps what nodes tell, if somebody wants it.
node_listener listener_to_nodes() {
    auto& ours = here();
    std::lock_guard const lock(ours.mutex);
    if (!ours.measures_nodes) return {};
    return [&ours](std::vector<pool_node> nodes) {
        std::lock_guard const of_ours(ours.mutex);
        ours.measured.insert(ours.measured.end(), std::make_move_iterator(nodes.begin()),
                             std::make_move_iterator(nodes.end()));
    };
}

void refuse(std::string_view option, model_spec const& spec, std::string_view why) {
    throw std::invalid_argument(
        fmt::format("quartet: executor_options::{} means nothing to '{}': {}", option, to_string(spec), why));
}

}  // namespace

std::optional<cluster_standing> own_cluster() {
    auto& ours = here();
    {
        std::lock_guard const lock(ours.mutex);
        if (!ours.root) return {};
        if (!ours.root->line) return cluster_standing{.refused = ours.root->refused};
    }
    return cluster_standing{.through = hub_for(parse_spec("cluster")), .line = ours.root->line.get()};
}

bool has_cluster() noexcept {
    auto& ours = here();
    std::lock_guard const lock(ours.mutex);
    return ours.root && ours.root->line;
}

std::chrono::nanoseconds mpi_processor_time() noexcept {
    auto& ours = here();
    std::lock_guard const lock(ours.mutex);
    return ours.line ? ours.line->processor_time() : std::chrono::nanoseconds(0);
}

pid_t mpi_process() noexcept {
    auto& ours = here();
    std::lock_guard const lock(ours.mutex);
    return ours.line ? ours.line->process() : -1;
}

void set_node_meter(meter_maker make) {
    here().meters = std::move(make);
}

void measure_nodes() {
    auto& ours = here();
    std::lock_guard const lock(ours.mutex);
    ours.measures_nodes = true;
}

std::vector<pool_node> take_measured_nodes() {
    auto& ours = here();
    std::lock_guard const lock(ours.mutex);
    return std::exchange(ours.measured, {});
}

std::string why_no_cluster() {
    auto& ours = here();
    std::lock_guard const lock(ours.mutex);
    return ours.root && !ours.root->line ? ours.root->refused : std::string();
}

std::unique_ptr<model> make_cluster(model_spec const& spec, executor_options options) {
    if (options.initialize)
        refuse("initialize", spec,
               "a function object can't cross to other machines; what workers are to have is made before "
               "cluster_main(), or by a body when it first needs it");
    auto through = hub_for(spec);
    check_nodes(*through, spec);
    open_pool_message about{.spec = to_string(spec.on_each_node()),
                            .name = options.name,
                            .recycle_after = options.recycle_after,
                            .offload_threads = options.offload_threads,
                            .files = static_cast<std::uint32_t>(options.files),
                            .stall_limit = options.stall_limit.count(),
                            .records = options.recorder != nullptr,
                            .waits = options.recorder ? options.recorder->wait_room() : 0};
    return std::make_unique<cluster_model>(std::move(through), spec, std::move(about), std::move(options.log),
                                           listener_to_nodes());
}

namespace {

/// $QUARTET_SILENCE in seconds, or what the program says. Throws std::invalid_argument.
std::chrono::nanoseconds silence_of(cluster_options const& options) {
    std::chrono::nanoseconds silence = options.silence;
    if (char const* const said = std::getenv("QUARTET_SILENCE")) {
        char* end = nullptr;
        double const length = std::strtod(said, &end);
        if (end == said || *end || !(length > 0) || length > 1e6)
            throw std::invalid_argument(fmt::format(
                "quartet: QUARTET_SILENCE is '{}'; it is a number of seconds above 0, as 10 or 0.5", said));
        silence = std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::duration<double>(length));
    }
    if (silence <= silence.zero())
        throw std::invalid_argument("quartet: cluster_options::silence is not above zero");
    return silence;
}

/// What bodies may take that run in this process when the root is over, and have been asked to stop.
constexpr std::chrono::seconds end_of_bodies_limit(3);

/// Ends this process after that limit unless they have ended. Nobody would ask for its exit code.
void limit_end_of_bodies(std::atomic<bool> const& ended) {
    std::thread([&ended] {
        std::this_thread::sleep_for(end_of_bodies_limit);
        if (!ended) _exit(EXIT_SUCCESS);
    }).detach();
}

/// On a rank above 0: until the root is over.
[[noreturn]] void serve(std::unique_ptr<link> line, std::chrono::nanoseconds silence) {
    here().line = line.get();
    {
        static std::atomic<bool> bodies_ended{false};
        auto const turn = line->use();
        static_cast<void>(serve_root(
            *line, models_of_node(), silence, [] { limit_end_of_bodies(bodies_ended); }, here().meters));
        bodies_ended = true;
    }
    line->end();
    std::exit(EXIT_SUCCESS);
}

}  // namespace

void join_cluster(cluster_options const& options) {
    auto const silence = silence_of(options);
    std::size_t rank = 0;
    std::unique_ptr<link> line;
    std::string refused;
    try {
        auto const how = how_launched();
        if (!how) return;
        rank = how->rank;
        if (how->flavour == mpi_flavour::mpich) ignore_word_of_dead_ranks();
        line = link::start({.how = *how, .silence = silence});
    } catch (std::exception const& error) {
        refused = error.what();
    }
    // The root alone says why: who serves has nobody who would ask.
    if (!line && rank > 0) std::exit(EXIT_FAILURE);
    if (line && line->rank() > 0) serve(std::move(line), silence);
    auto& ours = here();
    std::lock_guard const lock(ours.mutex);
    ours.line = line.get();
    ours.root.emplace(cluster_root{std::move(line), std::move(refused), silence});
}

}  // namespace quartet::inline v0::detail

namespace quartet::inline v0 {

void cluster_main(int, char**, cluster_options const& options) {
    detail::join_cluster(options);
}

}  // namespace quartet::inline v0
