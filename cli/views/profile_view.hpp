// cli/views/profile_view.hpp
//
// How the time of a program goes, as text. Pure function.
#pragma once

#include "cli/terminal/terminal.hpp"
#include "measure/probes/profiler.hpp"

#include <cstddef>
#include <string>

namespace quartet::cli {

/// `cpus`: that may be used.
std::string format_profile(measure::program_profile const& of, std::size_t cpus, terminal const& where);

}  // namespace quartet::cli
