#include <quartet/detail/call/call_memory.hpp>

#include <array>
#include <cstdint>
#include <mutex>
#include <new>
#include <pthread.h>
#include <utility>

namespace quartet::inline v0::detail {
namespace {

constexpr std::size_t grain = 16;            // sizes are multiples of it
constexpr std::size_t kinds = 32;            // of them; larger blocks are not kept
constexpr std::uint32_t batch = 32;          // blocks that go from hand to hand together
constexpr std::uint32_t most_batches = 128;  // of each size, that wait for a thread

struct free_block {
    free_block* next;
    free_block* next_batch;
};

/// A stack of free blocks of one size.
class magazine {
public:
    bool empty() const noexcept { return !first_; }
    bool full() const noexcept { return count_ == batch; }

    void push(void* block) noexcept {
        first_ = new (block) free_block{first_, nullptr};
        ++count_;
    }
    void* pop() noexcept {
        --count_;
        return std::exchange(first_, first_->next);
    }

    /// A full one as a single list.
    free_block* release() noexcept {
        count_ = 0;
        return std::exchange(first_, nullptr);
    }
    void take_over(free_block* blocks) noexcept {
        first_ = blocks;
        count_ = batch;
    }

    void free_all() noexcept {
        while (!empty())
            ::operator delete(pop());
    }

private:
    free_block* first_ = nullptr;
    std::uint32_t count_ = 0;
};

/// Batches of one size that no thread has.
class depot {
public:
    /// False if there is enough, or another thread is here. That thread may be one that a forked child lacks,
    /// so nobody waits for it.
    bool give(magazine& full) noexcept {
        std::unique_lock const lock(mutex_, std::try_to_lock);
        if (!lock || batches_ == most_batches) return false;
        free_block* const given = full.release();
        given->next_batch = std::exchange(first_, given);
        ++batches_;
        return true;
    }

    /// False if there is none.
    bool take(magazine& empty) noexcept {
        std::unique_lock const lock(mutex_, std::try_to_lock);
        if (!lock || !first_) return false;
        empty.take_over(std::exchange(first_, first_->next_batch));
        --batches_;
        return true;
    }

private:
    std::mutex mutex_;
    free_block* first_ = nullptr;
    std::uint32_t batches_ = 0;
};

constinit std::array<depot, kinds> depots;

/// What a thread has of one size: two magazines, so that who makes and frees in turn does not go to the depot
/// each time.
struct thread_stock {
    magazine at_hand;
    magazine spare;
};

struct thread_stocks {
    std::array<thread_stock, kinds> of;
    bool is_freed_at_end;  // of the thread
};
constinit thread_local thread_stocks mine{};

void free_stocks(void* of_thread) noexcept {
    auto& stocks = *static_cast<thread_stocks*>(of_thread);
    stocks.is_freed_at_end = false;
    for (auto& each : stocks.of) {
        each.at_hand.free_all();
        each.spare.free_all();
    }
}

/// Not by a thread_local's destructor: to register one takes memory.
void free_at_end_of_thread() noexcept {
    static pthread_key_t const key = [] {
        pthread_key_t made{};
        return pthread_key_create(&made, [](void* stocks) { free_stocks(stocks); }) == 0 ? made
                                                                                         : pthread_key_t(-1);
    }();
    mine.is_freed_at_end = pthread_setspecific(key, &mine) == 0;
}

/// False if the system has no room for that: then the thread keeps nothing.
bool may_keep() noexcept {
    if (!mine.is_freed_at_end) [[unlikely]]
        free_at_end_of_thread();
    return mine.is_freed_at_end;
}

constexpr std::size_t kind_of(std::size_t bytes) noexcept {
    return (bytes + grain - 1) / grain - 1;
}

}  // namespace

void* allocate_call(std::size_t bytes) {
    std::size_t const kind = kind_of(bytes);
    if (kind >= kinds) return ::operator new(bytes);
    auto& [at_hand, spare] = mine.of[kind];
    if (at_hand.empty()) {
        if (!spare.empty())
            std::swap(at_hand, spare);
        else if (!may_keep() || !depots[kind].take(at_hand))
            return ::operator new((kind + 1) * grain);
    }
    return at_hand.pop();
}

void free_call(void* block, std::size_t bytes) noexcept {
    std::size_t const kind = kind_of(bytes);
    if (kind >= kinds || !may_keep()) return ::operator delete(block);
    auto& [at_hand, spare] = mine.of[kind];
    if (at_hand.full()) {
        if (!spare.empty() && !depots[kind].give(spare)) return ::operator delete(block);
        std::swap(at_hand, spare);
    }
    at_hand.push(block);
}

}  // namespace quartet::inline v0::detail
