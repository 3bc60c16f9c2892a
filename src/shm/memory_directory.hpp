// src/shm/memory_directory.hpp
//
// Shared memory that this process keeps in the place of memory of another machine, with the same id. Its
// children, forked before or after, find by the id what is here.
#pragma once

#include <quartet/detail/shm/shared_memory.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>

namespace quartet::inline v0::detail {

/// Makes the directory, if there is none yet; children that were forked before do not have it. Throws
/// std::system_error, std::bad_alloc.
void open_memory_directory();

/// Adds a name, or nothing if it is full (65,536) or there is none. One thread of the process that opened it.
void publish_memory(shared_memory_name const& name) noexcept;
void withdraw_memory(std::uint64_t id) noexcept;

/// Names memory of which there is none, since there was no room: find_shared_memory() says so.
shared_memory_name refused_memory(std::uint64_t id, std::size_t bytes) noexcept;
bool is_refused(shared_memory_name const& name) noexcept;

/// Nothing if it is not here, or there is no directory. Any thread of any of these processes.
std::optional<shared_memory_name> find_published(std::uint64_t id) noexcept;

}  // namespace quartet::inline v0::detail
