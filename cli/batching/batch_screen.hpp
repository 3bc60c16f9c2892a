// cli/batching/batch_screen.hpp
//
// What the user sees of a batch while it runs: the jobs' outputs, and a line of progress on a terminal.
#pragma once

#include "batch/run/batch_run.hpp"
#include "cli/terminal/interrupt.hpp"
#include "cli/terminal/status_line.hpp"

namespace quartet::cli {

class batch_screen final : public batch::batch_observer {
public:
    batch_screen(bool shows_progress, interrupt const& stop) : line_(shows_progress), stop_(stop) {}

    bool output(std::string_view piece, bool errors) override;
    void progressed(batch::batch_status const& status) override;
    void note(std::string_view text) override;
    int signal_descriptor() const override { return stop_.descriptor(); }
    int signal() override { return stop_.signal(); }

    /// Removes the line of progress.
    void clear() { line_.clear(); }

private:
    status_line line_;
    interrupt const& stop_;
};

}  // namespace quartet::cli
