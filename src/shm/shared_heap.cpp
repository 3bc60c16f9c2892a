// The heap is a range of shared pages (shared_pages.hpp). Its own bookkeeping stands at the start, so that
// all processes see the same lists. Pages are asked for before they are handed out: on a full system that
// gives an error here, where a first touch would give a SIGBUS somewhere else.
//
// A block has one of a fixed set of sizes, four to each doubling, and each size has a free list: a lock-free
// stack, whose head holds a count beside the offset of the first block, so that a block which was taken and
// came back is not mistaken for the same state (the ABA problem). A block of a size whose list is empty is
// cut from the free range in the middle (heap_bounds.hpp). Blocks below 1 MiB keep their pages until reset().
// Those of 1 MiB and more give them back when they are freed, but for as many as are kept.

#include "src/shm/shared_pages.hpp"

#include <quartet/detail/shm/shared_heap.hpp>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <limits>
#include <new>
#include <system_error>
#include <utility>

namespace quartet::inline v0::detail {
namespace {

constexpr std::size_t commit_step = std::size_t{1} << 20;
constexpr std::size_t kept_at_ends = std::size_t{64} << 20;  // by reset()
constexpr std::size_t least_block = 64;
constexpr std::size_t least_large_block = std::size_t{1} << 20;
constexpr std::uint64_t offset_unit = 16;
constexpr std::uint64_t offset_bits = 40;
constexpr std::uint64_t offset_mask = (std::uint64_t{1} << offset_bits) - 1;

constexpr std::size_t round_up(std::size_t value, std::size_t to) {
    return (value + to - 1) / to * to;
}

/// 64, 80, 96, 112, 128, 160, …
constexpr std::size_t block_bytes(std::uint32_t size_class) {
    return (4 + size_class % 4) * (least_block / 4) << (size_class / 4);
}

constexpr std::uint32_t class_for(std::size_t bytes) {
    if (bytes <= least_block) return 0;
    auto const octave = static_cast<std::uint32_t>(std::bit_width(bytes - 1)) - 7;  // 64 < bytes <= 128: 0
    std::size_t const step = (least_block / 4) << octave;
    return 4 * octave + static_cast<std::uint32_t>((bytes - 1) / step) - 3;
}
static_assert(class_for(64) == 0 && class_for(65) == 1 && class_for(80) == 1 && class_for(112) == 3 &&
              class_for(113) == 4 && class_for(128) == 4 && class_for(129) == 5);
static_assert(block_bytes(class_for(least_large_block)) == least_large_block);
static_assert(block_bytes(class_for(least_large_block) + 1) % heap_bounds::high_unit == 0);
static_assert(block_bytes(1) % heap_bounds::low_unit == 0 && commit_step % heap_bounds::high_unit == 0);
static_assert(block_bytes(0) == 64 && block_bytes(3) == 112 && block_bytes(4) == 128 &&
              block_bytes(5) == 160);

}  // namespace

shared_heap::shared_heap(std::size_t capacity, std::size_t kept) noexcept
    : capacity_(capacity),
      most_kept_(kept),
      start_(round_up(sizeof(shared_heap), least_block)),
      free_range_({start_, capacity}),
      backed_(0),
      kept_(0),
      free_{} {}

shared_heap_owner shared_heap::create(std::size_t capacity, std::size_t kept) {
    capacity = std::min(round_up(capacity, commit_step), heap_bounds::most);
    std::byte* const base = reserve_pages(capacity);
    if (!back_pages(base, sizeof(shared_heap))) {
        release_pages(base, capacity);
        throw std::system_error(ENOMEM, std::generic_category(), "cannot have shared memory");
    }
    kept = std::min<std::size_t>(kept, std::numeric_limits<std::uint32_t>::max());
    return {::new (base) shared_heap(capacity, kept), &shared_heap::destroy};
}

void shared_heap::destroy(shared_heap* heap) noexcept {
    release_pages(heap->base(), heap->capacity_);
}

shared_block* shared_heap::take(std::size_t bytes) {
    if (bytes > capacity_) throw std::bad_alloc();
    auto const size_class = class_for(bytes + sizeof(shared_block));
    bool const large = block_bytes(size_class) >= least_large_block;
    shared_block* block = pop(size_class);
    if (block && block->kept) kept_.fetch_sub(std::exchange(block->kept, 0), std::memory_order_relaxed);
    if (!block) block = carve(size_class);
    if (large) back_large(*block, bytes + sizeof(shared_block));
    return block;
}

void shared_heap::give_back(shared_block* block) noexcept {
    if (block_bytes(block->size_class) >= least_large_block) keep_or_drop(*block);
    push(*block);
}

/// A few large blocks keep their pages.
void shared_heap::keep_or_drop(shared_block& block) noexcept {
    std::size_t const bytes = block_bytes(block.size_class);
    if (bytes <= most_kept_ && kept_.fetch_add(bytes, std::memory_order_relaxed) + bytes <= most_kept_) {
        block.kept = static_cast<std::uint32_t>(bytes);
        return;
    }
    if (bytes <= most_kept_) kept_.fetch_sub(bytes, std::memory_order_relaxed);
    drop_pages(address_of(block) + sizeof(shared_block), bytes - sizeof(shared_block));
}

void shared_heap::drop_kept() noexcept {
    constexpr std::uint32_t first_large = class_for(least_large_block);
    for (std::uint32_t each = first_large; each < size_classes; ++each) {
        // All are taken before the first goes back, so that none comes twice; they are linked meanwhile.
        shared_block* taken = nullptr;
        while (shared_block* const block = pop(each)) {
            block->next.store(taken, std::memory_order_relaxed);
            taken = block;
        }
        while (taken) {
            shared_block* const block = std::exchange(taken, taken->next.load(std::memory_order_relaxed));
            if (block->kept) {
                kept_.fetch_sub(std::exchange(block->kept, 0), std::memory_order_relaxed);
                drop_pages(address_of(*block) + sizeof(shared_block),
                           block_bytes(each) - sizeof(shared_block));
            }
            push(*block);
        }
    }
}

std::uint64_t shared_heap::offset_of(shared_block const& block) const noexcept {
    auto const* const start = reinterpret_cast<std::byte const*>(this);
    return static_cast<std::uint64_t>(reinterpret_cast<std::byte const*>(&block) - start) / offset_unit;
}

shared_block* shared_heap::pop(std::uint32_t size_class) noexcept {
    auto& list = free_[size_class];
    std::uint64_t head = list.load(std::memory_order_acquire);
    for (;;) {
        std::uint64_t const offset = head & offset_mask;
        if (offset == 0) return nullptr;
        auto* const block = reinterpret_cast<shared_block*>(base() + offset * offset_unit);
        // Another may have taken it by now, and `next` be anything; then the count has changed and the
        // exchange fails.
        shared_block* const next = block->next.load(std::memory_order_relaxed);
        std::uint64_t const next_offset = next ? offset_of(*next) & offset_mask : 0;
        std::uint64_t const changed = ((head >> offset_bits) + 1) << offset_bits | next_offset;
        if (list.compare_exchange_weak(head, changed, std::memory_order_acquire)) return block;
    }
}

void shared_heap::push(shared_block& block) noexcept {
    auto& list = free_[block.size_class];
    auto const offset = offset_of(block);
    std::uint64_t head = list.load(std::memory_order_relaxed);
    std::uint64_t changed = 0;
    do {
        std::uint64_t const first = head & offset_mask;
        block.next.store(first ? reinterpret_cast<shared_block*>(base() + first * offset_unit) : nullptr,
                         std::memory_order_relaxed);
        changed = ((head >> offset_bits) + 1) << offset_bits | offset;
    } while (!list.compare_exchange_weak(head, changed, std::memory_order_release));
}

/// Cuts a new block from the free range. A small one has all its pages, a large one only that of its head.
shared_block* shared_heap::carve(std::uint32_t size_class) {
    std::size_t const bytes = block_bytes(size_class);
    std::size_t const begin = bytes >= least_large_block ? carve_large(bytes) : carve_small(bytes);
    return ::new (base() + begin) shared_block{.next = nullptr, .size_class = size_class, .kept = 0};
}

std::size_t shared_heap::carve_large(std::size_t bytes) {
    auto const begin = free_range_.take_high(bytes);
    if (!begin) throw std::bad_alloc();
    if (back_pages(base() + *begin, sizeof(shared_block))) return *begin;
    free_range_.undo_high(*begin, bytes);
    throw std::bad_alloc();
}

std::size_t shared_heap::carve_small(std::size_t bytes) {
    auto const begin = free_range_.take_low(bytes);
    if (!begin) throw std::bad_alloc();
    if (back_small(*begin + bytes)) return *begin;
    free_range_.undo_low(*begin, bytes);  // so that smaller requests may still be served
    throw std::bad_alloc();
}

bool shared_heap::back_small(std::size_t end) noexcept {
    std::size_t backed = backed_.load(std::memory_order_relaxed);
    if (end <= backed) return true;
    // Two processes may do this for the same pages: no harm. `backed_` only grows, and only over pages
    // that its setter has seen backed, starting from a value that was backed. Pages of large blocks may be
    // among them; those that are dropped are no small block's before the next reset().
    std::size_t const until = std::min(round_up(end, commit_step), capacity_);
    if (!back_pages(base() + backed, until - backed)) return false;
    while (backed < until && !backed_.compare_exchange_weak(backed, until, std::memory_order_relaxed)) {
    }
    return true;
}

/// Gives the first `bytes` of a block pages; if there are none the block goes back.
void shared_heap::back_large(shared_block& block, std::size_t bytes) {
    if (back_pages(address_of(block), bytes)) return;
    give_back(&block);
    throw std::bad_alloc();
}

void shared_heap::drop(std::size_t begin, std::size_t end) noexcept {
    drop_pages(base() + begin, end - begin);
}

/// Forgets all blocks, and gives most pages back to the system; the first and last 64 MiB keep theirs.
void shared_heap::reset() noexcept {
    for (auto& each : free_)
        each.store(0, std::memory_order_relaxed);
    kept_.store(0, std::memory_order_relaxed);
    std::size_t const bottom = free_range_.look().high;
    free_range_.reset({start_, capacity_});
    std::size_t backed = std::min(backed_.load(std::memory_order_relaxed), bottom);  // beyond are holes
    if (capacity_ > 2 * kept_at_ends) {
        if (bottom < capacity_ - kept_at_ends) drop(bottom, capacity_ - kept_at_ends);
        if (backed > kept_at_ends) drop(kept_at_ends, backed);
        backed = std::min(backed, kept_at_ends);
    }
    backed_.store(backed, std::memory_order_relaxed);
}

void* shared_arena::allocate(std::size_t bytes, std::size_t alignment) {
    constexpr std::size_t most_block_bytes = 64 * 1024;
    auto const padding = [&] { return -reinterpret_cast<std::uintptr_t>(next_) % alignment; };
    if (!next_ || padding() + bytes > left_) {
        std::size_t const needed = bytes + alignment;
        // A large piece has a block of its own, so that what is left of the present one is not lost.
        bool const alone = needed > most_block_bytes / 4;
        std::size_t const room = alone ? needed : std::max(needed, block_bytes_);
        shared_block* const block = heap_->take(room);
        link(*block);
        auto* const begin = reinterpret_cast<std::byte*>(block + 1);
        if (alone) return begin + -reinterpret_cast<std::uintptr_t>(begin) % alignment;
        next_ = begin;
        left_ = room;
        block_bytes_ = std::min(2 * block_bytes_, most_block_bytes);
    }
    std::size_t const skip = padding();
    auto* const result = next_ + skip;
    next_ += skip + bytes;
    left_ -= skip + bytes;
    return result;
}

void shared_arena::link(shared_block& block) noexcept {
    shared_block* first = list_->load(std::memory_order_relaxed);
    do {
        block.next.store(first, std::memory_order_relaxed);
    } while (!list_->compare_exchange_weak(first, &block, std::memory_order_release));
}

void shared_arena::give_back_all(shared_heap& heap, std::atomic<shared_block*>& list) noexcept {
    // The list itself may lie in one of the blocks.
    for (shared_block* block = list.load(std::memory_order_acquire); block;) {
        shared_block* const next = block->next.load(std::memory_order_relaxed);
        heap.give_back(block);
        block = next;
    }
}

}  // namespace quartet::inline v0::detail
