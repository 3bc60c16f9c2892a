#include "src/models/cluster/link_memory.hpp"

#include "src/shm/machine_heap.hpp"
#include "src/shm/shared_pages.hpp"

#include <cerrno>
#include <new>
#include <system_error>

namespace quartet::inline v0::detail {

link_memory::link_memory() : heap_(machine_heap("the ranks of a cluster")) {
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
