// include/quartet/command.hpp
//
// What context::run takes and gives: a program to run, and what became of it. Plain values.
#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace quartet::inline v0 {

/// A program to run. It gets these three standard streams and no other open file of this process, signals
/// with their usual effects (but SIGHUP, SIGQUIT, SIGUSR1 and SIGUSR2 stay ignored where this process ignores
/// them), and belongs to this process's group, so a terminal's Ctrl-C reaches it too, unless it has a session
/// of its own.
struct command {
    command() = default;  // so not an aggregate; the reason stands at http_request

    /// The program and its arguments; a name without a slash is looked for in this process's PATH.
    std::vector<std::string> arguments{};
    std::string input{};                ///< what it finds at its standard input
    std::filesystem::path directory{};  ///< where it runs; empty: where this process is
    /// Set for it, beside what this process's environment has.
    std::vector<std::pair<std::string, std::string>> environment{};
    bool join_errors = false;  ///< standard error goes where standard output goes, in order
    /// It has a session of its own: a terminal's Ctrl-C does not reach it, and it has no terminal to ask for
    /// a password at. When it is ended, so is all of its process group, daemons too.
    bool own_session = false;
    /// After this long it is ended, as by a stop, and the result says so. Zero: no limit.
    std::chrono::milliseconds timeout{0};
    /// So much it may write, to standard output and standard error together. At one byte more it is ended,
    /// as by a stop, and the result says so; what it wrote up to there is kept.
    std::size_t most_bytes = std::size_t{1} << 28;
    /// Gets its standard output, or standard error, piece by piece as it comes; the result then has none, so
    /// that a long one costs no memory. Called before run() gives the result, where the body runs: on an
    /// event loop it must not block. What it throws kills the command and comes out of run().
    std::function<void(std::string_view piece)> on_output{};
    std::function<void(std::string_view piece)> on_errors{};

    /// command::program("gzip", "-kc", path)
    template <std::convertible_to<std::string>... Words>
    static command program(Words&&... words) {
        command made;
        (made.arguments.emplace_back(std::forward<Words>(words)), ...);
        return made;
    }

    /// A line for /bin/sh: pipes, redirections, several commands. See shell_quote().
    static command shell(std::string line);
};

/// What became of a program that was started.
struct command_result {
    int exit_code = 0;       ///< of one that ended by itself
    int signal = 0;          ///< the signal that ended it, or 0
    bool timed_out = false;  ///< it took longer than command::timeout
    bool too_long = false;   ///< it wrote more than command::most_bytes
    /// False: how it ended is not known, for another part of the program has waited for it: one that waits
    /// for any child, or has made SIGCHLD ignored while it ran.
    bool end_known = true;
    std::size_t written = 0;  ///< bytes of both streams that were read, kept or not
    /// Processor time of its process and of those that it has waited for; zero if a helper process waited
    /// for it (docs/failures.md).
    std::chrono::microseconds user_time{0};
    std::chrono::microseconds system_time{0};
    /// The largest resident set of any of them (getrusage(2), ru_maxrss). The system counts that of the
    /// process that started it, this one, as well.
    std::size_t peak_bytes = 0;
    std::string output{};  ///< all of its standard output
    std::string errors{};  ///< all of its standard error

    /// It ended by itself, in time, within its bounds and with exit code 0.
    bool ok() const noexcept { return exit_code == 0 && signal == 0 && !timed_out && !too_long && end_known; }

    /// "exited with code 3", "was killed by SIGSEGV (Segmentation fault)", "took too long and was ended",
    /// "wrote more than 1000 bytes and was ended".
    std::string describe() const;

    /// Throws command_error unless ok().
    void check() const;

    /// So that a body may return it from another process.
    template <class Archive>
    void serialize(Archive& archive) {
        archive(exit_code, signal, timed_out, too_long, end_known, written, user_time, system_time,
                peak_bytes, output, errors);
    }
};

/// A program that ran and failed. The text holds describe() and the first line of its standard error,
/// of a long one the beginning.
class command_error : public std::runtime_error {
public:
    explicit command_error(command_result result);
    command_result const& result() const noexcept { return result_; }

private:
    command_result result_;
};

/// `text` as one word for the shell, whatever is in it.
std::string shell_quote(std::string_view text);

}  // namespace quartet::inline v0
