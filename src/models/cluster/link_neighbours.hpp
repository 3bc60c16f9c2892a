// src/models/cluster/link_neighbours.hpp
//
// Bells between the link processes of one machine, whose messages go through shared memory, where nobody can
// wait for them: a datagram socket each, under a name that the others know.
#pragma once

#include "src/base/descriptor.hpp"
#include "src/models/cluster/mpi_table.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace quartet::inline v0::detail {

class link_neighbours {
public:
    /// All ranks do it at the same time. Throws std::system_error, std::runtime_error.
    link_neighbours(quartet_mpi_table const& mpi, std::size_t rank, std::size_t size);

    /// Readable when another has rung.
    int bell() const noexcept { return bell_.get(); }

    /// Wakes a rank, if it is on this machine.
    void ring(std::size_t rank) noexcept;

private:
    descriptor bell_;
    std::vector<std::uint64_t> keys_;
    std::vector<std::uint8_t> elsewhere_;
};

}  // namespace quartet::inline v0::detail
