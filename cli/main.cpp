// The quartet program: the command line, with the workloads that it is linked with.

#include <quartet/workload/main.hpp>

QUARTET_MAIN()
