// The pages of a shared mapping come into being at their first touch, and when the system has none left, that
// touch is a SIGBUS. So they are asked for beforehand, by a system call that can fail: MADV_POPULATE_WRITE,
// or on kernels before Linux 5.14 a futex operation on each page, which makes the kernel write to it.

#include "src/shm/shared_pages.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <system_error>
#include <unistd.h>

namespace quartet::inline v0::detail {
namespace {

// A signal handler of the program waits until madvise() returns, so each call does no more than this.
constexpr std::size_t most_at_once = std::size_t{1} << 20;

std::size_t page_size() noexcept {
    static auto const bytes = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    return bytes;
}

/// The beginning of the page in which `address` lies.
std::byte* page_of(std::byte* address) noexcept {
    return address - reinterpret_cast<std::uintptr_t>(address) % page_size();
}

/// Makes the kernel write to the page: FUTEX_WAKE_OP ors a word of it with 0. False if there is no memory.
bool touch_by_kernel(std::byte* page) noexcept {
    std::uint32_t unused = 0;
    for (;;) {
        if (syscall(SYS_futex, &unused, FUTEX_WAKE_OP | FUTEX_PRIVATE_FLAG, 0, 0, page,
                    FUTEX_OP(FUTEX_OP_OR, 0, FUTEX_OP_CMP_EQ, 0)) >= 0)
            return true;
        if (errno != EINTR && errno != EAGAIN) return false;
    }
}

}  // namespace

std::byte* reserve_pages(std::size_t bytes) {
    void* const begin =
        mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (begin == MAP_FAILED)
        throw std::system_error(errno, std::generic_category(), "cannot reserve shared memory");
    return static_cast<std::byte*>(begin);
}

void release_pages(std::byte* begin, std::size_t bytes) noexcept {
    munmap(begin, bytes);
}

bool back_pages(std::byte* begin, std::size_t bytes) noexcept {
    std::byte* const end = begin + bytes;
    for (std::byte* next = page_of(begin); next < end;) {
        auto const step = std::min(most_at_once, static_cast<std::size_t>(end - next));
        if (madvise(next, step, MADV_POPULATE_WRITE) == 0) {
            next += step;
        } else if (errno == EINVAL) {  // an older kernel
            return back_pages_singly(next, static_cast<std::size_t>(end - next));
        } else if (errno != EINTR && errno != EAGAIN) {
            return false;
        }
    }
    return true;
}

bool back_pages_singly(std::byte* begin, std::size_t bytes) noexcept {
    for (std::byte* page = page_of(begin); page < begin + bytes; page += page_size()) {
        if (!touch_by_kernel(page)) return false;
    }
    return true;
}

void drop_pages(std::byte* begin, std::size_t bytes) noexcept {
    std::byte* const first = page_of(begin + page_size() - 1);
    std::byte* const end = page_of(begin + bytes);
    if (first >= end) return;
    while (madvise(first, static_cast<std::size_t>(end - first), MADV_REMOVE) != 0 && errno == EINTR) {
    }
}

}  // namespace quartet::inline v0::detail
