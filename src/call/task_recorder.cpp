// src/call/task_recorder.cpp
//
// A call reserves a slot for each of its tasks, or for every n-th when there is not room for all, and a task
// finds its own by its index: so workers need not agree on anything (task_slots.cpp). What the caller alone
// knows of a call, when it began and where its slots are, stays in the caller's own memory.

#include "src/call/left_record.hpp"
#include "src/call/task_memory.hpp"

#include <quartet/backend/job_driver.hpp>
#include <quartet/task_recorder.hpp>

#include <algorithm>
#include <array>
#include <memory>
#include <mutex>
#include <new>
#include <span>
#include <utility>

namespace quartet::inline v0 {
namespace detail {
namespace {

constexpr auto relaxed = std::memory_order_relaxed;

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

}  // namespace
}  // namespace detail

using detail::task_memory;
using detail::task_slot;

namespace {

/// For waits; and for calls of bodies.
std::size_t room_for_parts(std::size_t capacity, recording what) noexcept {
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

std::size_t needed_behind(std::size_t capacity, recording what) noexcept {
    return capacity * (sizeof(task_slot) + sizeof(reservation)) +
           room_for_parts(capacity, what) * (sizeof(task_memory::wait) + sizeof(detail::nested_slot));
}

std::optional<task_record::time_point> time_if_any(std::int64_t stamped) noexcept {
    return stamped == 0 ? std::nullopt : std::optional(detail::time_of(stamped));
}

nested_record nested_record_of(detail::nested_slot const& slot) noexcept {
    std::int64_t const ended = slot.ended.load(std::memory_order_acquire);
    return {.id = slot.id,
            .parent = slot.parent,
            .worker = slot.worker.load(detail::relaxed),
            .made = detail::time_of(slot.made),
            .started = time_if_any(slot.started.load(std::memory_order_acquire)),
            .finished = time_if_any(ended),
            .end = ended == 0 ? nested_end::not_yet : slot.how.load(detail::relaxed)};
}

}  // namespace

struct task_recorder::state {
    explicit state(std::size_t most, recording what)
        : bytes_behind(needed_behind(most, what)), memory(task_memory::map(bytes_behind)) {
        memory->capacity = most;
        memory->wait_room = memory->nested_room = room_for_parts(most, what);
        std::uninitialized_value_construct_n(memory->slots(), most);
        std::uninitialized_value_construct_n(memory->waits(), memory->wait_room);
        std::uninitialized_value_construct_n(memory->nested(), memory->nested_room);
        calls = reinterpret_cast<reservation*>(memory->nested() + memory->nested_room);
        static std::atomic<std::uint64_t> ids{0};
        memory->id = ++ids;
        memory->price = what == recording::everything ? 0 : detail::price_of_reading().count();
    }
    ~state() { memory->unmap(bytes_behind); }

    task_record record_of(reservation const& call, std::size_t index) const noexcept {
        task_slot const& slot = memory->slots()[call.first + index];
        std::int64_t const ended = slot.ended.load(std::memory_order_acquire);
        return {.call = call.call,
                .index = index * call.stride,
                .worker = slot.worker.load(detail::relaxed),
                .queued = call.queued,
                .started = detail::time_of(slot.started.load(std::memory_order_acquire)),
                .finished = time_if_any(ended),
                .failed = slot.failed.load(detail::relaxed) != 0,
                .waits_known = memory->wait_room > 0 && slot.waits_lost.load(detail::relaxed) == 0,
                .nested_made = slot.nested_made.load(detail::relaxed),
                .node = slot.node.load(detail::relaxed)};
    }

    /// Of each slot.
    std::vector<std::vector<task_wait>> waits() const {
        std::vector<std::vector<task_wait>> found(memory->wait_room > 0 ? used : 0);
        for (auto& each : memory->waits_kept()) {
            std::uint32_t const task = each.task.load(std::memory_order_acquire);
            if (task > 0 && task <= found.size())
                found[task - 1].push_back(
                    {.began = detail::time_of(each.began),
                     .ended = detail::time_of(each.ended),
                     .nested = each.nested > 0 ? each.nested - 1 : nested_record::by_task});
        }
        return found;
    }

    /// The calls that the bodies of each slot's task made.
    std::vector<std::vector<nested_record>> nested() const {
        std::vector<std::vector<nested_record>> found(memory->nested_room > 0 ? used : 0);
        for (auto const& each : memory->nested_kept()) {
            std::uint32_t const task = each.task.load(std::memory_order_acquire);
            if (task > 0 && task <= found.size()) found[task - 1].push_back(nested_record_of(each));
        }
        for (auto& each : found)
            std::ranges::sort(each, {}, &nested_record::id);
        return found;
    }

    void take_over_nested(task_slot& of, detail::left_record const& left) noexcept {
        of.nested_made.store(left.nested_made, detail::relaxed);
        auto const slots = memory->take_nested(left.nested.size());
        for (std::size_t place = 0; place < slots.size(); ++place) {
            auto const& call = left.nested[place];
            auto& to = slots[place];
            to.id = call.id;
            to.parent = call.parent;
            to.made = call.made + 1;
            to.worker.store(call.worker, detail::relaxed);
            to.how.store(call.end, detail::relaxed);
            to.started.store(call.started ? *call.started + 1 : 0, detail::relaxed);
            to.ended.store(call.ended ? *call.ended + 1 : 0, detail::relaxed);
            to.task.store(memory->number_of(of), std::memory_order_release);
        }
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

    std::size_t bytes_behind;
    task_memory* memory;

    mutable std::mutex mutex{};  // guards what follows
    reservation* calls;          // behind the slots; there can't be more of them
    std::size_t calls_known = 0;
    std::size_t used = 0;       // slots
    std::size_t next_call = 0;  // no two have the same number
    std::vector<recorded_node> nodes{};

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
    if (state_->memory->wait_room > 0) slots.waits_ = &state_->memory->keeper;
    state_->used += (tasks + stride - 1) / stride;
    return slots;
}

std::vector<task_record> task_recorder::records() const {
    std::lock_guard const lock(state_->mutex);
    auto waits = state_->waits();
    auto nested = state_->nested();
    std::vector<task_record> found;
    for (auto const& call : std::span(state_->calls, state_->calls_known)) {
        for (std::size_t index = 0; index * call.stride < call.tasks; ++index) {
            bool const began =
                state_->memory->slots()[call.first + index].started.load(std::memory_order_acquire) != 0;
            if (!began) continue;
            found.push_back(state_->record_of(call, index));
            if (!waits.empty()) found.back().waits = std::move(waits[call.first + index]);
            if (!nested.empty()) found.back().nested = std::move(nested[call.first + index]);
        }
    }
    return found;
}

std::size_t task_recorder::tasks_seen() const noexcept {
    return state_->sum(&detail::call_count::tasks);
}

std::vector<recorded_worker> task_recorder::workers() const {
    std::vector<recorded_worker> found;
    for (auto const& each : state_->memory->workers_listed()) {
        if (auto who = detail::listed(each)) found.push_back(std::move(*who));
    }
    return found;
}

std::vector<recorded_node> task_recorder::nodes() const {
    std::lock_guard const lock(state_->mutex);
    return state_->nodes;
}

void task_recorder::clear() noexcept {
    std::lock_guard const lock(state_->mutex);
    auto& memory = *state_->memory;
    static std::atomic<std::uint64_t> rounds{std::uint64_t{1} << 32};
    memory.forget_workers(++rounds);
    std::uninitialized_value_construct_n(memory.slots(), state_->used);
    std::uninitialized_value_construct_n(memory.waits(), memory.waits_kept().size());
    std::uninitialized_value_construct_n(memory.nested(), memory.nested_kept().size());
    memory.waits_known.store(0);
    memory.nested_known.store(0);
    state_->calls_known = state_->used = state_->next_call = 0;
    state_->nodes.clear();
    state_->callers.store(0);
    for (auto& each : state_->counts) {
        each.calls.store(0);
        each.tasks.store(0);
    }
}

std::size_t task_recorder::bytes(std::size_t capacity, recording what) noexcept {
    return task_memory::bytes(needed_behind(capacity, what));
}

std::chrono::nanoseconds task_recorder::cost_per_record() {
    return 2 * detail::price_of_reading();
}

// ---- What tasks have left on other machines

std::size_t task_recorder::wait_room() const noexcept {
    return state_->memory->wait_room;
}

void task_recorder::take_over(detail::job_slots const& of, std::size_t index, detail::left_record const& left,
                              std::size_t node) noexcept {
    using detail::time_of;
    if (of.every() == 0 || !of.has_slot(index)) return;
    task_slot& slot = of.slot_of(index);
    if (slot.started.load(detail::relaxed) != 0) return;  // it is known already
    slot.worker.store(left.worker, detail::relaxed);
    slot.node.store(static_cast<std::uint16_t>(node), detail::relaxed);
    slot.failed.store(left.failed, detail::relaxed);
    slot.waits_lost.store(!left.waits_known, detail::relaxed);
    if (of.waits_) {
        for (auto const& each : left.waits)
            state_->memory->keep_wait(slot, each.began + 1, each.ended + 1, each.nested);
        state_->take_over_nested(slot, left);
    }
    slot.ended.store(left.ended + 1, detail::relaxed);
    slot.started.store(left.started + 1, std::memory_order_release);
}

void task_recorder::take_over(recorded_worker const& who) noexcept {
    state_->memory->enlist(who, who.name);
}

void task_recorder::note_node(std::size_t number, std::string_view name,
                              std::chrono::nanoseconds clock_error) noexcept try {
    std::lock_guard const lock(state_->mutex);
    auto& nodes = state_->nodes;
    if (nodes.size() <= number) nodes.resize(number + 1);
    nodes[number].name = name;
    nodes[number].clock_error = std::max(nodes[number].clock_error, clock_error);
} catch (std::bad_alloc const&) {
    // Its records stay without its name.
}

}  // namespace quartet::inline v0
