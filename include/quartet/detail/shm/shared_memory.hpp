// include/quartet/detail/shm/shared_memory.hpp
//
// Memory that one process owns and any other process of the same user can map by its name. shared_array<T>
// and broadcast<T> are made of it; here it is bytes without a type.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <sys/types.h>
#include <vector>

namespace quartet::inline v0::detail {

/// Names a shared_memory in every process.
struct shared_memory_name {
    std::uint64_t id = 0;  ///< random, never 0: the two numbers below may come again
    std::size_t bytes = 0;
    pid_t owner = 0;
    int descriptor = -1;  ///< the owner's
};

/// What the memory is, for the sentences of errors.
enum class memory_use { array, broadcast };

/// Owns the memory; it ends with this object, for all processes. Copies of it in forked children own nothing.
class shared_memory {
public:
    static constexpr std::size_t alignment = 64;

    /// Zeros, backed by memory: to touch them never fails. Throws std::bad_alloc if the machine has less
    /// memory or has none left, std::system_error if the system refuses for another reason. An `id` is given
    /// to what stands for the memory of that id on another machine.
    explicit shared_memory(std::size_t bytes, memory_use use = memory_use::array, std::uint64_t id = 0);
    shared_memory(shared_memory&&) noexcept;
    shared_memory& operator=(shared_memory&&) noexcept;
    ~shared_memory();

    /// Empty, with id 0, if this object was moved from.
    shared_memory_name name() const noexcept;
    void* data() const noexcept;

private:
    struct state;
    std::unique_ptr<state> state_;
};

/// Where the memory is in this process, which maps it if it has not yet; any thread. Throws
/// std::runtime_error if the memory has ended, std::bad_alloc and std::system_error as above.
void* find_shared_memory(shared_memory_name const& name, memory_use use = memory_use::array);

/// The ids of all that this process owns or has mapped; some may have ended since. Any thread.
std::vector<std::uint64_t> mapped_shared_memories();

}  // namespace quartet::inline v0::detail
