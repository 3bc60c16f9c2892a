// cli/views/batch_view.hpp
//
// A batch in words: while it runs in one line, and at its end. Pure functions.
#pragma once

#include "batch/run/batch_summary.hpp"
#include "cli/terminal/terminal.hpp"

#include <string>

namespace quartet::cli {

/// "412 of 1000 done, 3 failed, 8 run   24.1/s   24 s left, give or take 2 s   slowest 3.1 s: gzip a.log".
std::string format_status(batch::batch_status const& status);

/// Several lines: what became of the jobs, how long they took, those that failed and why.
std::string format_summary(batch::batch_summary const& summary, terminal const& screen);

/// Only those that failed.
std::string format_failures(batch::batch_summary const& summary, terminal const& screen);

}  // namespace quartet::cli
