#include "src/io/context/blocking_context.hpp"
#include "src/io/context/logging.hpp"
#include "src/models/executor_end.hpp"
#include "src/models/job_count.hpp"
#include "src/models/naming.hpp"
#include "src/models/stop_jobs.hpp"

#include <quartet/backend/single.hpp>

#include <chrono>
#include <mutex>
#include <set>
#include <unistd.h>
#include <vector>

namespace quartet::inline v0 {

struct single::state {
    log_handler log;
    std::string name;
    std::mutex mutex{};
    std::set<job*> under_way{};  // one for each thread that calls; guarded by mutex
    detail::job_count unfinished{};

    /// The bodies that have not ended.
    std::vector<detail::unended_body> unended_bodies() {
        std::lock_guard const lock(mutex);
        std::vector<detail::unended_body> bodies;
        for (job const* const each : under_way) {
            auto& added = bodies.emplace_back();
            added.worker.name = name;
            added.name = each->body_name();
        }
        return bodies;
    }
};

single::single(log_handler log, std::string name)
    : state_(new state{.log = std::move(log), .name = std::move(name)}) {}
single::~single() {
    stop();
    detail::wait_and_tell([this](auto deadline) { return state_->unfinished.wait_for_none(deadline); },
                          [this] { return state_->unended_bodies(); }, state_->log);
}

namespace {

/// All of it, but for the count of the last tasks.
void run(job& work, context& ctx) {
    if (!work.has_progress()) return work.run(ctx, 0, work.size());
    using clock = std::chrono::steady_clock;
    auto told = clock::now();
    for (std::size_t index = 0; index < work.size(); ++index) {
        work.run(ctx, index, index + 1);
        if (index + 1 == work.size() || clock::now() < told + std::chrono::milliseconds(100)) continue;
        static_cast<void>(work.count_off(index + 1 - (work.size() - work.left())));  // not the last
        work.tell_progress();
        told = clock::now();
    }
}

}  // namespace

void single::start(job& work) {
    {
        std::lock_guard const lock(state_->mutex);
        state_->under_way.insert(&work);
    }
    state_->unfinished.add();
    detail::scope_switch const outside(nullptr);  // a body may run an executor of its own
    detail::blocking_context ctx({.name = state_->name, .number = 0, .process_id = getpid()}, work.stop(),
                                 detail::log_to(state_->log), detail::body_name_of(work));
    run(work, ctx);
    {
        std::lock_guard const lock(state_->mutex);
        state_->under_way.erase(&work);
    }
    state_->unfinished.note_end(work, work.left());
}

void single::stop() noexcept {
    detail::stop_jobs(state_->mutex, [this](auto&& stop) {
        for (job* each : state_->under_way)
            stop(*each);
    });
}

void single::join() noexcept {
    state_->unfinished.wait_for_none();
}

}  // namespace quartet::inline v0
