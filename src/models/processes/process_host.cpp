#include "src/models/processes/process_host.hpp"

#include "src/base/output.hpp"
#include "src/models/executor_end.hpp"
#include "src/models/processes/make_batch.hpp"
#include "src/models/stop_jobs.hpp"

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <utility>

namespace quartet::inline v0::detail {

process_host::process_host(std::size_t slots, processes_options options)
    : options_(std::move(options)), memory_(slots, options_), logs_(options_.log, options_.name) {
    write_out_streams();
    pool_->wake_parent = {inherited_socket(wakes_.write_end())};
    pool_->log_socket = inherited_socket(logs_.write_end());
}

void process_host::start(job& work) {
    if (work.size() >= std::numeric_limits<std::uint32_t>::max())
        throw std::length_error("quartet: a map over processes takes fewer than 4294967295 inputs at a time");
    if (!work.crossing()) throw std::logic_error("quartet: this job has no way to other processes");
    {
        std::lock_guard const lock(mutex_);
        ++in_use_;
    }
    write_out_files();  // before what the tasks print
    remote_batch* batch = nullptr;
    try {
        batch = &make_batch(*pool_, work);
    } catch (...) {
        std::lock_guard const lock(mutex_);
        --in_use_;
        throw;
    }
    std::lock_guard const lock(mutex_);
    --in_use_;
    enlist(work, *batch);
}

/// Under the lock.
void process_host::enlist(job& work, remote_batch& batch) {
    call* made = nullptr;
    try {
        made = &calls_.try_emplace(&batch, call{&work, &batch}).first->second;
        offer(*made);
    } catch (...) {
        if (made) calls_.erase(&batch);
        shared_arena::give_back_all(memory_.batches(), batch.blocks);
        throw;
    }
    bool const limited = work.has_task_limit();
    limited_ += limited;
    if (limited) least_limit_ = std::min(least_limit_, work.task_limit());
    easily_stopped_ += work.policy() == on_failure::stop_all;
    stops_.begin(work, batch);
    work.end_elsewhere(batch.end);
    if (batch.left.load() == 0) tell_end(*pool_, batch);  // no input could be encoded
    if (work.stop().requested()) stopped(work);
    if (limited) wake_supervisor();
}

void process_host::stopped(job& work) noexcept {
    if (stops_.stop(work)) wake_supervisor();
}

void process_host::stop() noexcept {
    stop_jobs(mutex_, [this](auto&& stop) {
        for (auto& [batch, each] : calls_) {
            stop(*each.work);
            stops_.stop(*each.work);
        }
    });
    wake_supervisor();
}

void process_host::join() noexcept {
    join_until(clock::time_point::max());
}

/// Under the lock: whether nothing is going to happen to it unless somebody waits for it.
bool process_host::is_over(call const& of) noexcept {
    return of.batch->end.is_set() && of.batch->watched.load() == 0;
}

/// False if a call goes on at the deadline.
bool process_host::join_until(clock::time_point deadline) noexcept {
    for (;;) {
        std::vector<remote_batch*> under_way;
        bool finishing = false;
        {
            std::lock_guard const lock(mutex_);
            for (auto const& [batch, each] : calls_) {
                if (!is_over(each)) under_way.push_back(batch);
            }
            finishing = collected_by_supervisor_ > 0;
        }
        if (under_way.empty() && !finishing) return true;
        for (remote_batch* const each : under_way) {
            auto const has_ended = [&] {
                std::lock_guard const lock(mutex_);
                call const* const of = find(each);
                return !of || is_over(*of);
            };
            if (!pool_->batch_ended.wait_until(has_ended, deadline)) return false;
        }
        auto const have_finished = [this] {
            std::lock_guard const lock(mutex_);
            return collected_by_supervisor_ == 0;
        };
        if (!pool_->batch_ended.wait_until(have_finished, deadline)) return false;
    }
}

void process_host::end() noexcept {
    stop();
    wait_and_tell([this](auto deadline) { return join_until(deadline); }, [this] { return unended_bodies(); },
                  options_.log);
    if (!supervisor_.joinable()) return;
    collect_all_results();
    {
        std::lock_guard const lock(mutex_);
        ending_ = true;
    }
    wake_supervisor();
    supervisor_.join();
}

/// The bodies that have not ended.
std::vector<unended_body> process_host::unended_bodies() {
    std::lock_guard const lock(mutex_);
    std::vector<unended_body> bodies;
    for (auto const& [batch, each] : calls_) {
        if (!batch->end.is_set()) bodies.push_back({{.name = options_.name}, each.work->body_name()});
    }
    return bodies;
}

}  // namespace quartet::inline v0::detail
