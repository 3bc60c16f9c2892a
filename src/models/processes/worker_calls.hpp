// src/models/processes/worker_calls.hpp
//
// The calls that the bodies of a pool worker make, and those of others that it runs when it has nothing to
// do.
//
// Most calls stay in their process, where they cost little. The oldest, which is mostly the largest, is
// encoded and put on offer (offered_calls.hpp), and further ones as long as other workers sleep, which are
// woken for them. Tasks of the pool come first: a worker looks for calls when it finds none.
//
// Who waits for a call that another worker has taken runs what the body has made since, and tasks of a map's
// part that the other has not begun; else it sleeps until there are news. So what runs on top of a body
// belongs to it, and no circle of workers waits for each other.
#pragma once

#include "src/models/processes/offered_calls.hpp"
#include "src/models/processes/worker_process.hpp"

#include <quartet/detail/base/own_process.hpp>
#include <quartet/detail/call/nested_part.hpp>
#include <quartet/detail/io/nested_work.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>

namespace quartet::inline v0::detail {

class worker_calls final : public nested_host {
public:
    worker_calls(pool_state& pool, worker_slot& slot) noexcept;

    /// Other bodies begin, of which may be said what was not true of those before.
    void begin_bodies() noexcept { pauses_ = false; }

    // ---- For the bodies of this worker

    void offer(nested_work& work) noexcept override;
    bool take_back(nested_work& work) noexcept override;
    void wait_for(nested_work& work, context& here, bool runs_own) noexcept override;
    void look(nested_work& work, context& here) noexcept override;
    bool shares_memory() const noexcept override { return false; }
    std::size_t idle() noexcept override;

    // ---- For this worker, when it has nothing to do

    /// A call of another worker that this one has taken.
    struct taken_call {
        call_table& table;
        offered_call& call;
        call_word word;
    };

    /// Takes one, if there is any. From then on the slot names the batch whose task has made it.
    std::optional<taken_call> take() noexcept;
    void run(taken_call const& taken, context& ctx) noexcept;
    /// Its outcome is there. Does not come back if this worker is being ended.
    void end(taken_call const& taken) noexcept;

    bool any_on_offer() const noexcept;

private:
    using clock = std::chrono::steady_clock;

    /// A call that this worker has on offer, in the place of its table with the same number.
    struct own_offer {
        nested_work* work = nullptr;
        std::unique_ptr<nested_part> part;
        remote_batch* batch = nullptr;
        std::uint64_t place = 0;
        std::size_t last = 0;  ///< behind it, tasks of the batch are run here
    };

    bool may_share(bool often) noexcept;
    void share(bool often) noexcept;
    bool put_on_offer(nested_work& work) noexcept;
    std::size_t free_place() const noexcept;
    worker_slot* find_sleeper() noexcept;
    void wake_sleeper() noexcept;

    void trim() noexcept;
    nested_work* take_newest(std::uint64_t after) noexcept;
    nested_work* take_newest_offer(std::uint64_t after) noexcept;

    offered_call& place_of(own_offer const& mine) noexcept;
    bool retract(own_offer& mine) noexcept;
    bool run_last_waiting(own_offer& mine, context& here) noexcept;
    void sleep_until_news(own_offer const& mine) noexcept;
    void collect(own_offer& mine, context& here, bool runs_rest) noexcept;
    void fail_lost(own_offer& mine, call_word word) noexcept;
    void forget(own_offer& mine) noexcept;

    pool_state& pool_;
    worker_slot& slot_;
    call_table& table_;
    process_stamp const made_in_ = this_process();
    std::deque<nested_work*> pending_;  // that nobody has begun, oldest first; null: it has been taken back
    std::uint64_t first_place_ = 0;     // of the first of them
    std::array<own_offer, call_table::room> offers_;
    bool pauses_ = false;             // the last offer was of no use: no further one
    clock::time_point not_before_{};  // this
    std::uint32_t asked_ = 0;         // how often there was to be one since
};

}  // namespace quartet::inline v0::detail
