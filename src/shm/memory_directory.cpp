// A table in pages that are shared with all children. An entry is written before its id, which makes it
// valid, and is withdrawn by clearing the id. Who reads one while it is written anew for another id sees the
// id change, or gets a name whose memory has another id, which find_shared_memory() sees.
#include "src/shm/memory_directory.hpp"

#include "src/shm/shared_pages.hpp"

#include <algorithm>
#include <atomic>
#include <new>
#include <span>

namespace quartet::inline v0::detail {
namespace {

struct directory_entry {
    std::atomic<std::uint64_t> id;  ///< 0: free
    std::atomic<std::size_t> bytes;
    std::atomic<pid_t> owner;
    std::atomic<int> descriptor;
};

constexpr std::size_t most_entries = 65'536;

struct directory {
    std::atomic<std::size_t> used;  ///< no entry behind this many was ever used
    directory_entry entries[most_entries];
};

/// Inherited by children; never destroyed.
std::atomic<directory*>& opened() noexcept {
    static std::atomic<directory*> ours{nullptr};
    return ours;
}

std::span<directory_entry> used_entries(directory& of) noexcept {
    return std::span(of.entries).first(of.used.load(std::memory_order_acquire));
}

directory_entry* find_entry(directory& in, std::uint64_t id) noexcept {
    auto const used = used_entries(in);
    auto const found = std::ranges::find_if(
        used, [id](auto const& each) { return each.id.load(std::memory_order_acquire) == id; });
    return found == used.end() ? nullptr : &*found;
}

}  // namespace

void open_memory_directory() {
    if (opened().load()) return;
    std::byte* const pages = reserve_pages(sizeof(directory));
    if (!back_pages(pages, sizeof(directory::used))) throw std::bad_alloc();
    opened().store(reinterpret_cast<directory*>(pages));
}

void publish_memory(shared_memory_name const& name) noexcept {
    directory* const all = opened().load();
    if (!all) return;
    directory_entry* entry = find_entry(*all, 0);
    if (!entry) {
        std::size_t const used = all->used.load();
        if (used == most_entries) return;
        entry = &all->entries[used];
        if (!back_pages(reinterpret_cast<std::byte*>(entry), sizeof *entry)) return;
        all->used.store(used + 1, std::memory_order_release);
    }
    entry->bytes.store(name.bytes, std::memory_order_relaxed);
    entry->owner.store(name.owner, std::memory_order_relaxed);
    entry->descriptor.store(name.descriptor, std::memory_order_relaxed);
    entry->id.store(name.id, std::memory_order_release);
}

void withdraw_memory(std::uint64_t id) noexcept {
    directory* const all = opened().load();
    if (!all) return;
    if (auto* const entry = find_entry(*all, id)) entry->id.store(0, std::memory_order_release);
}

shared_memory_name refused_memory(std::uint64_t id, std::size_t bytes) noexcept {
    return {.id = id, .bytes = bytes, .owner = 0, .descriptor = -1};
}

bool is_refused(shared_memory_name const& name) noexcept {
    return name.descriptor == -1;
}

std::optional<shared_memory_name> find_published(std::uint64_t id) noexcept {
    directory* const all = opened().load();
    if (!all || id == 0) return {};
    auto const* const entry = find_entry(*all, id);
    if (!entry) return {};
    shared_memory_name const name{.id = id,
                                  .bytes = entry->bytes.load(std::memory_order_relaxed),
                                  .owner = entry->owner.load(std::memory_order_relaxed),
                                  .descriptor = entry->descriptor.load(std::memory_order_relaxed)};
    std::atomic_thread_fence(std::memory_order_acquire);
    if (entry->id.load(std::memory_order_relaxed) != id) return {};
    return name;
}

}  // namespace quartet::inline v0::detail
