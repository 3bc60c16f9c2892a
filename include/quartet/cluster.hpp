// include/quartet/cluster.hpp
//
// A program on several machines. It calls cluster_main() first in main(), and is started once on each
// machine, by `quartet cluster`, mpirun or srun:
//
//     int main(int argc, char** argv) {
//         quartet::cluster_main(argc, argv);
//         auto executor = quartet::make_executor("cluster");
//         for (double each : executor.map(simulate, seeds)) …
//     }
//
// The program on the first machine, the root, goes on; on the others it serves the root within cluster_main()
// and ends there. Bodies run on all of them, that of the root too. docs/cluster.md has the rest.
#pragma once

#include <chrono>

namespace quartet::inline v0 {

struct cluster_options {
    /// After so long a silence a machine is taken for lost: its tasks fail or run elsewhere, and it ends if
    /// it comes back. Above zero. The environment variable QUARTET_SILENCE, in seconds, goes before.
    std::chrono::nanoseconds silence = std::chrono::seconds(10);
};

/// Joins the cluster that this program was started in; without one it does nothing, and costs nothing.
///
/// On the root it returns, and on the other machines it does not: they serve until the root has ended or is
/// lost, and exit. Call it once, before there are threads, and before what bodies need differs between the
/// machines: on the others `main` comes no further, so what they are to have as well (an environment, opened
/// files, global variables) has to be there before.
///
/// Forks a process that talks to the other machines, and loads MPI there. If that fails, the program goes on
/// alone, and make_executor("cluster") says why. Under MPICH, whose launcher tells of a dead rank by SIGUSR1,
/// that is ignored from here on, in workers and commands too, unless the program has a handler. Throws
/// std::invalid_argument for a silence that is not above zero, std::system_error if the system refuses.
void cluster_main(int argc, char** argv, cluster_options const& options = {});

}  // namespace quartet::inline v0
