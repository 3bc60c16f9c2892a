#include "src/models/cluster/node_values.hpp"

#include "src/shm/memory_directory.hpp"

#include <cstring>
#include <new>
#include <stdexcept>
#include <system_error>

namespace quartet::inline v0::detail {

node_values::node_values() {
    open_memory_directory();
}

node_values::kept_value node_values::begin(value_message const& about) {
    kept_value begun{.memory = {}, .bytes = about.bytes};
    try {
        begun.memory.emplace(about.bytes, memory_use::broadcast, about.id);
    } catch (std::bad_alloc const&) {
        // It is published as one that is refused.
    } catch (std::system_error const&) {
        // Likewise.
    }
    return begun;
}

void node_values::take_part(value_message const& about, std::span<std::byte const> part) {
    auto found = values_.find(about.id);
    if (found == values_.end()) found = values_.emplace(about.id, begin(about)).first;
    kept_value& value = found->second;
    if (about.first != value.come || about.bytes != value.bytes || part.size() > value.bytes - value.come)
        throw std::runtime_error("a part of a value that does not follow the last one");
    if (value.memory && !part.empty())
        std::memcpy(static_cast<std::byte*>(value.memory->data()) + value.come, part.data(), part.size());
    value.come += part.size();
    if (value.come < value.bytes) return;
    publish_memory(value.memory ? value.memory->name()
                                : refused_memory(about.id, static_cast<std::size_t>(about.bytes)));
}

void node_values::drop(std::uint64_t id) noexcept {
    withdraw_memory(id);
    values_.erase(id);
}

void node_values::drop_all() noexcept {
    for (auto const& [id, value] : values_)
        withdraw_memory(id);
    values_.clear();
}

}  // namespace quartet::inline v0::detail
