// cli/launching/unreached.hpp
//
// Why hosts did not begin a program: asked of each of them by the remote shell that the launcher uses.
#pragma once

#include "cli/launching/launcher.hpp"

#include <string>
#include <vector>

namespace quartet::cli {

/// For each that can't be reached a sentence with what the remote shell says, in the order given: "qc can't
/// be reached: ssh: connect to host qc port 22: No route to host". All are asked at the same time, for twenty
/// seconds at most. Of hosts of Slurm, which is not reached by a shell, none.
std::vector<std::string> why_unreached(launcher const& by, std::vector<std::string> const& hosts);

}  // namespace quartet::cli
