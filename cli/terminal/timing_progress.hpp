// cli/terminal/timing_progress.hpp
//
// What standard error shows while command lines are measured.
#pragma once

#include "cli/terminal/status_line.hpp"
#include "measure/commands/command_session.hpp"

#include <chrono>
#include <functional>
#include <utility>

namespace quartet::cli {

class timing_progress final : public measure::command_observer {
public:
    /// `keep` is called from time to time with the results so far.
    using keeper = std::function<void(measure::command_session_results const&)>;

    timing_progress(bool shown, keeper keep) : line_(shown), keep_(std::move(keep)) {}

    void run_begins(measure::run_announcement const& run) override;
    void progressed(measure::command_session_results const& so_far) override { keep_(so_far); }

    /// Removes the line.
    void clear() { line_.clear(); }

private:
    status_line line_;
    keeper keep_;
    std::chrono::steady_clock::time_point next_{};
};

}  // namespace quartet::cli
