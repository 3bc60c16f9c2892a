#include "src/models/processes/process_host.hpp"

#include "src/base/futex.hpp"
#include "src/base/output.hpp"
#include "src/models/executor_end.hpp"
#include "src/models/stop_jobs.hpp"

#include <quartet/cpus.hpp>
#include <quartet/detail/call/describe_failure.hpp>

#include <algorithm>
#include <array>
#include <fstream>
#include <limits>
#include <new>
#include <stdexcept>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/sysinfo.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace quartet::inline v0::detail {
namespace {

/// What the limit on address space leaves this process; the largest number if there is none.
std::size_t address_space_left() {
    constexpr auto no_limit = std::numeric_limits<std::size_t>::max();
    rlimit limit{};
    if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return no_limit;
    std::size_t pages = 0;
    std::ifstream("/proc/self/statm") >> pages;
    std::size_t const used = pages * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    return limit.rlim_cur - std::min<std::size_t>(limit.rlim_cur, used);
}

/// Address space for as much as the machine has memory, but for no more than half of what the limits leave:
/// the other half is the program's, its threads' and its further executors'.
shared_heap_owner reserve_heap() {
    constexpr std::size_t least = std::size_t{4} << 20;
    struct sysinfo machine {};
    sysinfo(&machine);
    std::size_t const all = machine.totalram * machine.mem_unit;
    std::size_t size = std::max(least, std::min(all, address_space_left() / 2));
    // A limit that can't be asked for, as that on memory that is promised (vm.overcommit_memory=2), is found
    // by trying: half of what it lets pass.
    for (bool refused = false;; size /= 2) {
        try {
            auto heap = shared_heap::create(size);
            if (!std::exchange(refused, false)) return heap;
        } catch (std::system_error const& error) {
            if (size <= least)
                throw std::system_error(error.code(),
                                        "quartet: worker processes need some megabytes of address space; "
                                        "raise the limit (ulimit -v)");
            refused = true;
        }
    }
}

std::array<int, 2> new_socket_pair() {
    std::array<int, 2> ends{};
    if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()) != 0)
        throw std::system_error(errno, std::generic_category(),
                                "cannot make a socket pair for worker processes");
    return ends;
}

}  // namespace

process_host::process_host(std::size_t slots, processes_options options)
    : options_(std::move(options)),
      heap_(reserve_heap()),
      control_(shared_heap::create(sizeof(pool_state) + (slots + 2) * sizeof(worker_slot) + 4096)),
      logs_(options_.log, options_.name) {
    auto const ends = new_socket_pair();
    wake_ = descriptor(ends[1]);
    woken_.emplace(ends[0]);
    write_out_streams();
    std::atomic<shared_block*> kept{nullptr};  // as long as the control heap
    shared_arena arena(*control_, kept);
    pool_ = ::new (arena.allocate(sizeof(pool_state), alignof(pool_state))) pool_state{};
    pool_->heap = heap_.get();
    pool_->slots = arena.allocate_array<worker_slot>(slots);
    pool_->name = options_.name;
    pool_->workers = slots;
    pool_->recycle_after = options_.recycle_after;
    pool_->cpu_share = cpu_share();
    pool_->wake_parent = {inherited_socket(wake_.get())};
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
        batch = make_batch(work);
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
        shared_arena::give_back_all(*heap_, batch.blocks);
        throw;
    }
    bool const limited = work.has_task_limit();
    limited_ += limited;
    if (limited) least_limit_ = std::min(least_limit_, work.task_limit());
    easily_stopped_ += work.policy() == on_failure::stop_all;
    {
        std::lock_guard const stops(stops_mutex_);
        work.remote = &batch;
    }
    work.end_elsewhere(batch.end);
    if (batch.left.load() == 0) tell_end(*pool_, batch);  // no input could be encoded
    if (work.stop().requested()) stopped(work);
    if (limited) wake_supervisor();
}

void process_host::stopped(job& work) noexcept {
    {
        std::lock_guard const lock(stops_mutex_);
        if (!work.remote) return;
        stop_batch(*work.remote, work.stop().word().load());
    }
    wake_supervisor();
}

/// Under stops_mutex_.
void process_host::stop_batch(remote_batch& batch, std::uint32_t mark) noexcept {
    set_stop(batch.stop, mark);
    futex_wake_all(batch.stop);
    stop_requests_.push_back(&batch);
}

void process_host::stop() noexcept {
    stop_jobs(mutex_, [this](auto&& stop) {
        std::lock_guard const lock(stops_mutex_);
        for (auto& [batch, each] : calls_) {
            stop(*each.work);
            stop_batch(*batch, each.work->stop().word().load());
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
