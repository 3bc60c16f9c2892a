// cli/launching/cluster_job.hpp
//
// A launcher that runs, until the program has ended on rank 0 and nothing is left of it here.
#pragma once

#include "cli/launching/launch_line.hpp"
#include "cli/launching/launcher.hpp"
#include "cli/terminal/interrupt.hpp"

#include <string>
#include <vector>

namespace quartet::cli {

struct job_end {
    int code = 0;                        ///< rank 0's exit code as a shell gives it, or one of failure
    std::vector<std::string> remarks{};  ///< sentences about what went wrong
};

/// Runs the line, whose ranks tell of themselves by `mark`. Standard output is the launcher's; its standard
/// error is shown but for what the ranks tell.
///
/// The first signal of `signals` becomes SIGINT of the program on rank 0, if that has begun; at the second
/// everything is ended. So it is when a rank lacks the program, when a host can't be reached, and when the
/// launcher has not ended five seconds after rank 0: by SIGTERM to the launcher, after three seconds by
/// SIGTERM to all, and after one more by SIGKILL.
job_end run_job(launcher const& by, launch_line const& line, std::vector<cluster_host> const& hosts,
                std::string const& mark, interrupt const& signals);

}  // namespace quartet::cli
