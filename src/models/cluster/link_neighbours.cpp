#include "src/models/cluster/link_neighbours.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <stdexcept>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <system_error>

namespace quartet::inline v0::detail {
namespace {

struct bell_name {
    sockaddr_un address;
    socklen_t length;
};

/// In the abstract namespace: no file is left of it.
bell_name name_of_bell(std::uint64_t key) {
    bell_name name{};
    name.address.sun_family = AF_UNIX;
    auto const text = fmt::format("quartet-link-{:016x}", key);
    text.copy(name.address.sun_path + 1, sizeof name.address.sun_path - 1);
    name.length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + text.size());
    return name;
}

std::uint64_t random_key() {
    std::uint64_t key = 0;
    while (getrandom(&key, sizeof key, 0) < 0 && errno == EINTR) {
    }
    return key;
}

}  // namespace

link_neighbours::link_neighbours(quartet_mpi_table const& mpi, std::size_t rank, std::size_t size)
    : bell_(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)), keys_(size), elsewhere_(size) {
    std::uint64_t const own = random_key();
    auto const name = name_of_bell(own);
    if (bell_.get() < 0 ||
        bind(bell_.get(), reinterpret_cast<sockaddr const*>(&name.address), name.length) != 0)
        throw std::system_error(errno, std::generic_category(), "quartet: cannot make a socket");
    // Whoever has all keys knows that all have their bells.
    if (int const error = mpi.gather(&own, sizeof own, keys_.data()); error != 0) {
        std::array<char, 256> said{};
        mpi.describe(error, said.data(), said.size());
        throw std::runtime_error(fmt::format("quartet: MPI can't reach all ranks: {}", said.data()));
    }
    elsewhere_[rank] = 1;
}

void link_neighbours::ring(std::size_t rank) noexcept {
    if (elsewhere_[rank] != 0) return;
    auto const name = name_of_bell(keys_[rank]);
    // One that has many rings unheard is awake.
    if (sendto(bell_.get(), "", 1, MSG_DONTWAIT | MSG_NOSIGNAL,
               reinterpret_cast<sockaddr const*>(&name.address), name.length) < 0 &&
        errno == ECONNREFUSED)
        elsewhere_[rank] = 1;
}

}  // namespace quartet::inline v0::detail
