// src/models/cluster/installed_mpi.hpp
//
// Which MPIs this machine has, and whether quartet's plug-ins for them are there.
#pragma once

#include "src/models/cluster/launch.hpp"

#include <string>
#include <vector>

namespace quartet::inline v0::detail {

struct installed_mpi {
    mpi_flavour flavour;
    std::string plugin{};   ///< its file; empty if there is none, which may be as it should
    std::string about{};    ///< the MPI's name and version, in one line; empty if it can't be loaded
    std::string refused{};  ///< then: why, in a sentence
};

/// Open MPI, then MPICH; or the one that $QUARTET_MPI_PLUGIN names. Loads each in a child of its own, since
/// two don't bear each other: some 20 ms. For a process that may fork. Throws std::system_error if the system
/// refuses.
std::vector<installed_mpi> look_for_mpis();

}  // namespace quartet::inline v0::detail
