#include "src/models/processes/pool_memory.hpp"

#include "src/models/processes/offered_calls.hpp"
#include "src/shm/machine_heap.hpp"

#include <quartet/cpus.hpp>

#include <atomic>
#include <memory>
#include <new>

namespace quartet::inline v0::detail {

pool_memory::pool_memory(std::size_t slots, processes_options const& options)
    : batches_(machine_heap("worker processes")),
      control_(shared_heap::create(sizeof(pool_state) +
                                   (slots + 2) * (sizeof(worker_slot) + sizeof(call_table)) + 4096)) {
    std::atomic<shared_block*> kept{nullptr};  // as long as the control heap
    shared_arena arena(*control_, kept);
    state_ = ::new (arena.allocate(sizeof(pool_state), alignof(pool_state))) pool_state{};
    state_->heap = batches_.get();
    state_->slots = arena.allocate_array<worker_slot>(slots);
    state_->calls = arena.allocate_array<call_table>(slots);
    std::uninitialized_value_construct_n(state_->calls, slots);
    state_->name = options.name;
    state_->workers = slots;
    state_->recycle_after = options.recycle_after;
    state_->cpu_share = cpu_share();
}

}  // namespace quartet::inline v0::detail
