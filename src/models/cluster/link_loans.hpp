// src/models/cluster/link_loans.hpp
//
// Which blocks the program has, so that those of a process that died with them come back.
#pragma once

#include "src/base/living_process.hpp"

#include <quartet/detail/shm/shared_heap.hpp>

#include <atomic>
#include <cstddef>
#include <unordered_map>
#include <utility>
#include <vector>

namespace quartet::inline v0::detail {

class link_loans {
public:
    link_loans(shared_heap& heap, std::atomic<shared_block*>& returned)
        : heap_(&heap), returned_(&returned) {}

    void lend(shared_block& block, process_mark const& to) { loans_.emplace(&block, to); }

    void take_back(shared_block& block) noexcept {
        loans_.erase(&block);
        heap_->give_back(&block);
    }

    /// Takes what was returned. False if there was nothing.
    bool take_returned() noexcept {
        if (!returned_->load(std::memory_order_relaxed)) return false;
        shared_block* next = returned_->exchange(nullptr, std::memory_order_acquire);
        while (next) {
            shared_block* const block = std::exchange(next, next->next.load(std::memory_order_relaxed));
            if (loans_.erase(block) > 0) heap_->give_back(block);
        }
        return true;
    }

    /// Takes what processes have that are no more. Costs a look at each process.
    void take_from_dead() {
        take_returned();
        std::vector<std::pair<process_mark, bool>> seen;
        for (auto each = loans_.begin(); each != loans_.end();) {
            if (lives(each->second, seen)) {
                ++each;
                continue;
            }
            heap_->give_back(each->first);
            each = loans_.erase(each);
        }
    }

    std::size_t count() const noexcept { return loans_.size(); }

private:
    static bool lives(process_mark const& who, std::vector<std::pair<process_mark, bool>>& seen) {
        for (auto const& [process, living] : seen) {
            if (process == who) return living;
        }
        seen.emplace_back(who, is_living(who));
        return seen.back().second;
    }

    shared_heap* heap_;
    std::atomic<shared_block*>* returned_;
    std::unordered_map<shared_block*, process_mark> loans_{};
};

}  // namespace quartet::inline v0::detail
