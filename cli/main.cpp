// The quartet program: the command line, with the workloads that it is linked with.

#include <quartet/workload/workload.hpp>

QUARTET_MAIN()
