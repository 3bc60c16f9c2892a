// src/models/work_deque.hpp
//
// The calls that bodies on one thread have made and nobody has begun. The thread itself adds and takes at the
// end, the newest first; others take from the beginning, the oldest first.
//
// Who exchanges a call in its slot for nothing has it: so neither side needs a fence, and the owner's way
// through is one atomic exchange to add and one to take. Thieves hold a lock against each other. A call that
// is taken out of the middle leaves a mark, so that an empty slot at the beginning says that there are none.
//
// The indices of Chase and Lev (Dynamic Circular Work-Stealing Deque, 2005), without their race for the last
// element.
#pragma once

#include <quartet/detail/io/nested_work.hpp>

#include <atomic>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <new>

namespace quartet::inline v0::detail {

class work_deque {
public:
    using index = std::uint64_t;

    // ---- For its thread

    /// Where the next one is added.
    index end() const noexcept { return end_; }

    /// For how many there is room.
    std::size_t room() const noexcept { return slots_.size(); }

    /// Adds one, and sets its place; false if there is no memory for it.
    bool push(nested_work& work) noexcept {
        if (end_ - begin_.load(std::memory_order_acquire) == slots_.size() && !grow()) return false;
        work.place = end_;
        slots_[end_].exchange(&work);
        ++end_;
        return true;
    }

    /// Takes it; false if another thread has.
    bool take(nested_work& work) noexcept {
        bool const is_newest = work.place + 1 == end_;
        nested_work* expected = &work;
        if (!slots_[work.place].compare_exchange_strong(expected, is_newest ? nullptr : gone())) return false;
        if (is_newest) {
            --end_;
            drop_marks();
        }
        return true;
    }

    /// Takes the newest of those from `first` on; null if there is none.
    nested_work* take_newest(index first) noexcept {
        while (end_ > first) {
            nested_work* const taken = slots_[end_ - 1].exchange(nullptr);
            if (!taken) return nullptr;
            --end_;
            if (taken != gone()) {
                drop_marks();
                return taken;
            }
        }
        return nullptr;
    }

    // ---- For other threads

    /// Takes the oldest; null if there is none.
    nested_work* steal() noexcept {
        return steal(0, [] { return true; });
    }

    /// The same, unless it was added before `first`, and if `still()`, which is asked while lock_out() waits.
    nested_work* steal(index first, std::predicate auto&& still) noexcept {
        std::lock_guard const lock(thieves_);
        if (!still()) return nullptr;
        for (;;) {
            index const at = begin_.load(std::memory_order_relaxed);
            if (at < first) return nullptr;
            auto& oldest = slots_[at];
            if (!oldest.load(std::memory_order_relaxed)) return nullptr;
            nested_work* const taken = oldest.exchange(nullptr);
            if (!taken) return nullptr;
            begin_.store(at + 1, std::memory_order_release);
            if (taken != gone()) return taken;
        }
    }

    /// Whether there is something that steal() might take.
    bool has_any(index first = 0) const noexcept {
        std::lock_guard const lock(thieves_);
        index const at = begin_.load(std::memory_order_relaxed);
        return at >= first && slots_[at].load() != nullptr;
    }

    /// On its thread: calls `use()` while nobody steals.
    void lock_out(std::invocable auto&& use) noexcept {
        std::lock_guard const lock(thieves_);
        use();
    }

private:
    using slot = std::atomic<nested_work*>;

    /// A power of two of them, by index.
    class ring {
    public:
        explicit ring(std::size_t size) : slots_(new slot[size]{}), mask_(size - 1) {}
        std::size_t size() const noexcept { return mask_ + 1; }
        slot& operator[](index at) const noexcept { return slots_[at & mask_]; }

    private:
        std::unique_ptr<slot[]> slots_;
        std::size_t mask_;
    };

    /// Stands where one was taken out of the middle.
    static nested_work* gone() noexcept {
        alignas(nested_work) static char mark;
        return reinterpret_cast<nested_work*>(&mark);
    }

    void drop_marks() noexcept {
        while (slots_[end_ - 1].load(std::memory_order_relaxed) == gone() &&
               slots_[end_ - 1].exchange(nullptr) == gone())
            --end_;
    }

    /// Makes room: where calls were taken out of the beginning, or else in a larger ring.
    bool grow() noexcept {
        try {
            std::lock_guard const lock(thieves_);
            index first = begin_.load(std::memory_order_relaxed);
            while (first < end_ && slots_[first].load(std::memory_order_relaxed) == gone())
                slots_[first++].store(nullptr, std::memory_order_relaxed);
            begin_.store(first, std::memory_order_release);
            if (end_ - first < slots_.size() / 2) return true;
            ring larger(2 * slots_.size());
            for (index at = begin_.load(std::memory_order_relaxed); at < end_; ++at)
                larger[at].store(slots_[at].load(std::memory_order_relaxed), std::memory_order_relaxed);
            slots_ = std::move(larger);
            return true;
        } catch (std::bad_alloc const&) {
            return false;
        }
    }

    // Not 0: what lies before the first is an empty slot.
    index end_ = 1;
    ring slots_{256};
    alignas(64) mutable std::mutex thieves_;  // guards begin_, and slots_ against grow()
    std::atomic<index> begin_ = 1;
};

}  // namespace quartet::inline v0::detail
