// measure/heap/heap_hooks.cpp
//
// malloc and its kin, defined in the executable, where the dynamic linker finds them before those of
// glibc: for our code, for libraries (also ones that dlopen brings later) and for glibc's own calls.
// Each does its work by glibc's __libc_ entry points, which are the same functions under names that
// stay free for this use.
//
// A block enters the account after it was got and leaves it before it is given back. realloc knows the old
// size only before the call and the new one only after it.

#include "measure/heap/heap_account.hpp"
#include "measure/heap/heap_trace.hpp"

#ifdef QUARTET_SANITIZED

// A sanitizer interposes malloc itself, with red zones that would be counted, and checks more for us
// than this would.
namespace quartet::measure::heap_trace {
bool available() noexcept {
    return false;
}
}  // namespace quartet::measure::heap_trace

#else

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <malloc.h>
#include <unistd.h>

// NOLINTBEGIN(bugprone-reserved-identifier): the names are glibc's.
extern "C" {
void* __libc_malloc(std::size_t) noexcept;
void __libc_free(void*) noexcept;
void* __libc_calloc(std::size_t, std::size_t) noexcept;
void* __libc_realloc(void*, std::size_t) noexcept;
void* __libc_memalign(std::size_t, std::size_t) noexcept;
void* __libc_valloc(std::size_t) noexcept;
void* __libc_pvalloc(std::size_t) noexcept;
}
// NOLINTEND(bugprone-reserved-identifier)

namespace quartet::measure {

// Defined here so that a program that uses the trace also links the hooks.
bool heap_trace::available() noexcept {
    return true;
}

namespace {

using heap_account::ledger;

ledger* tracing() noexcept {
    return heap_account::open_ledger.load(std::memory_order_relaxed);
}

std::int64_t size_of(void* block) noexcept {
    return static_cast<std::int64_t>(malloc_usable_size(block));
}

void add(ledger& book, std::int64_t bytes) noexcept {
    heap_account::add(heap_account::this_thread, book, bytes);
}

// The traced paths stay out of line, so that an untraced call saves no registers and is two jumps.

void* counted(void* block) noexcept {
    if (ledger* const book = tracing(); book && block) add(*book, size_of(block));
    return block;
}

[[gnu::noinline]] void* counted_malloc(std::size_t size) noexcept {
    return counted(__libc_malloc(size));
}

[[gnu::noinline]] void counted_free(ledger& book, void* block) noexcept {
    if (block) add(book, -size_of(block));
    __libc_free(block);
}

[[gnu::noinline]] void* counted_realloc(ledger& book, void* block, std::size_t size) noexcept {
    std::int64_t const before = block ? size_of(block) : 0;
    void* const result = __libc_realloc(block, size);
    bool const freed = block && size == 0;
    if (result)
        add(book, size_of(result) - before);
    else if (freed)
        add(book, -before);
    return result;
}

bool is_power_of_two(std::size_t number) noexcept {
    return number != 0 && (number & (number - 1)) == 0;
}

}  // namespace
}  // namespace quartet::measure

using namespace quartet::measure;

extern "C" {

void* malloc(std::size_t size) noexcept {
    if (!tracing()) [[likely]]
        return __libc_malloc(size);
    return counted_malloc(size);
}

void free(void* block) noexcept {
    ledger* const book = tracing();
    if (!book) [[likely]]
        return __libc_free(block);
    counted_free(*book, block);
}

void* calloc(std::size_t count, std::size_t size) noexcept {
    if (!tracing()) [[likely]]
        return __libc_calloc(count, size);
    return counted(__libc_calloc(count, size));
}

void* realloc(void* block, std::size_t size) noexcept {
    ledger* const book = tracing();
    if (!book) [[likely]]
        return __libc_realloc(block, size);
    return counted_realloc(*book, block, size);
}

void* reallocarray(void* block, std::size_t count, std::size_t size) noexcept {
    std::size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) {
        errno = ENOMEM;
        return nullptr;
    }
    return realloc(block, bytes);
}

void* memalign(std::size_t alignment, std::size_t size) noexcept {
    return counted(__libc_memalign(alignment, size));
}

void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
    return counted(__libc_memalign(alignment, size));
}

int posix_memalign(void** result, std::size_t alignment, std::size_t size) noexcept {
    if (alignment % sizeof(void*) != 0 || !is_power_of_two(alignment)) return EINVAL;
    int const saved = errno;  // POSIX: the error is the return value, errno is left alone
    void* const block = counted(__libc_memalign(alignment, size));
    errno = saved;
    if (!block) return ENOMEM;
    *result = block;
    return 0;
}

void* valloc(std::size_t size) noexcept {
    return counted(__libc_valloc(size));
}

void* pvalloc(std::size_t size) noexcept {
    return counted(__libc_pvalloc(size));
}

}  // extern "C"

#endif
