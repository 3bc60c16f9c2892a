#include "src/models/cluster/cluster_model.hpp"

#include "src/models/cluster/travelling_code.hpp"
#include "src/models/executor_end.hpp"
#include "src/models/stop_jobs.hpp"

#include <quartet/detail/call/crossing.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <span>
#include <stdexcept>
#include <utility>
#include <vector>

namespace quartet::inline v0::detail {
namespace {

call_message described(job& work, std::uint32_t pool) {
    remote_code const here = work.crossing()->code();
    return {.pool = pool,
            .code = pack_code(work),
            .input_size = here.input.size,
            .input_alignment = here.input.alignment,
            .output_size = here.output.size,
            .output_alignment = here.output.alignment,
            .gives_nothing = here.output.none,
            .stops_all = work.policy() == on_failure::stop_all,
            .task_limit = work.has_task_limit() ? work.task_limit().count() : 0,
            .chunk_size = work.chunk_size(),
            .recorded = {.every = work.record_slots().every(), .recorder = work.record_slots().recorder()}};
}

/// Before any task has run, so that not each of them fails by the same.
void check_libraries(job& work, std::span<module_name const> needed, std::span<hello_message const> nodes) {
    for (auto const& node : nodes) {
        auto const* const missing = missing_module(needed, node);
        if (!missing) continue;
        throw std::runtime_error(
            fmt::format("quartet: the body {} can't run on {}, which has not loaded {} ({}); have it loaded "
                        "on all machines "
                        "before cluster_main() serves",
                        work.body_name(), node.name, missing->path, missing->identity));
    }
}

}  // namespace

cluster_model::cluster_model(std::shared_ptr<hub> through, model_spec const& spec, open_pool_message about,
                             log_handler log, node_listener tell_nodes)
    : hub_(std::move(through)), spec_(spec), log_(log), tell_nodes_(std::move(tell_nodes)) {
    about.logs = log != nullptr;
    about.measured = tell_nodes_ != nullptr;
    pool_ = hub_->open_pool(std::move(about), std::move(log), spec.nodes);
    if (!pool_.refused.empty() || pool_.workers_of.empty()) {
        hub_->close_pool(pool_.number);
        throw std::runtime_error(pool_.refused.empty()
                                     ? "quartet: no node of the cluster is left"
                                     : fmt::format("quartet: {} can't run here: {}", to_string(spec),
                                                   fmt::join(pool_.refused, "; ")));
    }
}

cluster_model::~cluster_model() {
    stop();
    wait_and_tell(
        [this](auto deadline) { return unfinished_.wait_for_none(deadline); },
        [this] {
            std::lock_guard const lock(mutex_);
            std::vector<unended_body> bodies;
            open_.for_each([&](job& each) { bodies.push_back({{.name = "cluster"}, each.body_name()}); });
            return bodies;
        },
        log_);
    if (tell_nodes_) {
        tell_nodes_(hub_->close_measured(pool_));
    } else {
        hub_->close_pool(pool_.number);
    }
}

void cluster_model::start(job& work) {
    if (!work.crossing()) throw std::logic_error("quartet: this job has no way to other machines");
    auto about = described(work, pool_.number);
    check_libraries(work, about.code.modules, pool_.others);
    {
        std::lock_guard const lock(mutex_);
        open_.add(work);
    }
    unfinished_.add();
    hub_->begin(work, std::move(about), recorder(), [this](job& ended) { note_end(ended); });
}

void cluster_model::note_end(job& work) {
    {
        std::lock_guard const lock(mutex_);
        open_.remove(work);
    }
    work.finish();
    unfinished_.remove();
}

void cluster_model::stop() noexcept {
    stop_jobs(mutex_, [&](auto&& stop) {
        open_.for_each([&](job& each) {
            stop(each);
            hub_->stop(each, stopped_by::request);
        });
    });
}

void cluster_model::join() noexcept {
    unfinished_.wait_for_none();
}

std::string cluster_model::spec() const {
    model_spec filled = parse_spec(pool_.spec);
    filled.cluster = true;
    filled.nodes = pool_.workers_of.size();
    if (!pool_.alike) filled.count.reset();
    return to_string(filled);
}

model_traits cluster_model::traits() const noexcept {
    bool const apart = spec_.kind == model_kind::processes;
    return {.can_kill = apart, .shares_memory = false, .survives_crash = apart};
}

void cluster_model::stops::stopped(job& work) noexcept {
    of.hub_->stop(work, work.stop().by_call_limit() ? stopped_by::call_limit : stopped_by::request);
}

std::size_t cluster_model::stops::tasks_left(job const& work) const noexcept {
    return work.left();
}

}  // namespace quartet::inline v0::detail
