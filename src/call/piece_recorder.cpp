#include "src/call/piece_recorder.hpp"

#include "src/call/task_memory.hpp"

#include <algorithm>
#include <memory>
#include <new>

namespace quartet::inline v0::detail {

void keep_wait_of_piece(wait_keeper const& where, task_slot& of, std::int64_t began,
                        std::int64_t ended) noexcept {
    auto& kept = where.memory->waits_known;
    try {
        if (kept.fetch_add(1, std::memory_order_relaxed) >= where.memory->wait_room) throw std::bad_alloc();
        if (!where.arena) throw std::bad_alloc();  // it is another thread's
        auto* const wait = ::new (where.arena->allocate(sizeof(piece_wait), alignof(piece_wait)))
            piece_wait{where.of_batch->load(std::memory_order_relaxed), &of, began, ended};
        while (!where.of_batch->compare_exchange_weak(wait->next, wait, std::memory_order_release)) {
        }
    } catch (std::bad_alloc const&) {
        kept.fetch_sub(1, std::memory_order_relaxed);
        of.waits_lost.store(1, std::memory_order_relaxed);
    }
}

piece_recorder::piece_recorder(std::size_t wait_room) : memory_(task_memory::map(0)) {
    memory_->wait_room = wait_room;
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
    auto* const list =
        ::new (arena.allocate(sizeof(std::atomic<piece_wait*>))) std::atomic<piece_wait*>(nullptr);
    slots.waits_ = ::new (arena.allocate(sizeof(wait_keeper)))
        wait_keeper{.memory = memory_, .of_batch = list, .arena = nullptr};
    return slots;
}

std::vector<left_record> piece_recorder::take(job_slots const& slots, std::size_t count) {
    if (slots.every() == 0) return {};
    auto found = started_of(slots, count);
    if (slots.waits_) add_waits(slots, found);
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
             .waits_known = memory_->wait_room > 0 && slot.waits_lost.load(std::memory_order_relaxed) == 0});
    }
    return found;
}

/// They were pushed, so the last one is the first.
void piece_recorder::add_waits(job_slots const& slots, std::vector<left_record>& to) const {
    std::size_t waits = 0;
    for (auto const* each = slots.waits_->of_batch->load(std::memory_order_acquire); each;
         each = each->next, ++waits) {
        auto const task = slots.lead_ + static_cast<std::size_t>(each->slot - slots.first_) * slots.stride_;
        auto const record = std::ranges::lower_bound(to, task, {}, &left_record::task);
        if (record != to.end() && record->task == task)
            record->waits.push_back({each->began - 1, each->ended - 1});
    }
    for (auto& each : to)
        std::ranges::reverse(each.waits);
    memory_->waits_known.fetch_sub(waits, std::memory_order_relaxed);
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
