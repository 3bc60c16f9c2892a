// cli/terminal/progress.hpp
//
// What standard error shows while a session runs.
#pragma once

#include "cli/terminal/status_line.hpp"
#include "measure/trial/session.hpp"

#include <functional>
#include <utility>

namespace quartet::cli {

class progress final : public measure::session_observer {
public:
    /// `keep` is called from time to time with the results so far, so that an interrupted run leaves them.
    using keeper = std::function<void(measure::session_results const&)>;

    explicit progress(bool shown, keeper keep = {}) : line_(shown), keep_(std::move(keep)) {}

    void trial_begins(measure::trial_announcement const& trial) override;
    void progressed(measure::session_results const& so_far) override {
        if (keep_) keep_(so_far);
    }

    /// Removes the line.
    void clear() { line_.clear(); }

private:
    status_line line_;
    keeper keep_;
};

}  // namespace quartet::cli
