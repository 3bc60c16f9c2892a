// include/quartet/detail/shared_heap.hpp
//
// Memory that a parent and the workers forked from it see at the same addresses.
//
// A large range is reserved before the fork and given pages as it is used; allocation moves a shared
// pointer forward, and everything is given back at once. allocate() may be called by all processes at the
// same time. A process that is killed in the middle of it leaves the heap usable.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>

namespace quartet::detail {

class shared_heap {
public:
    /// Reserves address space for `capacity` bytes; memory is taken when it is allocated. Throws
    /// std::system_error.
    static std::unique_ptr<shared_heap, void (*)(shared_heap*)> create(std::size_t capacity);

    /// Throws std::bad_alloc when the reserve or the system's memory is used up.
    void* allocate(std::size_t bytes, std::size_t alignment = alignof(std::max_align_t));

    template <class T>
    T* allocate_array(std::size_t count) {
        return static_cast<T*>(allocate(count * sizeof(T), alignof(T)));
    }

    /// Forgets all allocations; memory beyond a few MiB goes back to the system. Nobody else may use the
    /// heap meanwhile.
    void reset() noexcept;

    int descriptor() const noexcept { return descriptor_; }

private:
    shared_heap(int descriptor, std::size_t capacity) noexcept;
    static void destroy(shared_heap* heap) noexcept;
    void commit(std::size_t end);

    int descriptor_;
    std::size_t capacity_;
    std::size_t start_;                ///< where allocations begin, behind this object
    std::atomic<std::size_t> top_;     ///< end of what is allocated
    std::atomic<std::size_t> backed_;  ///< end of what surely has pages
};

using shared_heap_owner = std::unique_ptr<shared_heap, void (*)(shared_heap*)>;

}  // namespace quartet::detail
