#include "src/models/cluster/link_memory.hpp"

#include "src/shm/machine_heap.hpp"
#include "src/shm/shared_pages.hpp"

#include <cerrno>
#include <new>
#include <system_error>

namespace quartet::inline v0::detail {

namespace {

/// Of messages; given back when there have been none for a while (link_loop.cpp). New pages cost several
/// times as much as the copying into them.
constexpr std::size_t kept_for_messages = std::size_t{512} << 20;

}  // namespace

link_memory::link_memory() : heap_(machine_heap("the ranks of a cluster", kept_for_messages)) {
    std::byte* const pages = reserve_pages(sizeof(link_state));
    if (!back_pages(pages, sizeof(link_state))) {
        release_pages(pages, sizeof(link_state));
        throw std::system_error(ENOMEM, std::generic_category(), "quartet: cannot have shared memory");
    }
    state_ = ::new (pages) link_state;
}

link_memory::~link_memory() {
    release_pages(reinterpret_cast<std::byte*>(state_), sizeof(link_state));
}

}  // namespace quartet::inline v0::detail
