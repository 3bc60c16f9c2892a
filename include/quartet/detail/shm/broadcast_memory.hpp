// include/quartet/detail/shm/broadcast_memory.hpp
//
// The value of a broadcast<T>, without its type: bytes in shared memory, and in each process that has asked
// for it the object that was made of them.
#pragma once

#include <quartet/detail/shm/shared_memory.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace quartet::inline v0::detail {

/// What a view consists of. The mark tells it from other bytes.
struct broadcast_name {
    static constexpr std::uint64_t own_mark = 0xb6a3'90d7'5ce1'f28b;

    std::uint64_t mark = 0;  ///< own_mark but for a view of nothing
    shared_memory_name memory{};
};

/// The memory of a broadcast in the process that made it. What has begun with views of it keeps it too
/// (broadcasts_in).
class broadcast_memory {
public:
    /// Throws as shared_memory does.
    explicit broadcast_memory(std::size_t bytes);
    ~broadcast_memory();
    broadcast_memory(broadcast_memory const&) = delete;
    broadcast_memory& operator=(broadcast_memory const&) = delete;

    /// The object whose bytes these are, for who asks in this process or in children that it forks.
    void hold(std::shared_ptr<void const> object);

    broadcast_name name() const noexcept { return {broadcast_name::own_mark, memory_.name()}; }
    std::uint64_t id() const noexcept { return memory_.name().id; }
    std::span<std::byte> bytes() const noexcept {
        return {static_cast<std::byte*>(memory_.data()), memory_.name().bytes};
    }

private:
    shared_memory memory_;
    std::shared_ptr<void const> object_;
};

using broadcast_list = std::vector<std::shared_ptr<broadcast_memory const>>;

/// Makes the memory, so that broadcasts_in() finds it.
std::shared_ptr<broadcast_memory> make_broadcast_memory(std::size_t bytes);

/// Whether there may be a broadcast of this process. Any thread.
bool has_broadcasts() noexcept;

/// The broadcasts of this process of which a view is among these bytes, at whatever place. Costs next to
/// nothing where there is no broadcast. Any thread.
broadcast_list broadcasts_in(std::span<std::byte const> bytes);

/// Where the bytes are in this process. Throws as find_shared_memory() does.
inline void const* find_broadcast_bytes(broadcast_name const& name) {
    return find_shared_memory(name.memory, memory_use::broadcast);
}

/// Makes the object of its bytes. May throw.
using broadcast_decoder = std::shared_ptr<void const> (*)(std::span<std::byte const> bytes);

/// The object in this process, which is made when somebody first asks; who asks meanwhile waits. Throws what
/// the decoder throws, and is made anew then when somebody asks again; throws as find_shared_memory() does.
/// Any thread.
void const* find_broadcast_object(broadcast_name const& name, broadcast_decoder decode);

}  // namespace quartet::inline v0::detail
