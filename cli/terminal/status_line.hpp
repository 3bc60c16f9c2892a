// cli/terminal/status_line.hpp
//
// One line on standard error that is rewritten as work goes on: on a terminal, and nowhere else.
#pragma once

#include "cli/terminal/terminal.hpp"

#include <string>

namespace quartet::cli {

class status_line {
public:
    explicit status_line(bool wanted) : screen_(terminal::of(2)), shown_(wanted && screen_.is_terminal) {}
    ~status_line() { clear(); }
    status_line(status_line const&) = delete;
    status_line& operator=(status_line const&) = delete;

    /// Replaces the line; cut to the width.
    void show(std::string text);

    /// Removes the line, if there is one.
    void clear();

private:
    terminal screen_;
    bool shown_;
    bool there_is_one_ = false;
};

}  // namespace quartet::cli
