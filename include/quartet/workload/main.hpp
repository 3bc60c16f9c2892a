// include/quartet/workload/main.hpp
//
// The command line of a program with workloads.
#pragma once

#include <quartet/cluster.hpp>

namespace quartet::inline v0 {

/// The command line of `quartet` for the workloads of this program: the exit code for main(). In
/// quartet::main.
int command_line(int argc, char** argv);

}  // namespace quartet::inline v0

#define QUARTET_MAIN()                            \
    int main(int argc, char** argv) {             \
        quartet::cluster_main(argc, argv);        \
        return quartet::command_line(argc, argv); \
    }
