// src/models/processes/lost_calls.hpp
//
// What becomes of the calls that bodies have made of their context (offered_calls.hpp) when a worker ends: a
// call that it ran for another fails there, and those that it had on offer are freed, or left to who runs
// them. On the supervisor's thread, under the lock of the host.
#pragma once

#include "src/models/processes/offered_calls.hpp"
#include "src/models/processes/open_calls.hpp"
#include "src/models/processes/worker_process.hpp"

#include <quartet/outcome.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <vector>

namespace quartet::inline v0::detail {

class lost_calls {
public:
    lost_calls(pool_state& pool, open_calls& calls) : pool_(pool), calls_(calls), last_loss_(pool.workers) {}

    /// What is known of a worker's end, for tasks of a call; null: of one that has ended.
    using description = std::function<failure(open_call const*)>;

    /// A worker has ended, `overdue`: since it was asked to.
    void account_for(std::size_t worker, bool overdue, description const& describe);

    /// No worker lives.
    void account_for_all() noexcept;

    /// Until when the worker does not have to answer a stop: it waits for another one, which runs a call for
    /// it, or that one has died just now.
    std::chrono::steady_clock::time_point excused_until(std::size_t worker,
                                                        std::chrono::steady_clock::time_point now) const;

    /// A call that a worker runs although its task was stopped, or who has made it is dead.
    struct unwanted_call {
        worker_slot& helper;
        std::chrono::steady_clock::time_point since;
        offered_call& call;
        call_word word;

        /// False if it has ended just now. Else it can't end any more.
        bool mark_terminating() const noexcept {
            return call.change(word, word.with(call_state::terminating));
        }
    };

    /// Takes no memory: a thread that has taken none yet would reserve 64 MiB of the program's addresses.
    void for_each_unwanted(auto&& use);

private:
    void lose(offered_call& call, call_word word, description const& describe) noexcept;
    void note_end(offered_call& call, failure const& why);
    void orphan(offered_call& call, bool overdue) noexcept;
    void clear(offered_call& call) noexcept;

    pool_state& pool_;
    open_calls& calls_;
    std::vector<std::chrono::steady_clock::time_point> last_loss_;  // of a call of each worker
    std::size_t orphans_ = 0;                                       // that somebody may still run
};

void lost_calls::for_each_unwanted(auto&& use) {
    if (orphans_ == 0 && !calls_.are_stopped()) return;
    orphans_ = 0;
    for (std::size_t number = 0; number < pool_.workers; ++number) {
        for (auto& each : pool_.calls[number].calls) {
            auto const word = each.word.load();
            if (!word.is_taken()) continue;
            orphans_ += word.orphan;
            if (word.state != call_state::taken) continue;
            worker_slot& helper = pool_.slots[word.worker];
            if (word.orphan) {
                std::chrono::nanoseconds const since(each.orphan_since.load());
                use(unwanted_call{helper, std::chrono::steady_clock::time_point(since), each, word});
            } else if (open_call const* const call = calls_.find(each.of.load()); call && call->stopped) {
                use(unwanted_call{helper, *call->stopped, each, word});
            }
        }
    }
}

}  // namespace quartet::inline v0::detail
