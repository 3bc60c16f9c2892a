// src/call/task_slots.cpp
//
// What workers do to leave records.
//
// How a thread keeps to one percent: it earns a fifth of a hundredth of the time that passes, and pays for
// each reading of the clock the price that was measured at rest, which in use was seen to be up to three
// times as much. In debt it lets as many tasks go by unrecorded as it takes to earn the debt, going by how
// long its tasks took so far. It can save up for a few records only, or a long wait would pay for a burst.
// The first task of a call is always recorded, as it may be of another kind. On a virtual clock that stands
// still nothing is paid.

#include "src/call/piece_recorder.hpp"
#include "src/call/task_memory.hpp"

#include <quartet/context.hpp>
#include <quartet/detail/io/task_slots.hpp>

#include <unistd.h>
#include <utility>

namespace quartet::inline v0::detail {
namespace {

/// This thread is about to run tasks of a call.
void come_to(task_memory& memory, task_slot const* call, context const& ctx) noexcept {
    if (this_recording.recorder != memory.id) enlist(memory, ctx);
    if (std::exchange(this_recording.call, call) != call) this_recording.pace.set_skip(0);
}

void note_start(task_slot& slot, task_memory const& memory, context const& ctx) noexcept {
    slot.worker.store(static_cast<std::uint32_t>(ctx.where().number), task_memory::relaxed);
    std::int64_t const now = stamp(ctx.now());
    slot.started.store(now, std::memory_order_release);
    this_recording.pace.pay(now, memory.price);
}

/// Of a task that has failed it may have been noted already.
void note_end(task_slot& slot, task_memory const& memory, context const& ctx, bool failed) noexcept {
    std::int64_t const now = stamp(ctx.now());
    if (slot.ended.load(task_memory::relaxed) == 0) {
        slot.failed.store(failed, task_memory::relaxed);
        slot.ended.store(now, std::memory_order_release);
    }
    if (this_recording.recorder == memory.id) this_recording.pace.pay(now, memory.price);
}

}  // namespace

void enlist(task_memory& memory, context const& ctx) noexcept {
    this_recording = {.recorder = memory.id};
    memory.enlist({.number = ctx.where().number, .process_id = ::getpid(), .thread_id = ::gettid()},
                  ctx.where().name);
}

std::int64_t begin_wait(context const& ctx) noexcept {
    return stamp(ctx.now());
}

void end_wait(task_at_work const& task, std::int64_t began, context const& ctx) noexcept {
    if (task.waits->of_batch) return keep_wait_of_piece(*task.waits, *task.slot, began, stamp(ctx.now()));
    task.waits->memory->keep_wait(*task.slot, began, stamp(ctx.now()), task.waits->nested);
}

task_slot* job_slots::begin_recorded(std::size_t index, context const& ctx) const noexcept {
    come_to(*memory_, first_, ctx);
    if (this_recording.pace.lets_by() || !has_slot(index)) return nullptr;
    task_slot& slot = slot_of(index);
    note_start(slot, *memory_, ctx);
    return &slot;
}

void job_slots::end_recorded(task_slot& slot, context const& ctx, bool failed) const noexcept {
    note_end(slot, *memory_, ctx, failed);
}

void job_slots::fail_recorded(std::size_t index, std::chrono::steady_clock::time_point now) const noexcept {
    if (!has_slot(index)) return;
    task_slot& slot = slot_of(index);
    if (slot.started.load(task_memory::relaxed) == 0) return;
    slot.failed.store(1, task_memory::relaxed);
    if (slot.ended.load(task_memory::relaxed) == 0) slot.ended.store(stamp(now), std::memory_order_release);
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
    std::size_t const after_first = index - std::min(index, slots_.lead_);
    next_ = slots_.lead_ + (after_first + slots_.stride_ - 1) / slots_.stride_ * slots_.stride_;
}

task_slot* task_run::begin(bool begins) noexcept {
    std::size_t const index = next_;
    look_from(index + 1);
    if (!begins) return nullptr;
    this_recording.pace.passed(index - std::exchange(counted_, index + 1));
    task_slot& slot = slots_.slot_of(index);
    note_start(slot, *slots_.memory_, ctx_);
    return &slot;
}

void task_run::end(task_slot& slot, bool failed) noexcept {
    note_end(slot, *slots_.memory_, ctx_, failed);
    look_from(counted_ + this_recording.pace.skip());
}

}  // namespace quartet::inline v0::detail
