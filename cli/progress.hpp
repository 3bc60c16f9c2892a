// cli/progress.hpp
//
// What standard error shows while a session runs: one line that is rewritten on a terminal, nothing when it
// goes elsewhere or when log lines do.
#pragma once

#include "cli/terminal.hpp"
#include "measure/session.hpp"

namespace quartet::cli {

class progress final : public measure::session_observer {
public:
    explicit progress(bool shown) : screen_(terminal::of(2)), shown_(shown && screen_.is_terminal) {}
    ~progress() override { clear(); }

    void trial_begins(measure::configuration const& which, std::size_t number, std::size_t of,
                      std::optional<std::chrono::duration<double>> left) override;

    /// Takes the line away.
    void clear() const;

private:
    terminal screen_;
    bool shown_;
};

}  // namespace quartet::cli
