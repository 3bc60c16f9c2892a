#include "src/models/process_host.hpp"

#include "src/core/describe_end.hpp"
#include "src/core/futex.hpp"
#include "src/core/poll_timeout.hpp"
#include "src/io/running_process.hpp"

#include <quartet/cpus.hpp>
#include <quartet/detail/deadline.hpp>
#include <quartet/detail/map_job.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <new>
#include <poll.h>
#include <signal.h>
#include <stdexcept>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>
#include <vector>

namespace quartet::detail {
namespace {

// How long a body that was asked to stop may take to end by itself: longer than it takes to end a command
// (child_process.cpp), which would go on without the worker.
constexpr auto grace = std::chrono::milliseconds(250);

// Killed at a time, and their ends not heard of yet (see zygote.cpp). Each end brings us back for the next.
constexpr std::ptrdiff_t most_doomed = 32;

// Address space for as much as the machine has memory; less where a limit on address space forbids it.
shared_heap_owner reserve_heap() {
    struct sysinfo machine {};
    sysinfo(&machine);
    constexpr std::size_t least = std::size_t{64} << 20;
    std::size_t size = std::max<std::size_t>(machine.totalram * machine.mem_unit, least);
    for (;; size /= 2) {
        try {
            return shared_heap::create(size);
        } catch (std::system_error const&) {
            if (size / 2 < least) throw;
        }
    }
}

int new_eventfd() {
    int const event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (event < 0) throw std::system_error(errno, std::generic_category(), "cannot make an eventfd");
    return event;
}

failure describe_death(std::size_t index, zygote::event const& end) {
    failure why{.index = index,
                .why = cause::worker_died,
                .message = fmt::format("its worker processes-{} (process {}) {}, with {:.1f} MiB at its peak",
                                       end.number, end.process, describe_end(end.status),
                                       static_cast<double>(end.peak_bytes) / 0x1p20),
                .worker = fmt::format("processes-{}", end.number)};
    why.worker_peak_bytes = end.peak_bytes;
    if (WIFSIGNALED(end.status)) why.signal = WTERMSIG(end.status);
    if (WIFEXITED(end.status)) why.exit_code = WEXITSTATUS(end.status);
    return why;
}

log_record unpack(std::vector<char> const& packet, std::size_t size) {
    log_packet head{};
    std::memcpy(&head, packet.data(), sizeof head);
    auto const since_epoch = std::chrono::duration_cast<std::chrono::system_clock::duration>(
        std::chrono::nanoseconds(head.nanoseconds));
    return {std::chrono::system_clock::time_point(since_epoch), fmt::format("processes-{}", head.worker),
            std::string(packet.data() + sizeof head, size - sizeof head)};
}

}  // namespace

log_channel::log_channel(log_handler handler) : handler_(std::move(handler)) {
    if (!handler_) return;
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        throw std::system_error(errno, std::generic_category(), "cannot make a socket pair for logs");
    read_end_.emplace(ends[0]);
    write_end_ = descriptor(ends[1]);
}

void log_channel::deliver() const {
    if (!read_end_) return;
    std::vector<char> packet(sizeof(log_packet) + log_packet::most_text);
    for (ssize_t got = 0; (got = recv(read_end_->get(), packet.data(), packet.size(), MSG_DONTWAIT)) > 0;)
        handler_(unpack(packet, static_cast<std::size_t>(got)));
}

process_host::process_host(std::size_t slots, log_handler log)
    : heap_(reserve_heap()),
      control_(shared_heap::create(sizeof(pool_state) + (slots + 1) * sizeof(worker_slot) + 4096)),
      changed_(new_eventfd()),
      logs_(std::move(log)) {
    pool_ = ::new (control_->allocate(sizeof(pool_state), alignof(pool_state))) pool_state{};
    pool_->slots = control_->allocate_array<worker_slot>(slots);
    pool_->slot_count = slots;
    pool_->cpu_share = cpu_share();
    pool_->changed_event = changed_.get();
    pool_->log_socket = logs_.write_end();
}

void process_host::start_zygote(std::function<void(std::size_t)> worker) {
    lost_ = true;  // until there is a new one
    alive_.clear();
    zygote_.reset();
    auto const is_busy = [shared = pool_](std::size_t number) {
        return shared->slots[number].busy.load(std::memory_order_relaxed) != 0;
    };
    zygote_.emplace(zygote::callbacks{std::move(worker), is_busy});
    lost_ = false;
}

void process_host::reset_slot(std::size_t number) {
    auto* const slot = ::new (&pool_->slots[number]) worker_slot{};
    slot->remote.number = number;
    slot->remote.current.store(worker_slot::nothing, std::memory_order_relaxed);
}

void process_host::run(job& work, std::stop_token const& caller) {
    take_idle_events();
    if (lost_) start();
    pool_->stop_word.store(0, std::memory_order_relaxed);
    run_stop stop(caller, [shared = pool_] {
        shared->stop_word.store(1, std::memory_order_relaxed);
        futex_wake_all(shared->stop_word);
        eventfd_write(shared->changed_event, 1);
    });
    work.set_stop([&stop] { stop.request(); });
    stop_ = &stop;
    stopped_ = false;
    kill_at_.reset();
    task_limit_ = work.task_limit();
    // Whatever happens, the next run finds an empty heap.
    struct clean_up {
        process_host& host;
        ~clean_up() {
            host.stop_ = nullptr;
            host.task_limit_ = no_limit;
            host.heap_->reset();
        }
    } const at_end{*this};
    put_in_place(work);
    run_batch(work);
    take_outcomes(work);
}

void process_host::put_in_place(job& work) {
    if (work.size() >= std::numeric_limits<std::uint32_t>::max())
        throw std::length_error("quartet: a map over processes takes fewer than 4294967295 inputs at a time");
    auto* const batch = ::new (heap_->allocate(sizeof(remote_batch), alignof(remote_batch))) remote_batch{};
    auto const code = work.code();
    batch->heap = heap_.get();
    batch->count = work.size();
    batch->stop_word = &pool_->stop_word;
    batch->changed_event = pool_->changed_event;
    batch->task_limit = work.task_limit();
    batch->run = code.run;
    auto* const closure = static_cast<std::byte*>(heap_->allocate(code.closure.size()));
    std::memcpy(closure, code.closure.data(), code.closure.size());
    batch->closure = closure;
    batch->states = heap_->allocate_array<std::atomic<task_state>>(work.size());
    static_assert(static_cast<int>(task_state::waiting) == 0);
    std::memset(static_cast<void*>(batch->states), 0, work.size() * sizeof *batch->states);
    work.encode(*heap_, *batch);
    pool_->batch = batch;
}

void process_host::take_outcomes(job& work) {
    logs_.deliver();
    work.collect(*pool_->batch);
    collect_failures(*pool_->batch, "processes", work);
}

void process_host::wait_for_events() {
    follow_stop();
    pollfd waiting[] = {{.fd = changed_.get(), .events = POLLIN, .revents = 0},
                        {.fd = zygote_->descriptor(), .events = POLLIN, .revents = 0},
                        {.fd = logs_.read_end(), .events = POLLIN, .revents = 0}};
    auto const look_again = std::min(end_overdue(), kill_at_.value_or(clock::time_point::max()));
    poll(waiting, std::size(waiting), poll_timeout(look_again));
    eventfd_t ignored = 0;
    if (waiting[0].revents) eventfd_read(changed_.get(), &ignored);
    if (waiting[2].revents) logs_.deliver();
    follow_stop();
    if (kill_at_ && clock::now() >= *kill_at_) {
        zygote_->kill_busy();
        kill_at_.reset();
    }
}

/// Kills the workers whose task has ignored its time limit for the grace time. Gives the time to look again:
/// no task that begins from now on is overdue earlier.
process_host::clock::time_point process_host::end_overdue() {
    if (task_limit_ == no_limit) return clock::time_point::max();
    auto const now = clock::now();
    auto next = deadline_after(deadline_after(now, task_limit_), grace);
    auto room = most_doomed - std::ranges::count_if(alive_, [this](auto const& worker) {
                    return pool_->slots[worker.first].remote.deadline.load(std::memory_order_relaxed) ==
                           remote_worker::doomed;
                });
    for (auto const& [number, process] : alive_) {
        auto& deadline = pool_->slots[number].remote.deadline;
        std::int64_t expected = deadline.load(std::memory_order_relaxed);
        if (expected == remote_worker::no_deadline || expected == remote_worker::doomed) continue;
        auto const overdue = deadline_after(clock::time_point(std::chrono::nanoseconds(expected)), grace);
        if (overdue > now) {
            next = std::min(next, overdue);
        } else if (room > 0 && deadline.compare_exchange_strong(expected, remote_worker::doomed)) {
            zygote_->kill(process);
            --room;
        }
    }
    return next;
}

// A stop comes from the caller's token, or from a worker whose task failed under on_failure::stop_all.
void process_host::follow_stop() {
    if (stopped_ || !stop_ || pool_->stop_word.load(std::memory_order_relaxed) == 0) return;
    stopped_ = true;
    kill_at_ = clock::now() + grace;
}

std::optional<zygote::event> process_host::next_event() {
    using kind = zygote::event::kind;
    if (lost_) return std::nullopt;
    auto const happened = zygote_->next_event();
    if (!happened) return std::nullopt;
    switch (happened->what) {
        case kind::spawned:
            alive_[happened->number] = happened->process;
            break;
        case kind::ended:
            alive_.erase(happened->number);
            break;
        case kind::refused:
        case kind::killed:
            break;
        case kind::gone:
            lost_ = true;
            wait_for_orphans();
            for (std::size_t number = 0; number < pool_->slot_count; ++number)
                pool_->slots[number].busy.store(0, std::memory_order_relaxed);
            break;
    }
    return happened;
}

// The kernel kills the workers of a zygote that ends, a moment after we hear of it. Until they are gone
// they may write to the batch. Whoever inherits them may be late to reap them, so that kill(process, 0)
// would go on finding them; a pidfd is readable as soon as a process runs no more.
void process_host::wait_for_orphans() const {
    constexpr int patience_ms = 5000;
    for (auto const& [number, process] : alive_) {
        descriptor const handle(open_pidfd(process));
        if (handle.get() < 0) continue;  // gone and reaped
        pollfd end{.fd = handle.get(), .events = POLLIN, .revents = 0};
        while (poll(&end, 1, patience_ms) < 0 && errno == EINTR) {
        }
    }
}

void process_host::fail_running(job& work, std::size_t index, zygote::event const& end) {
    pool_->batch->states[index].store(task_state::settled, std::memory_order_relaxed);
    if (pool_->slots[end.number].remote.deadline.load(std::memory_order_relaxed) == remote_worker::doomed) {
        auto why = describe_death(index, end);
        why.why = cause::timed_out;
        why.message = fmt::format("timed out after {:g} s, and went on until its worker was killed",
                                  std::chrono::duration<double>(task_limit_).count());
        work.fail(std::move(why));
    } else if (stopped_) {
        work.fail(
            {.index = index, .why = cause::cancelled, .message = "cancelled: its worker process was ended"});
    } else {
        work.fail(describe_death(index, end));
    }
}

void process_host::fail_waiting(job& work, std::string const& why) {
    for (std::size_t index = 0; index < work.size(); ++index) {
        if (state_of(index) != task_state::waiting) continue;
        pool_->batch->states[index].store(task_state::settled, std::memory_order_relaxed);
        work.fail({.index = index, .why = cause::worker_died, .message = why});
    }
}

}  // namespace quartet::detail
