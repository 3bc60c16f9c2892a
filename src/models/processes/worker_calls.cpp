#include "src/models/processes/worker_calls.hpp"

#include "src/base/output.hpp"
#include "src/models/processes/make_batch.hpp"

#include <quartet/detail/io/nested_recording.hpp>
#include <quartet/detail/io/scope.hpp>
#include <quartet/task_recorder.hpp>

#include <algorithm>
#include <bit>
#include <exception>
#include <new>
#include <string>
#include <string_view>
#include <unistd.h>
#include <utility>

namespace quartet::inline v0::detail {
namespace {

/// To offer a call and wake another worker costs some 5 µs. If who asks is sooner nevertheless, calls are
/// too small, and the next offer has to wait so long.
constexpr auto pause_after_useless_offer = std::chrono::microseconds(50);

/// Meanwhile calls are made faster than the clock is read.
constexpr std::uint32_t asks_for_a_look = 8;

std::int64_t as_deadline(scope::time_point when) noexcept {
    if (when == scope::time_point::max()) return offered_call::no_deadline;
    return std::chrono::nanoseconds(when.time_since_epoch()).count();
}

/// Null for want of memory: then the call leaves no record there.
crossed_recording const* store_record(remote_batch& part, crossed_recording const& what) noexcept {
    try {
        shared_arena arena(*part.heap, part.blocks);
        return ::new (arena.allocate(sizeof what)) crossed_recording(what);
    } catch (std::bad_alloc const&) {
        return nullptr;
    }
}

nested_end end_of(task_state how) noexcept {
    if (how == task_state::done) return nested_end::done;
    return how == task_state::failed ? nested_end::failed : nested_end::cancelled;
}

/// One after another. What these leave in their turn lies with the task that has made them, `of`.
void run_recorded(crossed_recording const& record, remote_batch& of, worker_interface& interface,
                  context& ctx) noexcept {
    remote_batch& batch = interface.batch;
    shared_arena arena(*of.heap, of.blocks);
    for (std::size_t index = 0; index < batch.count; ++index) {
        if (batch.tasks[index].state() != task_state::waiting) continue;  // who asks runs it
        crossed_call one(record, index, arena, ctx);
        batch.run(ctx, interface, index, index + 1);
        auto const how = batch.tasks[index].state();
        if (how != task_state::ended_by_parent) one.end(end_of(how));
    }
}

}  // namespace

worker_calls::worker_calls(pool_state& pool, worker_slot& slot) noexcept
    : pool_(pool), slot_(slot), table_(pool.calls[slot.remote.number]) {
    // The worker before may have died at any moment.
    table_.waiting.store(0);
    table_.on_offer.store(0);
}

// ---- Calls of this worker's bodies

void worker_calls::offer(nested_work& work) noexcept {
    try {
        pending_.push_back(&work);
    } catch (...) {
        return;  // then it runs where it is wanted
    }
    work.place = first_place_ + pending_.size() - 1;
    share(true);
}

bool worker_calls::take_back(nested_work& work) noexcept {
    if (work.place == nested_work::nowhere) return true;
    if (auto* const mine = static_cast<own_offer*>(work.taken_by.load(std::memory_order_relaxed)))
        return retract(*mine);
    pending_[work.place - first_place_] = nullptr;
    trim();
    share(false);
    return true;
}

void worker_calls::wait_for(nested_work& work, context& here, bool runs_own) noexcept {
    if (!is_still(made_in_)) [[unlikely]]
        end_forked_child(false);  // the offer is the parent's
    auto& mine = *static_cast<own_offer*>(work.taken_by.load(std::memory_order_relaxed));
    while (place_of(mine).word.load().is_taken()) {
        share(false);
        nested_work* own = runs_own ? take_newest(mine.place + 1) : nullptr;
        if (!own && runs_own) own = take_newest_offer(mine.place + 1);
        if (own) {
            own->run_beside(here);
            own->tell_end();
        } else if (!runs_own || !run_last_waiting(mine, here)) {
            sleep_until_news(mine);
        }
    }
    collect(mine, here, runs_own);
}

void worker_calls::look(nested_work& work, context& here) noexcept {
    auto* const mine = static_cast<own_offer*>(work.taken_by.load(std::memory_order_relaxed));
    if (!mine || !is_still(made_in_)) return;
    auto const word = place_of(*mine).word.load();
    bool const has_begun = mine->batch->tasks[0].state() != task_state::waiting;
    if (word.state == call_state::done || (word.state == call_state::lost && has_begun))
        collect(*mine, here, false);
}

// ---- Offers

/// Not just after an offer that was of no use, and not in a child of this worker. `often`: it is asked as
/// often as calls are made, maybe without one that runs meanwhile.
bool worker_calls::may_share(bool often) noexcept {
    if (pauses_) {
        if (often && ++asked_ % asks_for_a_look != 0) return false;
        if (clock::now() < not_before_) return false;
        pauses_ = false;
    }
    return is_still(made_in_);
}

/// Sees to it that one call is on offer, for a worker that looks for one, and more while others sleep. Those
/// are the oldest.
void worker_calls::share(bool often) noexcept {
    if (pending_.empty()) return;
    bool const none = table_.on_offer.load(std::memory_order_relaxed) == 0;
    if (!none && pool_.may_sleep.load(std::memory_order_relaxed) == 0) return;
    if (!may_share(often) || !(none || find_sleeper()) || free_place() == call_table::room) return;
    nested_work& oldest = *pending_.front();
    if (!put_on_offer(oldest)) oldest.place = nested_work::nowhere;  // it runs where it is wanted
    pending_.pop_front();
    ++first_place_;
    trim();
}

/// False if it can't cross.
bool worker_calls::put_on_offer(nested_work& work) noexcept {
    std::size_t const number = free_place();
    own_offer& mine = offers_[number];
    offered_call& place = table_.calls[number];
    crossed_recording const* record = nullptr;
    try {
        mine.part = work.part_for_others();
        mine.batch = &make_batch(pool_, *mine.part);
        if (auto const crossed = work.crossed()) record = store_record(*mine.batch, *crossed);
    } catch (...) {
        mine.part.reset();
        return false;
    }
    if (mine.part->refused()) {
        offered_call::free(*mine.batch);
        mine.part.reset();
        return false;
    }
    mine.part->has_crossed();
    mine.work = &work;
    mine.place = work.place;
    mine.last = mine.batch->count;
    work.taken_by.store(&mine, std::memory_order_relaxed);
    place.part.store(mine.batch, std::memory_order_relaxed);
    place.of.store(slot_.batch.load(std::memory_order_relaxed), std::memory_order_relaxed);
    place.deadline.store(as_deadline(work.limit()), std::memory_order_relaxed);
    place.record.store(record, std::memory_order_relaxed);
    place.end.store(nullptr, std::memory_order_relaxed);
    auto const before = place.word.load(std::memory_order_relaxed);
    place.word.store({before.number + 1, 0, call_state::offered, false});
    table_.on_offer.fetch_or(std::uint32_t{1} << number);
    wake_sleeper();
    return true;
}

/// The room of the table if there is none: what others still run of a worker before this one has a place too.
std::size_t worker_calls::free_place() const noexcept {
    std::size_t number = 0;
    while (number < call_table::room &&
           table_.calls[number].word.load(std::memory_order_relaxed).state != call_state::empty)
        ++number;
    return number;
}

/// A worker that sleeps and wants to be woken. `may_sleep` is cleared if there is none; a worker sets it
/// after it has said that it sleeps, and one that has done so before is seen here.
worker_slot* worker_calls::find_sleeper() noexcept {
    auto const find = [this]() -> worker_slot* {
        for (std::size_t step = 1; step < pool_.workers; ++step) {
            worker_slot& each = pool_.slots[(slot_.remote.number + step) % pool_.workers];
            if (each.asleep.load() == worker_slot::wants_calls) return &each;
        }
        return nullptr;
    };
    if (worker_slot* const found = find()) return found;
    pool_.may_sleep.store(0);
    worker_slot* const found = find();
    if (found) pool_.may_sleep.store(1);
    return found;
}

void worker_calls::wake_sleeper() noexcept {
    while (worker_slot* const found = find_sleeper()) {
        std::uint32_t wanting = worker_slot::wants_calls;
        if (!found->asleep.compare_exchange_strong(wanting, 0)) continue;
        call_worker(*found);
        return;
    }
}

std::size_t worker_calls::idle() noexcept {
    if (pool_.may_sleep.load(std::memory_order_relaxed) == 0 || !may_share(false) || !find_sleeper() ||
        free_place() == call_table::room)
        return 0;
    auto const* const slots = pool_.slots;
    return static_cast<std::size_t>(std::count_if(slots, slots + pool_.workers, [](auto const& each) {
        return each.asleep.load(std::memory_order_relaxed) == worker_slot::wants_calls;
    }));
}

// ---- Those that are here

/// The first and the last are none that was taken back.
void worker_calls::trim() noexcept {
    while (!pending_.empty() && !pending_.back())
        pending_.pop_back();
    while (!pending_.empty() && !pending_.front()) {
        pending_.pop_front();
        ++first_place_;
    }
}

/// The newest at or behind a place; null if there is none.
nested_work* worker_calls::take_newest(std::uint64_t after) noexcept {
    if (pending_.empty() || first_place_ + pending_.size() - 1 < after) return nullptr;
    nested_work* const newest = pending_.back();
    pending_.pop_back();
    trim();
    return newest;
}

/// The same of those on offer.
nested_work* worker_calls::take_newest_offer(std::uint64_t after) noexcept {
    for (;;) {
        own_offer* newest = nullptr;
        for (auto& each : offers_) {
            if (!each.work || each.place < after || (newest && each.place < newest->place)) continue;
            if (place_of(each).word.load().state == call_state::offered) newest = &each;
        }
        if (!newest) return nullptr;
        nested_work* const work = newest->work;
        if (retract(*newest)) return work;
    }
}

// ---- Those on offer

offered_call& worker_calls::place_of(own_offer const& mine) noexcept {
    return table_.calls[static_cast<std::size_t>(&mine - offers_.data())];
}

/// Nobody takes it any more. False if somebody has.
bool worker_calls::retract(own_offer& mine) noexcept {
    offered_call& place = place_of(mine);
    auto const word = place.word.load();
    if (!is_still(made_in_) || word.state != call_state::offered) return false;
    if (!place.change(word, word.with(call_state::empty))) return false;
    not_before_ = clock::now() + pause_after_useless_offer;
    pauses_ = true;
    asked_ = 0;
    forget(mine);
    return true;
}

/// Runs the last task that who helps has not begun; false if there is none.
bool worker_calls::run_last_waiting(own_offer& mine, context& here) noexcept {
    if (mine.last == 0 || !mine.batch->tasks[mine.last - 1].end_waiting()) return false;
    --mine.last;
    mine.part->run(here, mine.last, mine.last + 1);
    return true;
}

/// Who helps ends the call, and then looks whether somebody waits.
void worker_calls::sleep_until_news(own_offer const& mine) noexcept {
    table_.waiting.store(1);
    std::uint32_t const seen = table_.news.load();
    if (place_of(mine).word.load().is_taken()) futex_wait(table_.news, seen);
    table_.waiting.store(0);
}

/// Takes the outcome of one that was done or is lost. `runs_rest`: what nobody has begun is run here.
void worker_calls::collect(own_offer& mine, context& here, bool runs_rest) noexcept {
    remote_batch& batch = *mine.batch;
    auto const word = place_of(mine).word.load();
    if (word.state == call_state::lost) fail_lost(mine, word);
    for (std::size_t index = 0; index < batch.count; ++index) {
        if (batch.tasks[index].end_waiting() && runs_rest) mine.part->run(here, index, index + 1);
    }
    mine.part->crossing()->collect(batch);
    collect_failures(batch, pool_.name, *mine.part);
    nested_work& work = *mine.work;
    place_of(mine).word.store(word.with(call_state::empty));
    forget(mine);
    work.tell_end();
}

/// What who helped was running fails.
void worker_calls::fail_lost(own_offer& mine, call_word word) noexcept {
    failure why{.why = cause::worker_died,
                .message = "its worker process ended",
                .worker = worker_name(pool_, word.worker)};
    if (helper_end const* const end = place_of(mine).end.load()) {
        why.why = end->why;
        why.message.assign(reinterpret_cast<char const*>(end->message.data), end->message.size);
        why.signal = end->signal;
        why.exit_code = end->exit_code;
        why.worker_peak_bytes = end->peak_bytes;
    }
    for (std::size_t index = 0; index < mine.batch->count; ++index) {
        task_word& task = mine.batch->tasks[index];
        if (task.is_final() || task.state() == task_state::waiting) continue;
        task.end_by_parent();
        why.index = index;
        mine.part->fail(why);
    }
}

/// Its word is empty: its memory goes back.
void worker_calls::forget(own_offer& mine) noexcept {
    table_.on_offer.fetch_and(~(std::uint32_t{1} << (&mine - offers_.data())));
    offered_call::free(*mine.batch);
    mine.work->taken_by.store(nullptr, std::memory_order_relaxed);
    mine.work->place = nested_work::nowhere;
    mine.work = nullptr;
    mine.part.reset();
}

// ---- Calls of other workers

bool worker_calls::any_on_offer() const noexcept {
    for (std::size_t number = 0; number < pool_.workers; ++number) {
        if (number != slot_.remote.number && pool_.calls[number].on_offer.load() != 0) return true;
    }
    return false;
}

std::optional<worker_calls::taken_call> worker_calls::take() noexcept {
    for (std::size_t step = 1; step < pool_.workers; ++step) {
        call_table& table = pool_.calls[(slot_.remote.number + step) % pool_.workers];
        for (std::uint32_t bits = table.on_offer.load(); bits != 0; bits &= bits - 1) {
            offered_call& call = table.calls[static_cast<std::size_t>(std::countr_zero(bits))];
            auto const word = call.word.load();
            if (word.state != call_state::offered) continue;
            // Named before the call is taken, so that it is not freed when who asks has died just then.
            slot_.batch.store(call.of.load());
            call_word const mine{word.number, static_cast<std::uint16_t>(slot_.remote.number),
                                 call_state::taken, false};
            if (call.change(word, mine)) {
                table.on_offer.fetch_and(~(bits & (~bits + 1)));
                return taken_call{table, call, mine};
            }
            slot_.batch.store(nullptr);
        }
    }
    return std::nullopt;
}

void worker_calls::run(taken_call const& taken, context& ctx) noexcept {
    scope part;
    std::int64_t const deadline = taken.call.deadline.load();
    bool const limited = deadline != offered_call::no_deadline;
    if (limited) part.set_deadline(scope::time_point(std::chrono::nanoseconds(deadline)));
    scope_switch const inside(limited ? &part : nullptr);
    remote_batch& batch = *taken.call.part.load();
    worker_interface interface {
        batch, slot_.remote, { *batch.heap, batch.blocks }
    };
    if (auto const* const record = taken.call.record.load())
        run_recorded(*record, *taken.call.of.load(), interface, ctx);
    else
        batch.run(ctx, interface, 0, batch.count);
}

void worker_calls::end(taken_call const& taken) noexcept {
    write_out_all();
    remote_batch& part = *taken.call.part.load();
    if (taken.call.change(taken.word, taken.word.with(call_state::done))) {
        if (taken.table.waiting.load() != 0) taken.table.tell();
        return;
    }
    call_word orphan = taken.word;
    orphan.orphan = true;
    if (taken.call.change(orphan, {orphan.number, 0, call_state::empty, false}))
        return offered_call::free(part);
    for (;;)
        pause();  // the end is on its way
}

}  // namespace quartet::inline v0::detail
