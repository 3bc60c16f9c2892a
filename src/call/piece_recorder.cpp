#include "src/call/piece_recorder.hpp"

#include "src/call/task_memory.hpp"

#include <algorithm>
#include <memory>
#include <new>
#include <optional>

namespace quartet::inline v0::detail {

namespace {

template <class T>
void push(std::atomic<T*>& to, T& one) noexcept {
    one.next = to.load(std::memory_order_relaxed);
    while (!to.compare_exchange_weak(one.next, &one, std::memory_order_release)) {
    }
}

/// Of the task that has a slot; null if it is not among them.
left_record* record_of(std::vector<left_record>& of, std::size_t task) noexcept {
    auto const found = std::ranges::lower_bound(of, task, {}, &left_record::task);
    return found != of.end() && found->task == task ? &*found : nullptr;
}

std::optional<std::int64_t> time_if_any(std::int64_t stamped) noexcept {
    return stamped == 0 ? std::nullopt : std::optional(stamped - 1);
}

left_record::call call_of(nested_slot const& slot) noexcept {
    std::int64_t const ended = slot.ended.load(std::memory_order_acquire);
    return {.id = slot.id,
            .parent = slot.parent,
            .worker = slot.worker.load(std::memory_order_relaxed),
            .made = slot.made - 1,
            .started = time_if_any(slot.started.load(std::memory_order_acquire)),
            .ended = time_if_any(ended),
            .end = ended == 0 ? nested_end::not_yet : slot.how.load(std::memory_order_relaxed)};
}

}  // namespace

void keep_wait_of_piece(wait_keeper const& where, task_slot& of, std::int64_t began,
                        std::int64_t ended) noexcept {
    auto& kept = where.memory->waits_known;
    try {
        if (kept.fetch_add(1, std::memory_order_relaxed) >= where.memory->wait_room) throw std::bad_alloc();
        if (!where.arena) throw std::bad_alloc();  // there was none for this thread
        push(where.of_batch->waits, *::new (where.arena->allocate(sizeof(piece_wait), alignof(piece_wait)))
                                        piece_wait{nullptr, &of, began, ended, where.nested});
    } catch (std::bad_alloc const&) {
        kept.fetch_sub(1, std::memory_order_relaxed);
        of.waits_lost.store(1, std::memory_order_relaxed);
    }
}

std::span<nested_slot> take_nested_of_piece(wait_keeper const& where, task_slot const& of,
                                            std::size_t count) noexcept {
    auto& kept = where.memory->nested_known;
    try {
        if (kept.fetch_add(count, std::memory_order_relaxed) + count > where.memory->nested_room)
            throw std::bad_alloc();
        if (!where.arena) throw std::bad_alloc();
        auto* const block = ::new (
            where.arena->allocate(sizeof(piece_nested) + count * sizeof(nested_slot), alignof(nested_slot)))
            piece_nested{nullptr, &of, count};
        auto const calls = block->calls();
        std::uninitialized_value_construct_n(calls.data(), count);
        push(where.of_batch->nested, *block);
        return calls;
    } catch (std::bad_alloc const&) {
        kept.fetch_sub(count, std::memory_order_relaxed);
        return {};
    }
}

piece_recorder::piece_recorder(std::size_t wait_room) : memory_(task_memory::map(0)) {
    memory_->wait_room = memory_->nested_room = wait_room;
    memory_->price = wait_room > 0 ? 0 : price_of_reading().count();
}

piece_recorder::~piece_recorder() {
    memory_->unmap(0);
}

job_slots piece_recorder::lay_out(shared_arena& arena, std::size_t first, std::size_t count,
                                  std::size_t every, std::uint64_t recorder) {
    {
        std::lock_guard const lock(mutex_);
        if (memory_->id != recorder) {
            memory_->forget_workers(recorder);
            told_ = 0;
        }
    }
    job_slots slots;
    std::size_t const lead = (every - first % every) % every;
    if (lead >= count) return slots;
    std::size_t const many = (count - lead + every - 1) / every;
    slots.memory_ = memory_;
    slots.recorder_ = recorder;
    slots.stride_ = every;
    slots.lead_ = lead;
    slots.first_ = arena.allocate_array<task_slot>(many);
    std::uninitialized_value_construct_n(slots.first_, many);
    if (memory_->wait_room == 0) return slots;
    auto* const parts = ::new (arena.allocate(sizeof(piece_parts))) piece_parts();
    slots.waits_ = ::new (arena.allocate(sizeof(wait_keeper)))
        wait_keeper{.memory = memory_, .of_batch = parts, .arena = nullptr};
    return slots;
}

std::vector<left_record> piece_recorder::take(job_slots const& slots, std::size_t count) {
    if (slots.every() == 0) return {};
    auto found = started_of(slots, count);
    if (slots.waits_) {
        add_waits(slots, found);
        add_nested(slots, found);
    }
    return found;
}

std::vector<left_record> piece_recorder::started_of(job_slots const& slots, std::size_t count) const {
    std::vector<left_record> found;
    for (std::size_t task = slots.lead_; task < count; task += slots.stride_) {
        task_slot const& slot = slots.slot_of(task);
        std::int64_t const started = slot.started.load(std::memory_order_acquire);
        if (started == 0) continue;
        std::int64_t const ended = slot.ended.load(std::memory_order_acquire);
        found.push_back(
            {.task = task,
             .worker = slot.worker.load(std::memory_order_relaxed),
             .started = started - 1,
             .ended = ended == 0 ? started - 1 : ended - 1,
             .failed = slot.failed.load(std::memory_order_relaxed) != 0,
             .waits_known = memory_->wait_room > 0 && slot.waits_lost.load(std::memory_order_relaxed) == 0,
             .nested_made = slot.nested_made.load(std::memory_order_relaxed)});
    }
    return found;
}

/// They were pushed, so the last one is the first.
void piece_recorder::add_waits(job_slots const& slots, std::vector<left_record>& to) const {
    std::size_t waits = 0;
    for (auto const* each = slots.waits_->of_batch->waits.load(std::memory_order_acquire); each;
         each = each->next, ++waits) {
        if (left_record* const record = record_of(to, slots.task_of(*each->slot)))
            record->waits.push_back({each->began - 1, each->ended - 1, each->nested});
    }
    for (auto& each : to)
        std::ranges::reverse(each.waits);
    memory_->waits_known.fetch_sub(waits, std::memory_order_relaxed);
}

/// Of a block those without a task were not needed.
void piece_recorder::add_nested(job_slots const& slots, std::vector<left_record>& to) const {
    std::size_t calls = 0;
    for (auto* each = slots.waits_->of_batch->nested.load(std::memory_order_acquire); each;
         each = each->next) {
        calls += each->count;
        left_record* const record = record_of(to, slots.task_of(*each->slot));
        for (auto const& call : each->calls()) {
            if (record && call.task.load(std::memory_order_acquire) != 0)
                record->nested.push_back(call_of(call));
        }
    }
    for (auto& each : to)
        std::ranges::sort(each.nested, {}, &left_record::call::id);
    memory_->nested_known.fetch_sub(calls, std::memory_order_relaxed);
}

std::vector<recorded_worker> piece_recorder::new_workers() {
    std::lock_guard const lock(mutex_);
    std::vector<recorded_worker> come;
    auto const known = memory_->workers_listed();
    while (told_ < known.size()) {
        auto const each = listed(known[told_]);
        if (!each) break;  // it is about to be written
        come.push_back(*each);
        ++told_;
    }
    return come;
}

}  // namespace quartet::inline v0::detail
