// cli/launching/launcher.hpp
//
// Which program starts the ranks of a cluster here, and on which machines it may.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace quartet::cli {

enum class launcher_kind {
    open_mpi,  ///< mpirun of Open MPI
    hydra,     ///< mpirun of MPICH and its kin: MVAPICH, Intel MPI
    srun,      ///< of Slurm
};

struct launcher {
    launcher_kind kind = launcher_kind::open_mpi;
    std::string program{};   ///< "mpirun.mpich", as it was found or given
    std::string mpi_type{};  ///< of srun: what stands behind --mpi=; empty: what Slurm is configured for
};

/// Machines that a scheduler has given to this process.
struct allocation {
    bool of_slurm = false;
    std::string name{};          ///< "Slurm job 17", "a PBS job"
    std::optional<int> nodes{};  ///< how many, if it says
};

/// By the environment; nothing outside of a job.
std::optional<allocation> current_allocation();

/// `wanted` is "auto" or a program. "auto" takes srun within a job of Slurm, and mpirun otherwise. Throws
/// usage_error if there is none, or if it is none that is known. Runs it once or twice, to hear what it is.
launcher find_launcher(std::string const& wanted, std::optional<allocation> const& given);

struct installed_launcher {
    std::string program;  ///< "mpirun.mpich"
    std::string version;  ///< "4.0.2"; empty if it does not say
};

/// All that are here under their usual names; one that goes by several is told once. Runs each once.
std::vector<installed_launcher> installed_launchers();

}  // namespace quartet::cli
