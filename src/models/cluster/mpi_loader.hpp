// src/models/cluster/mpi_loader.hpp
//
// Finds and loads the plug-in for an MPI.
#pragma once

#include "src/models/cluster/launch.hpp"
#include "src/models/cluster/mpi_table.hpp"

#include <string>

namespace quartet::inline v0::detail {

/// The plug-in's file: $QUARTET_MPI_PLUGIN, or the one beside this program, where quartet was built, or where
/// it was installed. Throws std::runtime_error that says what to install.
std::string find_mpi_plugin(mpi_flavour flavour, environment_reader const& variable = own_environment());

/// Loads it, and the MPI that it needs, for as long as this process lives. Throws std::runtime_error.
quartet_mpi_table const& load_mpi_plugin(std::string const& path, mpi_flavour flavour);

}  // namespace quartet::inline v0::detail
