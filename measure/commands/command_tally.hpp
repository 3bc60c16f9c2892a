// measure/commands/command_tally.hpp
//
// Adds up the runs of one command line, and makes its measurement of them. For one thread.
#pragma once

#include "measure/commands/command_session.hpp"
#include "measure/commands/starter.hpp"
#include "measure/results/results.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace quartet::measure {

/// What a shell takes to start and end, by its runs for nothing.
class shell_cost {
public:
    void add(trial_figures const& run) { runs_.push_back(run); }
    bool known() const noexcept { return !runs_.empty(); }
    double wall_seconds() const { return middle(&trial_figures::wall_seconds); }
    double user_seconds() const { return middle(&trial_figures::cpu_user_seconds); }
    double system_seconds() const { return middle(&trial_figures::cpu_system_seconds); }

private:
    double middle(double trial_figures::*figure) const;

    std::vector<trial_figures> runs_;
};

class command_tally {
public:
    explicit command_tally(timed_row const& row) : row_(row) {}

    /// A run that has not failed; its figures are complete.
    void add(command_end const& end, trial_figures const& figures);

    /// Why there are no more runs of this row. The first stays.
    void give_up(std::string why);

    bool given_up() const noexcept { return !trouble_.empty(); }

    /// `rows`: how many the session has. The start of the shell is taken off if the row has one.
    measurement make(std::size_t rows, shell_cost const& shell) const;

private:
    void set_memory(measurement& to) const;
    void take_off(measurement& from, shell_cost const& shell) const;
    void add_warnings(measurement& to) const;

    timed_row const& row_;
    std::vector<trial_figures> trials_;  // with the shell's start
    std::vector<std::string> methods_;
    std::string trouble_;
    std::string left_name_;
    std::size_t left_in_ = 0;      // runs
    std::size_t other_codes_ = 0;  // runs that ended otherwise than with 0
    std::string other_end_;
};

}  // namespace quartet::measure
