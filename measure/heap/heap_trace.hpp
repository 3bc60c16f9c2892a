// measure/heap/heap_trace.hpp
//
// The traced heap of a whole process tree: how many bytes its processes hold from malloc and its kin at
// this moment, and how many at most. Python's tracemalloc for C and C++, but the allocations of C
// libraries are in it, and those of every process forked after start().
//
// A program that links this traces nothing until start(); until then an allocation costs one predictable
// branch more. Traced, a malloc + free pair of a small block costs about 5 ns more (cost_of() says what a
// trial paid). Blocks count with the bytes the allocator set aside for them (malloc_usable_size).
//
// What is not in the figure: memory taken by mmap itself (thread stacks, shared memory), programs started
// by exec (a different heap; the process leaves the account when it calls exec), and blocks allocated
// before start(). heap_account.hpp says how exact the figure is.
//
// Any thread may call any function here, except that start() and stop() must not run at the same time.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace quartet::measure::heap_trace {

struct reading {
    std::uint64_t current_bytes = 0;  ///< held now, by all living processes of the account
    std::uint64_t peak_bytes = 0;     ///< the most that `current_bytes` has been
    std::uint64_t calls = 0;    ///< allocating and freeing calls; a living process may lag by 1024 a thread
    std::uint64_t flushes = 0;  ///< times a thread carried its count over to the shared account
};

/// False in builds with a sanitizer, which brings its own malloc; then start() does nothing.
bool available() noexcept;

/// Opens an account at zero, shared with every process forked from now on (and with theirs). A second
/// start() opens a new account; the memory of the old one (256 KiB of addresses) is never given back,
/// since children may still be writing to it.
/// Throws std::system_error if the system gives no shared memory.
void start();

/// Absent if this process is not tracing. Looks for dead processes first, so what they held is not in
/// `current_bytes`, whether they ended in order, by SIGKILL, or are still unreaped.
std::optional<reading> read() noexcept;

/// Ends tracing in this process. Children that trace go on until they end.
void stop() noexcept;

/// The time that tracing adds to one allocating or freeing call, in nanoseconds, without flushes.
/// The first call measures it, in a few milliseconds.
double cost_per_call();

/// An estimate of the processor time that tracing has cost the whole tree, with the price of a flush
/// measured while another thread flushes too.
std::chrono::nanoseconds cost_of(reading const& what);

}  // namespace quartet::measure::heap_trace
