// include/quartet/detail/call/call_memory.hpp
//
// Memory for calls, which one thread makes and another often frees. malloc has such a block go back under the
// lock of the heap that it came from, and gives the heap's end back to the system only to ask for it again:
// half of what a call cost whose future was dropped.
//
// Each thread keeps a few blocks, and threads hand them on to each other by the batch (magazines: Bonwick and
// Adams, 2001). What nobody needs beyond some thousand blocks is freed.
#pragma once

#include <cstddef>
#include <memory>

namespace quartet::inline v0::detail {

/// Aligned as by operator new. Throws std::bad_alloc. Any thread; a few nanoseconds, as a rule.
void* allocate_call(std::size_t bytes);

/// `bytes` as at its allocation. Any thread. Takes no memory.
void free_call(void* block, std::size_t bytes) noexcept;

/// Of this memory, for std::allocate_shared.
template <class T>
struct call_allocator {
    using value_type = T;

    call_allocator() = default;
    template <class Other>
    call_allocator(call_allocator<Other> const&) noexcept {}

    T* allocate(std::size_t count) {
        if constexpr (is_usual) return static_cast<T*>(allocate_call(count * sizeof(T)));
        return std::allocator<T>().allocate(count);
    }
    void deallocate(T* block, std::size_t count) noexcept {
        if constexpr (is_usual) return free_call(block, count * sizeof(T));
        std::allocator<T>().deallocate(block, count);
    }

    template <class Other>
    bool operator==(call_allocator<Other> const&) const noexcept {
        return true;
    }

private:
    static constexpr bool is_usual = alignof(T) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__;
};

}  // namespace quartet::inline v0::detail
