#include "src/call/piece_recorder.hpp"
#include "src/call/task_memory.hpp"

#include <quartet/context.hpp>
#include <quartet/detail/io/nested_recording.hpp>
#include <quartet/detail/shm/shared_heap.hpp>
#include <quartet/outcome.hpp>

#include <algorithm>
#include <new>

namespace quartet::inline v0::detail {
namespace {

constexpr auto relaxed = std::memory_order_relaxed;

nested_end end_by(std::exception_ptr const& why) noexcept {
    if (!why) return nested_end::done;
    try {
        std::rethrow_exception(why);
    } catch (cancelled const&) {
        return nested_end::cancelled;
    } catch (...) {
        return nested_end::failed;
    }
}

/// Slots for calls that are made now: for all, or for every n-th if the task or the memory has not as much
/// room. `most` says how many of them take what part of the task's room. All are counted.
template <class Most>
std::span<nested_slot> take_slots(task_at_work const& by, std::size_t calls, context const& maker,
                                  Most most) noexcept {
    task_slot& task = *by.slot;
    std::uint64_t const first_id = task.nested_made.fetch_add(calls, relaxed);
    task_memory& memory = *by.waits->memory;
    bool const in_batch = by.waits->of_batch != nullptr;
    constexpr auto most_kept = std::uint32_t{task_recorder::most_nested};
    std::uint32_t const kept = task.nested_kept.load(relaxed);
    std::size_t const wanted = std::min(calls, most(most_kept - std::min(most_kept, kept)));
    if (wanted == 0) return {};
    auto const slots = in_batch ? take_nested_of_piece(*by.waits, task, wanted) : memory.take_nested(wanted);
    if (slots.empty()) return slots;
    task.nested_kept.fetch_add(static_cast<std::uint32_t>(slots.size()), relaxed);
    std::size_t const stride = (calls + slots.size() - 1) / slots.size();
    std::uint32_t const number = in_batch ? 1 : memory.number_of(task);  // there the block names it
    std::int64_t const now = stamp(maker.now());
    for (std::size_t place = 0; place < slots.size(); ++place) {
        nested_slot& each = slots[place];
        each.id = first_id + place * stride;
        each.parent = by.waits->nested;
        each.made = now;
        if (place * stride < calls) each.task.store(number, std::memory_order_release);
    }
    return slots;
}

/// `made_on`: the maker's thread; another one has an arena of its own.
void note_begin(nested_slot* slot, wait_keeper& of, void const* made_on, std::unique_ptr<shared_arena>& own,
                context const& here) noexcept {
    if (of.arena && made_on != &this_task) {
        own.reset(new (std::nothrow) shared_arena(of.arena->another()));
        of.arena = own.get();
    }
    if (this_recording.recorder != of.memory->id) enlist(*of.memory, here);
    if (!slot) return;
    slot->worker.store(static_cast<std::uint32_t>(here.where().number), relaxed);
    slot->started.store(stamp(here.now()), std::memory_order_release);
}

void note_end(nested_slot* slot, context const& here, nested_end how) noexcept {
    if (!slot || slot->ended.load(relaxed) != 0) return;
    slot->how.store(how, relaxed);
    slot->ended.store(stamp(here.now()), std::memory_order_release);
}

/// What runs within a call: its waits are its task's, and what it calls is its own, if it leaves a record.
wait_keeper within(task_at_work const& made_by, nested_slot const* call) noexcept {
    wait_keeper made = *made_by.waits;
    if (call) made.nested = call->id;
    return made;
}

/// What made them, for another process.
wait_keeper for_others(task_at_work const& made_by) noexcept {
    wait_keeper made = *made_by.waits;
    made.arena = nullptr;
    return made;
}

}  // namespace

// ---- One call

nested_recording::nested_recording(context const& maker, kind what) noexcept : maker_(maker) {
    if (what == kind::call) {
        auto const slots = take_slots(made_by_, 1, maker, [](std::size_t room) { return room; });
        if (!slots.empty()) slot_ = &slots.front();
    }
    within_ = within(made_by_, slot_);
}

nested_recording::~nested_recording() {
    if (!slot_ || ended_) return;
    bool const begun = slot_->started.load(relaxed) != 0;
    note_end(slot_, maker_, begun ? nested_end::done : nested_end::cancelled);
}

task_at_work nested_recording::begin(context const& here) noexcept {
    note_begin(slot_, within_, made_on_, own_, here);
    return {made_by_.slot, &within_};
}

void nested_recording::end(context const& here, std::exception_ptr const& why) noexcept {
    ended_ = true;
    note_end(slot_, here, end_by(why));
}

crossed_recording nested_recording::crossed() const noexcept {
    return {made_by_.slot, for_others(made_by_), slot_, 1, 0};
}

void drop_recording::operator()(nested_recording* which) const noexcept {
    delete which;
}

kept_recording make_recording(context const& maker, nested_recording::kind what) noexcept {
    kept_recording made(new (std::nothrow) nested_recording(maker, what));
    if (!made && what == nested_recording::kind::call) this_task.slot->nested_made.fetch_add(1, relaxed);
    return made;
}

// ---- Those of a map

map_recording::map_recording(std::size_t calls, context const& maker) noexcept : maker_(maker) {
    if (calls == 0) return;
    // Others of the task get something too.
    slots_ = take_slots(made_by_, calls, maker, [](std::size_t room) { return room - room / 2; });
    if (!slots_.empty()) stride_ = (calls + slots_.size() - 1) / slots_.size();
}

map_recording::~map_recording() {
    for (auto& each : slots_) {
        bool const begun = each.started.load(relaxed) != 0;
        if (!begun && each.task.load(relaxed) != 0) note_end(&each, maker_, nested_end::cancelled);
    }
}

crossed_recording map_recording::crossed(std::size_t first) const noexcept {
    return {made_by_.slot, for_others(made_by_), slots_.empty() ? nullptr : slots_.data(), stride_, first};
}

void map_recording::fails(std::size_t index) noexcept {
    nested_slot* const slot = crossed(0).slot_of(index);
    if (slot && slot->started.load(relaxed) != 0) note_end(slot, maker_, nested_end::failed);
}

map_recording::call::call(map_recording const& of, std::size_t index, context const& here) noexcept
    : of_(of),
      here_(here),
      slot_(of.crossed(0).slot_of(index)),
      within_(within(of.made_by_, slot_)),
      before_(this_task) {
    note_begin(slot_, within_, of.made_on_, own_, here);
    this_task = {of.made_by_.slot, &within_};
}

map_recording::call::~call() {
    note_end(slot_, here_, end_by(why_));
    this_task = before_;
}

// ---- In another process

crossed_call::crossed_call(crossed_recording const& of, std::size_t index, shared_arena& arena,
                           context const& here) noexcept
    : here_(here),
      slot_(of.slot_of(index)),
      within_(within({of.task, &of.within}, slot_)),
      inside_({of.task, &within_}) {
    within_.arena = &arena;
    std::unique_ptr<shared_arena> no_other;
    note_begin(slot_, within_, &this_task, no_other, here);
}

void crossed_call::end(nested_end how) noexcept {
    note_end(slot_, here_, how);
}

}  // namespace quartet::inline v0::detail
