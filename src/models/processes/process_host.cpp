#include "src/models/processes/process_host.hpp"

#include "src/base/output.hpp"
#include "src/models/executor_end.hpp"
#include "src/models/processes/make_batch.hpp"
#include "src/models/stop_jobs.hpp"

#include <limits>
#include <stdexcept>
#include <utility>
#include <vector>

namespace quartet::inline v0::detail {

process_host::process_host(std::size_t slots, processes_options options, arrangement_maker make)
    : options_(std::move(options)),
      memory_(slots, options_),
      logs_(options_.log, options_.name),
      workers_(memory_.state(), options_.initialize,
               [this](worker_slot& slot) { arrangement_->serve(slot); }),
      calls_(memory_.state()),
      arrangement_(make({options_, memory_.state(), calls_, workers_, wakes_})),
      batches_(memory_.batches(), *arrangement_),
      results_({mutex_, calls_, batches_, stops_, logs_, wakes_, memory_.state().batch_ended, options_.name}),
      supervisor_({mutex_, calls_, *arrangement_, batches_, workers_, stops_, results_, logs_, wakes_,
                   memory_.state(), have_loops()}) {
    write_out_streams();
    memory_.state().wake_parent = {inherited_socket(wakes_.write_end())};
    memory_.state().log_socket = inherited_socket(logs_.write_end());
    arrangement_->start_workers();
    supervisor_.start();
}

process_host::~process_host() {
    stop();
    wait_and_tell([this](auto deadline) { return join_until(deadline); }, [this] { return unended_bodies(); },
                  options_.log);
    results_.collect_all();
    supervisor_.end();
}

void process_host::start(job& work) {
    if (work.size() >= std::numeric_limits<std::uint32_t>::max())
        throw std::length_error("quartet: a map over processes takes fewer than 4294967295 inputs at a time");
    if (!work.crossing()) throw std::logic_error("quartet: this job has no way to other processes");
    {
        std::lock_guard const lock(mutex_);
        batches_.begin();
    }
    write_out_files();  // before what the tasks print
    remote_batch* batch = nullptr;
    try {
        batch = &make_batch(memory_.state(), work);
    } catch (...) {
        std::lock_guard const lock(mutex_);
        batches_.cancel();
        throw;
    }
    std::lock_guard const lock(mutex_);
    enlist(work, *batch);
}

/// Under the lock.
void process_host::enlist(job& work, remote_batch& batch) {
    open_call* made = nullptr;
    try {
        made = &calls_.add(work, batch);
        arrangement_->offer(*made);
    } catch (...) {
        if (made) calls_.remove(*made);
        batches_.cancel();
        shared_arena::give_back_all(memory_.batches(), batch.blocks);
        throw;
    }
    stops_.begin(work, batch);
    work.end_elsewhere(batch.end);
    if (batch.left.load() == 0) tell_end(memory_.state(), batch);  // no input could be encoded
    if (work.stop().requested()) stopped(work);
    if (work.has_task_limit()) wakes_.wake();
}

void process_host::stopped(job& work) noexcept {
    if (stops_.stop(work)) wakes_.wake();
}

std::size_t process_host::take_back(job& work, std::size_t most,
                                    std::function<void(std::size_t)> const& each) {
    std::lock_guard const lock(mutex_);
    open_call* const call = calls_.find(work.remote);  // which changes under the lock only
    return call ? calls_.take_back(*call, most, each) : 0;
}

void process_host::stop() noexcept {
    stop_jobs(mutex_, [this](auto&& stop) {
        for (auto& [batch, each] : calls_) {
            stop(*each.work);
            stops_.stop(*each.work);
        }
    });
    wakes_.wake();
}

void process_host::join() noexcept {
    join_until(time_point::max());
}

/// False if a call goes on at the deadline.
bool process_host::join_until(time_point deadline) noexcept {
    for (;;) {
        std::vector<remote_batch*> under_way;
        bool finishing = false;
        {
            std::lock_guard const lock(mutex_);
            for (auto const& [batch, each] : calls_) {
                if (!each.is_over()) under_way.push_back(batch);
            }
            finishing = results_.is_finishing();
        }
        if (under_way.empty() && !finishing) return true;
        for (remote_batch* const each : under_way) {
            auto const has_ended = [&] {
                std::lock_guard const lock(mutex_);
                open_call const* const call = calls_.find(each);
                return !call || call->is_over();
            };
            if (!ends().wait_until(has_ended, deadline)) return false;
        }
        auto const have_finished = [this] {
            std::lock_guard const lock(mutex_);
            return !results_.is_finishing();
        };
        if (!ends().wait_until(have_finished, deadline)) return false;
    }
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
