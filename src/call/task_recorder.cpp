// src/call/task_recorder.cpp
//
// A call reserves a slot for each of its tasks, or for every n-th when there is not room for all, and a task
// finds its own by its index: so workers need not agree on anything. What the caller alone knows of a call,
// when it began and where its slots are, stays in the caller's own memory.
//
// How a thread keeps to one percent: it earns a fifth of a hundredth of the time that passes, and pays for
// each reading of the clock the price that was measured at rest, which in use was seen to be up to three
// times as much. In debt it lets as many tasks go by unrecorded as it takes to earn the debt, going by how
// long its tasks took so far. It can save up for a few records only, or a long wait would pay for a burst.
// The first task of a call is always recorded, as it may be of another kind. On a virtual clock that stands
// still nothing is paid.

#include "src/io/context/blocking_context.hpp"

#include <quartet/backend/job_driver.hpp>
#include <quartet/context.hpp>
#include <quartet/task_recorder.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <mutex>
#include <new>
#include <span>
#include <sys/mman.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace quartet::inline v0 {
namespace detail {

namespace {

constexpr std::size_t most_workers = 1024;
constexpr auto relaxed = std::memory_order_relaxed;

using time_point = std::chrono::steady_clock::time_point;

std::int64_t stamp(time_point when) noexcept {
    return std::chrono::nanoseconds(when.time_since_epoch()).count() + 1;
}

time_point time_of(std::int64_t stamped) noexcept {
    return time_point(std::chrono::nanoseconds(stamped - 1));
}

}  // namespace

/// In memory that all processes share: this, and the slots behind it.
struct task_memory {
    struct worker {
        std::atomic<std::uint32_t> number;
        std::atomic<pid_t> process_id;
        std::atomic<pid_t> thread_id;  ///< written last; 0: not yet
    };

    /// Times as in a slot.
    struct wait {
        std::atomic<std::uint32_t> task;  ///< its slot's index, plus one; written last
        std::int64_t began;
        std::int64_t ended;
    };

    std::uint64_t id;       ///< no two recorders of a process have the same
    std::int64_t price;     ///< of one reading of the clock, in nanoseconds; 0 if that must not matter
    std::size_t capacity;   ///< slots
    std::size_t wait_room;  ///< there are none to be kept if 0
    std::atomic<std::size_t> waits_known;  ///< more than there was room for, maybe
    std::atomic<std::uint32_t> workers_known;
    std::array<worker, most_workers> workers;

    task_slot* slots() noexcept { return reinterpret_cast<task_slot*>(this + 1); }
    wait* waits() noexcept { return reinterpret_cast<wait*>(slots() + capacity); }
    std::span<wait> waits_kept() noexcept {
        return {waits(), std::min(wait_room, waits_known.load(std::memory_order_acquire))};
    }
};

namespace {

/// How many calls a thread has made, and of how many tasks. A thread has one to itself, so that counting
/// needs no locked instruction; those that come late share the last.
struct alignas(64) call_count {
    std::atomic<std::size_t> calls{0};
    std::atomic<std::size_t> tasks{0};
};
constexpr std::size_t most_callers = 64;

/// Decides which of the short calls that this thread makes are recorded.
struct calling_thread {
    std::uint64_t recorder = 0;
    call_count* counted = nullptr;
    bool shared = false;
    record_pace pace{};

    void count(std::size_t tasks) const noexcept {
        if (shared) {
            counted->calls.fetch_add(1, relaxed);
            counted->tasks.fetch_add(tasks, relaxed);
        } else {
            counted->calls.store(counted->calls.load(relaxed) + 1, relaxed);
            counted->tasks.store(counted->tasks.load(relaxed) + tasks, relaxed);
        }
    }
};
constinit thread_local calling_thread this_caller{};

void enlist(task_memory& memory, context const& ctx) noexcept {
    this_recording = {.recorder = memory.id};
    std::uint32_t const index = memory.workers_known.fetch_add(1, relaxed);
    if (index >= most_workers) return;
    auto& mine = memory.workers[index];
    mine.number.store(static_cast<std::uint32_t>(ctx.where().number), relaxed);
    mine.process_id.store(::getpid(), relaxed);
    mine.thread_id.store(::gettid(), std::memory_order_release);
}

/// This thread is about to run tasks of a call.
void come_to(task_memory& memory, task_slot const* call, context const& ctx) noexcept {
    if (this_recording.recorder != memory.id) enlist(memory, ctx);
    if (std::exchange(this_recording.call, call) != call) this_recording.pace.set_skip(0);
}

void note_start(task_slot& slot, task_memory const& memory, context const& ctx) noexcept {
    slot.worker.store(static_cast<std::uint32_t>(ctx.where().number), relaxed);
    std::int64_t const now = stamp(ctx.now());
    slot.started.store(now, std::memory_order_release);
    this_recording.pace.pay(now, memory.price);
}

/// Of a task that has failed it may have been noted already.
void note_end(task_slot& slot, task_memory const& memory, context const& ctx, bool failed) noexcept {
    std::int64_t const now = stamp(ctx.now());
    if (slot.ended.load(relaxed) == 0) {
        slot.failed.store(failed, relaxed);
        slot.ended.store(now, std::memory_order_release);
    }
    if (this_recording.recorder == memory.id) this_recording.pace.pay(now, memory.price);
}

}  // namespace

std::int64_t begin_wait(context const& ctx) noexcept {
    return stamp(ctx.now());
}

void end_wait(task_at_work const& task, std::int64_t began, context const& ctx) noexcept {
    auto& memory = *task.memory;
    std::size_t const index = memory.waits_known.fetch_add(1, relaxed);
    if (index >= memory.wait_room) return task.slot->waits_lost.store(1, relaxed);
    auto& kept = memory.waits()[index];
    kept.began = began;
    kept.ended = stamp(ctx.now());
    kept.task.store(static_cast<std::uint32_t>(task.slot - memory.slots()) + 1, std::memory_order_release);
}

task_slot* job_slots::begin_recorded(std::size_t index, context const& ctx) const noexcept {
    come_to(*memory_, first_, ctx);
    if (this_recording.pace.lets_by() || index % stride_ != 0) return nullptr;
    task_slot& slot = first_[index / stride_];
    note_start(slot, *memory_, ctx);
    return &slot;
}

void job_slots::end_recorded(task_slot& slot, context const& ctx, bool failed) const noexcept {
    note_end(slot, *memory_, ctx, failed);
}

void task_run::enter() noexcept {
    come_to(*slots_.memory_, slots_.first_, ctx_);
    look_from(counted_ + this_recording.pace.skip());
}

void task_run::leave() noexcept {
    this_recording.pace.passed(last_ - counted_);
    this_recording.pace.set_skip(due_ > last_ ? due_ - last_ : 0);
}

void task_run::look_from(std::size_t index) noexcept {
    due_ = index;
    next_ = (index + slots_.stride_ - 1) / slots_.stride_ * slots_.stride_;
}

task_slot* task_run::begin(bool begins) noexcept {
    std::size_t const index = next_;
    look_from(index + 1);
    if (!begins) return nullptr;
    this_recording.pace.passed(index - std::exchange(counted_, index + 1));
    task_slot& slot = slots_.first_[index / slots_.stride_];
    note_start(slot, *slots_.memory_, ctx_);
    return &slot;
}

void task_run::end(task_slot& slot, bool failed) noexcept {
    note_end(slot, *slots_.memory_, ctx_, failed);
    look_from(counted_ + this_recording.pace.skip());
}

void job_slots::fail_recorded(std::size_t index, time_point now) const noexcept {
    if (index % stride_ != 0) return;
    task_slot& slot = first_[index / stride_];
    if (slot.started.load(relaxed) == 0) return;
    slot.failed.store(1, relaxed);
    if (slot.ended.load(relaxed) == 0) slot.ended.store(stamp(now), std::memory_order_release);
}

}  // namespace detail

using detail::task_memory;
using detail::task_slot;

namespace {

/// Of one reading of the clock with all that belongs to it: the median of a few tries.
std::chrono::nanoseconds measure_price() {
    std::atomic<std::uint32_t> const no_stop{0};
    detail::blocking_context const ctx({}, no_stop, {}, {});
    task_slot slot{};
    detail::record_pace pace;
    constexpr int readings = 1000;
    std::array<std::chrono::nanoseconds, 9> tries;
    for (auto& each : tries) {
        auto const begin = std::chrono::steady_clock::now();
        for (int i = 0; i < readings; ++i) {
            std::int64_t const now = detail::stamp(ctx.now());
            slot.started.store(now, std::memory_order_release);
            pace.pay(now, 50);
        }
        each = (std::chrono::steady_clock::now() - begin) / readings;
    }
    std::ranges::nth_element(tries, tries.begin() + tries.size() / 2);
    return std::max(tries[tries.size() / 2], std::chrono::nanoseconds(1));
}

std::chrono::nanoseconds price() {
    static std::chrono::nanoseconds const once = measure_price();
    return once;
}

std::size_t room_for_waits(std::size_t capacity, recording what) noexcept {
    return what == recording::everything ? 2 * capacity : 0;
}

/// The slots of one call.
struct reservation {
    std::size_t first;
    std::size_t tasks;
    std::size_t stride;
    std::size_t call;
    task_record::time_point queued;
};

}  // namespace

struct task_recorder::state {
    explicit state(std::size_t most, recording what) : mapped_bytes(bytes(most, what)) {
        void* const mapped = ::mmap(nullptr, mapped_bytes, PROT_READ | PROT_WRITE,
                                    MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
        if (mapped == MAP_FAILED)
            throw std::system_error(errno, std::generic_category(), "cannot map memory for task records");
        memory = ::new (mapped) task_memory{};
        memory->capacity = most;
        memory->wait_room = room_for_waits(most, what);
        std::uninitialized_value_construct_n(memory->slots(), most);
        std::uninitialized_value_construct_n(memory->waits(), memory->wait_room);
        calls = reinterpret_cast<reservation*>(memory->waits() + memory->wait_room);
        static std::atomic<std::uint64_t> ids{0};
        memory->id = ++ids;
        memory->price = what == recording::everything ? 0 : price().count();
    }
    ~state() { ::munmap(memory, mapped_bytes); }

    task_record record_of(reservation const& call, std::size_t index) const noexcept {
        task_slot const& slot = memory->slots()[call.first + index];
        std::int64_t const ended = slot.ended.load(std::memory_order_acquire);
        return {.call = call.call,
                .index = index * call.stride,
                .worker = slot.worker.load(detail::relaxed),
                .queued = call.queued,
                .started = detail::time_of(slot.started.load(std::memory_order_acquire)),
                .finished = ended == 0 ? std::nullopt : std::optional(detail::time_of(ended)),
                .failed = slot.failed.load(detail::relaxed) != 0,
                .waits_known = memory->wait_room > 0 && slot.waits_lost.load(detail::relaxed) == 0};
    }

    /// Of each slot.
    std::vector<std::vector<task_wait>> waits() const {
        std::vector<std::vector<task_wait>> found(memory->wait_room > 0 ? used : 0);
        for (auto& each : memory->waits_kept()) {
            std::uint32_t const task = each.task.load(std::memory_order_acquire);
            if (task > 0 && task <= found.size())
                found[task - 1].push_back({detail::time_of(each.began), detail::time_of(each.ended)});
        }
        return found;
    }

    detail::calling_thread new_caller() noexcept {
        std::size_t const index = callers.fetch_add(1, detail::relaxed);
        std::size_t const last = counts.size() - 1;
        return {.recorder = memory->id, .counted = &counts[std::min(index, last)], .shared = index >= last};
    }

    std::size_t sum(std::atomic<std::size_t> detail::call_count::*of) const noexcept {
        std::size_t all = 0;
        for (auto const& each : counts)
            all += (each.*of).load(detail::relaxed);
        return all;
    }

    std::size_t mapped_bytes;
    task_memory* memory;

    mutable std::mutex mutex{};  // guards what follows
    reservation* calls;          // behind the slots; there can't be more of them
    std::size_t calls_known = 0;
    std::size_t used = 0;       // slots
    std::size_t next_call = 0;  // no two have the same number

    std::array<detail::call_count, detail::most_callers> counts{};
    std::atomic<std::size_t> callers{0};
};

task_recorder::task_recorder(std::size_t capacity, recording what)
    : state_(std::make_unique<state>(capacity, what)) {}
task_recorder::~task_recorder() = default;

detail::job_slots task_recorder::reserve(std::size_t tasks, job_driver const& clock) noexcept {
    constexpr std::size_t few = 64;          // so many tasks pay for the reservation
    constexpr std::int64_t in_readings = 3;  // what that costs, as many readings of the clock
    auto& caller = detail::this_caller;
    if (caller.recorder != state_->memory->id) caller = state_->new_caller();
    caller.count(tasks);
    if (tasks < few && caller.pace.lets_by()) return {};
    auto const now = clock.now();
    caller.pace.pay(detail::stamp(now), in_readings * state_->memory->price);
    std::lock_guard const lock(state_->mutex);
    // Calls that come later get something too.
    std::size_t const left = state_->memory->capacity - state_->used;
    std::size_t const room = left - left / 4;
    if (room == 0 || tasks == 0) return {};
    std::size_t const stride = (tasks + room - 1) / room;
    std::size_t const call = std::max(state_->sum(&detail::call_count::calls) - 1, state_->next_call);
    state_->next_call = call + 1;
    ::new (state_->calls + state_->calls_known++) reservation{state_->used, tasks, stride, call, now};
    detail::job_slots slots;
    slots.memory_ = state_->memory;
    slots.first_ = state_->memory->slots() + state_->used;
    slots.recorder_ = state_->memory->id;
    slots.stride_ = stride;
    slots.waits_ = state_->memory->wait_room > 0;
    state_->used += (tasks + stride - 1) / stride;
    return slots;
}

std::vector<task_record> task_recorder::records() const {
    std::lock_guard const lock(state_->mutex);
    auto waits = state_->waits();
    std::vector<task_record> found;
    for (auto const& call : std::span(state_->calls, state_->calls_known)) {
        for (std::size_t index = 0; index * call.stride < call.tasks; ++index) {
            bool const began = state_->memory->slots()[call.first + index].started.load(detail::relaxed) != 0;
            if (!began) continue;
            found.push_back(state_->record_of(call, index));
            if (!waits.empty()) found.back().waits = std::move(waits[call.first + index]);
        }
    }
    return found;
}

std::size_t task_recorder::tasks_seen() const noexcept {
    return state_->sum(&detail::call_count::tasks);
}

std::vector<recorded_worker> task_recorder::workers() const {
    std::vector<recorded_worker> found;
    auto& memory = *state_->memory;
    std::size_t const known = std::min<std::size_t>(memory.workers_known.load(), memory.workers.size());
    for (std::size_t index = 0; index < known; ++index) {
        auto const& each = memory.workers[index];
        pid_t const thread = each.thread_id.load(std::memory_order_acquire);
        if (thread != 0)
            found.push_back(
                {each.number.load(detail::relaxed), each.process_id.load(detail::relaxed), thread});
    }
    return found;
}

void task_recorder::clear() noexcept {
    std::lock_guard const lock(state_->mutex);
    auto& memory = *state_->memory;
    static std::atomic<std::uint64_t> rounds{std::uint64_t{1} << 32};
    memory.id = ++rounds;  // so that threads enlist again
    for (auto& each : memory.workers)
        each.thread_id.store(0, detail::relaxed);
    memory.workers_known.store(0);
    std::uninitialized_value_construct_n(memory.slots(), state_->used);
    std::uninitialized_value_construct_n(memory.waits(), memory.waits_kept().size());
    memory.waits_known.store(0);
    state_->calls_known = state_->used = state_->next_call = 0;
    state_->callers.store(0);
    for (auto& each : state_->counts) {
        each.calls.store(0);
        each.tasks.store(0);
    }
}

std::size_t task_recorder::bytes(std::size_t capacity, recording what) noexcept {
    static auto const page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    std::size_t const needed = sizeof(task_memory) + capacity * (sizeof(task_slot) + sizeof(reservation)) +
                               room_for_waits(capacity, what) * sizeof(task_memory::wait);
    return (needed + page - 1) / page * page;
}

std::chrono::nanoseconds task_recorder::cost_per_record() {
    return 2 * price();
}

}  // namespace quartet::inline v0
