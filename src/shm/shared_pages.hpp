// src/shm/shared_pages.hpp
//
// Address space that a process shares with the children it forks later, without a descriptor: nothing that a
// program does to its descriptors or to its limit on file sizes reaches it. Any thread.
#pragma once

#include <cstddef>

namespace quartet::inline v0::detail {

/// Address space for `bytes`, which are zeros; no page of it is there yet. Throws std::system_error.
std::byte* reserve_pages(std::size_t bytes);

/// The caller's mapping of it ends.
void release_pages(std::byte* begin, std::size_t bytes) noexcept;

/// Makes the pages of a range be there, and leaves what stands in them; others may do so at the same time.
/// False if the system has none left: then a touch would have raised SIGBUS. Goes on over any number of
/// signals, for it keeps what it has when one comes.
bool back_pages(std::byte* begin, std::size_t bytes) noexcept;

/// The same by a system call for each page, as back_pages() does on kernels before Linux 5.14.
bool back_pages_singly(std::byte* begin, std::size_t bytes) noexcept;

/// Gives the pages that lie wholly in a range back to the system; what stood there is zeros.
void drop_pages(std::byte* begin, std::size_t bytes) noexcept;

}  // namespace quartet::inline v0::detail
