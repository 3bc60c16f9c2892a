// src/shm/shared_pages.hpp
//
// Address space that a process shares with the children it forks later, without a descriptor: nothing that a
// program does to its descriptors or to its limit on file sizes reaches it. Any thread.
#pragma once

#include <cstddef>

namespace quartet::inline v0::detail {

/// Reserves address space for `bytes`, which are zeros. No page of it takes memory yet. Throws
/// std::system_error.
std::byte* reserve_pages(std::size_t bytes);

/// Ends the mapping in the calling process; other processes keep theirs.
void release_pages(std::byte* begin, std::size_t bytes) noexcept;

/// Gives memory to the pages of a range and keeps what stands in them; other processes may do so at the same
/// time. False if the system has no memory left: then a touch would have raised SIGBUS. Signals don't make it
/// start over, since it goes on from the page where one came.
bool back_pages(std::byte* begin, std::size_t bytes) noexcept;

/// Does the same with a system call for each page. back_pages() uses it on kernels before Linux 5.14.
bool back_pages_singly(std::byte* begin, std::size_t bytes) noexcept;

/// Gives the pages that lie wholly in a range back to the system. They read as zeros then.
void drop_pages(std::byte* begin, std::size_t bytes) noexcept;

}  // namespace quartet::inline v0::detail
