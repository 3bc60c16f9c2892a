#include "src/models/processes/make_batch.hpp"

#include <quartet/detail/call/crossing.hpp>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <new>

namespace quartet::inline v0::detail {

remote_batch& make_batch(pool_state& pool, job& work) {
    constexpr std::size_t first_block = 512 - sizeof(shared_block);
    static_assert(sizeof(remote_batch) < first_block / 2 + 64);
    shared_block* const block = pool.heap->take(first_block);
    block->next.store(nullptr, std::memory_order_relaxed);
    auto* const batch = ::new (block + 1) remote_batch{};
    batch->blocks.store(block, std::memory_order_relaxed);
    try {
        shared_arena arena(*pool.heap, batch->blocks, reinterpret_cast<std::byte*>(batch + 1),
                           first_block - sizeof(remote_batch));
        auto const code = work.crossing()->code();
        batch->heap = pool.heap;
        batch->count = work.size();
        batch->left.store(work.size(), std::memory_order_relaxed);
        batch->policy = work.policy();
        batch->chunk_size = work.chunk_size();
        batch->wake_parent = &pool.wake_parent;
        batch->task_limit = work.task_limit();
        batch->record_slots = work.record_slots();
        batch->first_number = work.first_number();
        if (auto const* const numbers = work.numbers()) {
            auto* const kept = arena.allocate_array<std::size_t>(work.size());
            std::copy_n(numbers, work.size(), kept);
            batch->numbers = kept;
        }
        batch->run = code.run;
        batch->make = code.make;
        auto* const closure = static_cast<std::byte*>(arena.allocate(code.closure.size()));
        std::memcpy(closure, code.closure.data(), code.closure.size());
        batch->closure = closure;
        batch->tasks = arena.allocate_array<task_word>(work.size());
        std::uninitialized_value_construct_n(batch->tasks, work.size());
        work.crossing()->encode(arena, *batch);
        // Only now: an input that can't be encoded may stop the call.
        batch->stop.store(work.stop().word().load(), std::memory_order_relaxed);
    } catch (...) {
        shared_arena::give_back_all(*pool.heap, batch->blocks);
        throw;
    }
    return *batch;
}

}  // namespace quartet::inline v0::detail
