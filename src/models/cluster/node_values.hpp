// src/models/cluster/node_values.hpp
//
// Where a node keeps the values of broadcasts that the root sends it: in shared memory, in which its workers
// find them by their ids (src/shm/memory_directory.hpp), also those that are older.
#pragma once

#include "src/models/cluster/messages.hpp"

#include <quartet/detail/shm/shared_memory.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>

namespace quartet::inline v0::detail {

/// For one thread.
class value_store {
public:
    value_store() = default;
    value_store(value_store const&) = delete;
    value_store& operator=(value_store const&) = delete;
    virtual ~value_store() = default;

    /// The next part of a value; bodies may ask for it when all have come. Throws std::runtime_error if the
    /// part is not the next one. A value for which there is no room is refused to who asks for it.
    virtual void take_part(value_message const& about, std::span<std::byte const> part) = 0;

    virtual void drop(std::uint64_t id) noexcept = 0;
    virtual void drop_all() noexcept = 0;
};

/// In this process's shared memory. Its workers find what was published after they were forked if the
/// directory was opened before.
class node_values final : public value_store {
public:
    /// Opens the directory. Throws std::system_error.
    node_values();
    ~node_values() override { drop_all(); }

    void take_part(value_message const& about, std::span<std::byte const> part) override;
    void drop(std::uint64_t id) noexcept override;
    void drop_all() noexcept override;

private:
    struct kept_value {
        std::optional<shared_memory> memory;  // nothing if it was refused
        std::size_t bytes = 0;
        std::size_t come = 0;
    };
    kept_value begin(value_message const& about);

    std::map<std::uint64_t, kept_value> values_;
};

}  // namespace quartet::inline v0::detail
