// src/models/cluster/launch.hpp
//
// How this process was started: as one of the ranks of a cluster, or not.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>

namespace quartet::inline v0::detail {

enum class mpi_flavour { openmpi, mpich };

/// "openmpi", as in names of files and packages.
char const* name_of(mpi_flavour flavour) noexcept;

struct launch {
    mpi_flavour flavour;
    std::string launcher;  ///< "mpirun", "srun", …: for sentences
    std::size_t rank;
    std::size_t size;
    int descriptor = -1;  ///< of the launcher's, by which it knows that this process lives
};

/// A variable of the environment, or null.
using environment_reader = std::function<char const*(char const*)>;
environment_reader own_environment();

/// Nothing if no launcher started this process as a rank. $QUARTET_MPI chooses the MPI where the launcher
/// leaves it open. Throws std::invalid_argument if it names none, and std::runtime_error if srun was not told
/// to offer an MPI.
std::optional<launch> how_launched(environment_reader const& variable = own_environment());

/// MPICH's launcher tells all ranks of one that has died by SIGUSR1, sent to their process groups, whose
/// usual effect would end them too: the others are to go on. Ignored from here on, unless the program has a
/// handler; so it is in what this process forks, and in commands that it runs.
void ignore_word_of_dead_ranks() noexcept;

/// Takes what the launcher set out of this process's environment: the commands that it runs are no ranks.
/// Before there is a second thread.
void forget_launch() noexcept;

}  // namespace quartet::inline v0::detail
