// The heap is one memfd, mapped shared. Its own bookkeeping stands at the start of the mapping, so that
// all processes see the same pointer. Pages are asked for with fallocate before they are handed out: on a
// full system that gives an error here, where a first touch would give a SIGBUS somewhere else.

#include <quartet/detail/shared_heap.hpp>

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <new>
#include <sys/mman.h>
#include <system_error>
#include <unistd.h>

namespace quartet::detail {
namespace {

constexpr std::size_t commit_step = std::size_t{1} << 20;
constexpr std::size_t kept_bytes = std::size_t{64} << 20;

std::size_t round_up(std::size_t value, std::size_t to) {
    return (value + to - 1) / to * to;
}

}  // namespace

shared_heap::shared_heap(int descriptor, std::size_t capacity) noexcept
    : descriptor_(descriptor),
      capacity_(capacity),
      start_(round_up(sizeof(shared_heap), alignof(std::max_align_t))),
      top_(start_),
      backed_(0) {}

shared_heap_owner shared_heap::create(std::size_t capacity) {
    capacity = round_up(capacity, commit_step);
    int const descriptor = memfd_create("quartet", MFD_CLOEXEC);
    if (descriptor < 0) throw std::system_error(errno, std::generic_category(), "shared memory");
    void* const base =
        ftruncate(descriptor, static_cast<off_t>(capacity)) == 0
            ? mmap(nullptr, capacity, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, descriptor, 0)
            : MAP_FAILED;
    if (base == MAP_FAILED) {
        int const error = errno;
        close(descriptor);
        throw std::system_error(error, std::generic_category(), "shared memory");
    }
    return {::new (base) shared_heap(descriptor, capacity), &shared_heap::destroy};
}

void shared_heap::destroy(shared_heap* heap) noexcept {
    close(heap->descriptor_);
    munmap(heap, heap->capacity_);
}

void* shared_heap::allocate(std::size_t bytes, std::size_t alignment) {
    if (bytes > capacity_) throw std::bad_alloc();
    std::size_t begin = top_.load(std::memory_order_relaxed);
    std::size_t aligned = 0;
    do {
        aligned = round_up(begin, alignment);
        if (aligned + bytes > capacity_) throw std::bad_alloc();
    } while (!top_.compare_exchange_weak(begin, aligned + bytes, std::memory_order_relaxed));
    try {
        commit(aligned + bytes);
    } catch (std::bad_alloc const&) {
        // Hand the range back, so that smaller requests may still be served.
        std::size_t mine = aligned + bytes;
        top_.compare_exchange_strong(mine, begin, std::memory_order_relaxed);
        throw;
    }
    return reinterpret_cast<std::byte*>(this) + aligned;
}

void shared_heap::commit(std::size_t end) {
    std::size_t backed = backed_.load(std::memory_order_relaxed);
    if (end <= backed) return;
    // Two processes may do this for the same pages: no harm. `backed_` only grows, and only over pages
    // that its setter has seen backed, starting from a value that was backed.
    std::size_t const until = std::min(round_up(end, commit_step), capacity_);
    int result = 0;
    do {
        result = fallocate(descriptor_, 0, static_cast<off_t>(backed), static_cast<off_t>(until - backed));
    } while (result != 0 && errno == EINTR);
    if (result != 0) throw std::bad_alloc();
    while (backed < until && !backed_.compare_exchange_weak(backed, until, std::memory_order_relaxed)) {
    }
}

void shared_heap::reset() noexcept {
    top_.store(start_, std::memory_order_relaxed);
    std::size_t const backed = backed_.load(std::memory_order_relaxed);
    if (backed <= kept_bytes) return;
    if (fallocate(descriptor_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(kept_bytes),
                  static_cast<off_t>(backed - kept_bytes)) == 0)
        backed_.store(kept_bytes, std::memory_order_relaxed);
}

}  // namespace quartet::detail
