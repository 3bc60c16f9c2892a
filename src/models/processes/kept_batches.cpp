#include "src/models/processes/kept_batches.hpp"

namespace quartet::inline v0::detail {

void kept_batches::end(remote_batch& batch, task_ring::position offered_to) noexcept {
    --in_use_;
    ended_.push_back({&batch, offered_to});
    free_untouched();
}

/// Most batches are untouched by the time that the next call ends. Those that are not go behind the others,
/// so that a few that are kept for long keep no others.
void kept_batches::free_untouched() noexcept {
    constexpr std::size_t most_kept = 4;  // a call looks at no more of them
    for (std::size_t left = ended_.size(), kept = 0; left > 0 && kept < most_kept; --left) {
        ended_batch const each = ended_.front();
        ended_.pop_front();
        if (arrangement_.untouched(*each.batch, each.offered_to)) {
            shared_arena::give_back_all(heap_, each.batch->blocks);
        } else {
            ended_.push_back(each);
            ++kept;
        }
    }
    if (in_use_ == 0 && ended_.empty()) heap_.reset();
}

}  // namespace quartet::inline v0::detail
