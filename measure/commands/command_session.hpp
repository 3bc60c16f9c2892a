// measure/commands/command_session.hpp
//
// Measures command lines against each other: in each round every line runs once, in an order that differs
// from round to round (round_order.hpp), and the figures of all rounds make a results document like that of
// workloads. Prints nothing; an observer hears what goes on. For one thread; forks, so the caller should have
// no others.
#pragma once

#include "measure/commands/exit_codes.hpp"
#include "measure/commands/parameters.hpp"
#include "measure/commands/starter.hpp"
#include "measure/results/results.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace quartet::measure {

/// What the workload of command lines is called in results.
inline constexpr std::string_view timed_workload = "time";

/// A command line to be measured. Commands are numbers of command_session_options::commands.
struct timed_row {
    std::string name;
    std::string line;          ///< as one would type it
    line_values parameters{};  ///< that were filled in
    std::size_t command = 0;
    bool through_shell = false;
    std::optional<std::size_t> setup{};     ///< once, before its first run
    std::optional<std::size_t> prepare{};   ///< before each run
    std::optional<std::size_t> conclude{};  ///< after each run
    std::optional<std::size_t> cleanup{};   ///< once, after its last run
};

/// A run that is about to begin.
struct run_announcement {
    timed_row const& row;
    std::string_view doing;  ///< "", or "setup", "prepare", "conclude", "cleanup"
    std::size_t round;       ///< from 1; 0 for a warm-up
    std::size_t rounds;      ///< 0: not known yet
    std::optional<std::chrono::duration<double>> left;
};

struct command_session_results {
    std::vector<measurement> measurements;  ///< one a row, in their order
    measure::conditions conditions;
    std::size_t rounds = 0;     ///< that there were to be
    bool counted = false;       ///< the processor counted instructions and the like
    std::string failure{};      ///< what ended the run too early, in a sentence; empty if nothing did
    bool start_failed = false;  ///< it was that a command could not be started
};

class command_observer {
public:
    virtual ~command_observer() = default;
    virtual void run_begins(run_announcement const&) {}
    /// After a round, but no more than once in five seconds.
    virtual void progressed(command_session_results const&) {}
};

struct command_session_options {
    std::vector<word_list> commands{};
    start_options starting{};
    std::optional<std::size_t> empty_shell{};  ///< the command that starts the shell for nothing

    std::optional<std::size_t> rounds{};  ///< that count, at the most; none: as below
    std::size_t least_rounds = 10;        ///< and as many more as fit into `time_per_row`
    std::size_t most_rounds = 1000;
    bool fewest_to_tell = true;  ///< no fewer than it takes to tell so many rows apart
    std::chrono::duration<double> time_per_row = std::chrono::seconds(3);
    std::optional<double> precision{};  ///< as stopping_plan has it
    std::optional<std::chrono::duration<double>> budget{};
    std::size_t warmup = 1;
    std::uint64_t seed = 0;

    exit_code_set accepted{};
    std::optional<std::chrono::duration<double>> limit{};  ///< of a run; a row that takes longer is given up
    bool in_turn = false;  ///< one row after another, instead of rounds of all
    int stop_descriptor = -1;
    /// Called when the descriptor was readable: takes the signal, so that a second one is seen. What has to
    /// come after (cleanup) still runs, until then.
    std::function<void()> take_stop = [] {};
};

/// How many rounds to make if one takes so long: as many as fit into the time, but at least `least` and at
/// most `most`; if these let it, a multiple of what balances the order of so many rows. Pure.
std::size_t rounds_in(double seconds, double round_seconds, std::size_t least, std::size_t most,
                      std::size_t rows);

/// A command that fails ends the session, unless its exit code is accepted: see `failure`. Ctrl-C ends it as
/// well: conditions.stopped_by says "interrupt". Rows whose `setup` ran get their `cleanup` in any case.
/// Throws std::system_error.
command_session_results run_command_session(std::vector<timed_row> const& rows,
                                            command_session_options const& options,
                                            command_observer& observer);

}  // namespace quartet::measure
