// include/quartet/detail/shm/shared_heap.hpp
//
// Memory that a parent and the workers forked from it see at the same addresses.
//
// A large range is reserved before the fork and given pages as it is used. Blocks come in sizes of four to
// the octave; those that are given back wait in a stack per size, large ones without their pages. All
// processes may take and give back at the same time, without a lock: one that is killed in the middle of it
// loses a block at the most, and that only until the next reset().
#pragma once

#include <quartet/detail/shm/heap_bounds.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace quartet::inline v0::detail {

/// What stands at the beginning of a block.
struct shared_block {
    std::atomic<shared_block*> next;  ///< free for its owner's use
    std::uint32_t size_class;
    std::uint32_t kept;  ///< bytes that have kept their pages while it is free
};
static_assert(sizeof(shared_block) == alignof(std::max_align_t));

class shared_heap {
public:
    static constexpr std::size_t usually_kept = std::size_t{64} << 20;

    /// Reserves address space for `capacity` bytes (8 TiB at the most); memory is taken when it is allocated.
    /// Free large blocks keep the pages of up to `kept` bytes (4 GiB at the most), since the system takes its
    /// time to clear new ones. Throws std::system_error.
    static std::unique_ptr<shared_heap, void (*)(shared_heap*)> create(std::size_t capacity,
                                                                       std::size_t kept = usually_kept);

    /// A block with room for `bytes` behind its head. Throws std::bad_alloc when the reserve or the system's
    /// memory is used up.
    shared_block* take(std::size_t bytes);

    void give_back(shared_block* block) noexcept;

    /// Gives the pages of free large blocks back to the system. Others may use the heap meanwhile.
    void drop_kept() noexcept;
    std::size_t kept() const noexcept { return kept_.load(std::memory_order_relaxed); }

    /// Forgets all blocks; memory beyond a few MiB goes back to the system. Nobody else may use the heap
    /// meanwhile.
    void reset() noexcept;

    std::size_t capacity() const noexcept { return capacity_; }

private:
    static constexpr std::size_t size_classes = 4 * 48;

    shared_heap(std::size_t capacity, std::size_t kept) noexcept;
    static void destroy(shared_heap* heap) noexcept;
    std::byte* base() noexcept { return reinterpret_cast<std::byte*>(this); }
    std::byte* address_of(shared_block& block) noexcept { return reinterpret_cast<std::byte*>(&block); }
    std::uint64_t offset_of(shared_block const& block) const noexcept;
    shared_block* pop(std::uint32_t size_class) noexcept;
    void push(shared_block& block) noexcept;
    void keep_or_drop(shared_block& block) noexcept;
    shared_block* carve(std::uint32_t size_class);
    std::size_t carve_small(std::size_t bytes);
    std::size_t carve_large(std::size_t bytes);
    bool back_small(std::size_t end) noexcept;
    void back_large(shared_block& block, std::size_t bytes);
    void drop(std::size_t begin, std::size_t end) noexcept;

    std::size_t capacity_;
    std::size_t most_kept_;
    std::size_t start_;                ///< where blocks begin, behind this object
    heap_bounds free_range_;           ///< small blocks lie below, large ones above
    std::atomic<std::size_t> backed_;  ///< small blocks surely have pages up to here
    std::atomic<std::size_t> kept_;    ///< bytes of free large blocks that have pages
    /// Free blocks: the offset of the first, and a count in the upper bits that tells one list from another.
    std::array<std::atomic<std::uint64_t>, size_classes> free_;
};

using shared_heap_owner = std::unique_ptr<shared_heap, void (*)(shared_heap*)>;

/// Pieces of blocks, one after another; all blocks go back together. For one process at a time.
class shared_arena {
public:
    /// Blocks are linked to `list`.
    shared_arena(shared_heap& heap, std::atomic<shared_block*>& list) noexcept : heap_(&heap), list_(&list) {}

    /// Begins with what is left of a block.
    shared_arena(shared_heap& heap, std::atomic<shared_block*>& list, std::byte* left,
                 std::size_t bytes) noexcept
        : heap_(&heap), list_(&list), next_(left), left_(bytes) {}

    /// Throws std::bad_alloc.
    void* allocate(std::size_t bytes, std::size_t alignment = alignof(std::max_align_t));

    template <class T>
    T* allocate_array(std::size_t count) {
        if (count > static_cast<std::size_t>(-1) / sizeof(T)) throw std::bad_array_new_length();
        return static_cast<T*>(allocate(count * sizeof(T), alignof(T)));
    }

    /// One for another thread, whose blocks go back with those of this.
    shared_arena another() const noexcept { return {*heap_, *list_}; }

    /// Gives back all blocks of a list.
    static void give_back_all(shared_heap& heap, std::atomic<shared_block*>& list) noexcept;

private:
    void link(shared_block& block) noexcept;

    shared_heap* heap_;
    std::atomic<shared_block*>* list_;
    std::byte* next_ = nullptr;  // in the block that is being filled
    std::size_t left_ = 0;
    std::size_t block_bytes_ = 256;  // of the next one; grows
};

}  // namespace quartet::inline v0::detail
