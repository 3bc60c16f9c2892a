// src/base/output.hpp
//
// What a program has printed and what still waits in a buffer, over forks: a child begins with a copy of its
// parent's buffers, and what is left in its own at its end is lost.
//
// Not by fflush(nullptr), which waits for the lock of every stream: another thread may hold one for as long
// as it waits for input.
#pragma once

namespace quartet::inline v0::detail {

/// For a worker process: writes out what waits in the standard streams that are used most (stdout, std::cout,
/// std::clog), whatever signals come. A dozen loads if nothing does.
void write_out_printed() noexcept;

/// The same of all standard streams, and what waits in other streams of C that no thread uses at the moment.
void write_out_all() noexcept;

/// What waits in streams of C that no thread uses at the moment. Any thread of any process.
void write_out_files() noexcept;

/// What waits in std::cout and its like, if they have buffers of their own (std::ios::sync_with_stdio). For a
/// thread that may use them.
void write_out_streams() noexcept;

/// For a forked child, before it has threads: what waits is the parent's, which will write it out itself.
void drop_inherited_output() noexcept;

}  // namespace quartet::inline v0::detail
