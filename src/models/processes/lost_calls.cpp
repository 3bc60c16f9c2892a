#include "src/models/processes/lost_calls.hpp"

#include "src/base/grace.hpp"

#include <new>
#include <span>

namespace quartet::inline v0::detail {

void lost_calls::account_for(std::size_t worker, bool overdue, description const& describe) {
    for (std::size_t number = 0; number < pool_.workers; ++number) {
        call_table& table = pool_.calls[number];
        for (auto& each : table.calls) {
            if (number == worker) {
                orphan(each, overdue);
            } else if (auto const word = each.word.load(); word.is_taken() && word.worker == worker) {
                lose(each, word, describe);
                last_loss_[number] = std::chrono::steady_clock::now();
            }
        }
        // It may have ended a call and died before it told.
        if (table.waiting.load() != 0) table.tell();
    }
}

/// Who helps has died with the call.
void lost_calls::lose(offered_call& call, call_word word, description const& describe) noexcept {
    if (word.orphan) return clear(call);
    try {
        note_end(call, describe(calls_.find(call.of.load())));
    } catch (...) {
        // No room for the text: the state alone tells that it is lost.
    }
    // No other can change it: who helped is dead, and who asks waits for this.
    call.word.store(word.with(call_state::lost));
}

/// Into the memory of the call, which who asks frees.
void lost_calls::note_end(offered_call& call, failure const& why) {
    remote_batch& part = *call.part.load();
    shared_arena arena(*part.heap, part.blocks);
    auto const text = std::as_bytes(std::span(why.message.data(), why.message.size()));
    auto const message = store_bytes(arena, text);
    call.end.store(::new (arena.allocate(sizeof(helper_end), alignof(helper_end)))
                       helper_end{.why = why.why,
                                  .signal = why.signal,
                                  .exit_code = why.exit_code,
                                  .peak_bytes = why.worker_peak_bytes,
                                  .message = message});
}

/// Who asks has died. If it was ended, the time for the call is up already.
void lost_calls::orphan(offered_call& call, bool overdue) noexcept {
    auto word = call.word.load();
    if (word.orphan || word.state == call_state::empty) return;  // an orphan is of a worker before
    auto const now = std::chrono::steady_clock::now();
    call.orphan_since.store(
        std::chrono::nanoseconds((overdue ? now - grace : now).time_since_epoch()).count());
    call_word marked = word;
    do {
        marked = word;
        marked.orphan = true;
    } while (!call.word.compare_exchange_weak(word, marked));
    if (marked.is_taken()) {
        ++orphans_;
    } else {
        clear(call);
    }
}

/// Nobody uses it.
void lost_calls::clear(offered_call& call) noexcept {
    remote_batch& part = *call.part.load();
    call.word.store({call.word.load().number, 0, call_state::empty, false});
    offered_call::free(part);
}

std::chrono::steady_clock::time_point lost_calls::excused_until(
    std::size_t worker, std::chrono::steady_clock::time_point now) const {
    if (worker >= pool_.workers) return now;
    return (pool_.calls[worker].waiting.load() != 0 ? now : last_loss_[worker]) + grace;
}

void lost_calls::account_for_all() noexcept {
    for (std::size_t number = 0; number < pool_.workers; ++number) {
        call_table& table = pool_.calls[number];
        table.on_offer.store(0);
        table.waiting.store(0);
        for (auto& each : table.calls) {
            if (each.word.load().state != call_state::empty) clear(each);
        }
    }
    orphans_ = 0;
}

}  // namespace quartet::inline v0::detail
