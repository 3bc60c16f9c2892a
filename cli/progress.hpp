// cli/progress.hpp
//
// What standard error shows while a session runs: one line that is rewritten on a terminal, nothing when it
// goes elsewhere or when log lines do.
#pragma once

#include "cli/terminal.hpp"
#include "measure/session.hpp"

#include <functional>
#include <utility>

namespace quartet::cli {

class progress final : public measure::session_observer {
public:
    /// `keep` is given what there is from time to time, so that a run which is cut short leaves it.
    using keeper = std::function<void(measure::session_results const&)>;

    explicit progress(bool shown, keeper keep = {})
        : screen_(terminal::of(2)), shown_(shown && screen_.is_terminal), keep_(std::move(keep)) {}
    ~progress() override { clear(); }

    void trial_begins(measure::trial_announcement const& trial) override;
    void progressed(measure::session_results const& so_far) override {
        if (keep_) keep_(so_far);
    }

    /// Takes the line away, if there is one.
    void clear();

private:
    terminal screen_;
    bool shown_;
    bool there_is_a_line_ = false;
    keeper keep_;
};

}  // namespace quartet::cli
