// measure/commands/starter.hpp
//
// Starts commands and measures them, one after another.
//
// A process of its own does it, forked once all commands are known. It has little memory: the kernel counts
// as a command's peak also what the process had that started it. It does nothing but start and wait, so
// nothing comes between the clock and the command. And it adopts what a command leaves behind, so that this
// can be told.
//
// The time is taken from just before vfork() to the return of wait4(). Files are opened and the program is
// looked up before. Each command leads a process group, and its environment has two variables more:
// QUARTET_ROUND, and QUARTET_PADDING, whose random length moves the stack, so that a command is not always
// measured with the one alignment that this shell's environment happens to give it [M].
//
// When this object's process dies, the command is killed.
//
// Source: [M] Mytkowicz, Diwan, Hauswirth, Sweeney: Producing wrong data without doing anything obviously
// wrong! ASPLOS 2009.
#pragma once

#include "measure/results/results.hpp"
#include "src/base/descriptor.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace quartet::measure {

using word_list = std::vector<std::string>;

enum class output_to {
    nowhere,  ///< /dev/null
    here,     ///< where ours goes, standard error as well
    pipe,     ///< into a pipe that is read and forgotten: some programs do less for /dev/null
    file      ///< which begins anew with each command
};

struct start_options {
    output_to output = output_to::nowhere;
    std::string output_file{};
    std::string input_file{};  ///< empty: /dev/null
};

/// What a command is started for.
struct start_purpose {
    std::uint32_t round = 0;  ///< 0: a warm-up, or outside of all rounds
    bool keeps_errors = false;
    bool timed = true;                                       ///< else its memory is not sampled
    std::chrono::steady_clock::duration limit = no_limit();  ///< after which it is killed
    static constexpr std::chrono::steady_clock::duration no_limit() { return decltype(limit)::max(); }
};

/// How a command ended, and what it used.
struct command_end {
    int start_error = 0;  ///< errno of what kept it from starting; nothing else is known then
    int status = 0;       ///< as waitpid gives it
    int stopped_by =
        0;  ///< a signal that stopped it, such as SIGTTIN for reading from the terminal; it was killed
    bool timed_out = false;  ///< it was killed at its limit
    trial_figures figures{};
    std::string_view peak_method{};  ///< of figures.tree_peak_bytes; empty if that is not known
    double sampling_share = 0;       ///< of a processor, what sampling its memory took
    double cpu_seconds = 0;          ///< that it used, with the descendants that were waited for
    std::string left_name{};         ///< of one of the processes that it left behind
    std::string errors{};            ///< the end of its standard error, if that was kept

    bool ok() const noexcept { return start_error == 0 && status == 0 && stopped_by == 0 && !timed_out; }

    /// "exited with code 3", "was killed by SIGSEGV (Segmentation fault)", "can't be started: No such file or
    /// directory".
    std::string describe() const;
};

/// For one thread.
class command_starter {
public:
    /// Forks, so the caller should have no other threads. Each command is a program, looked up in PATH when
    /// it is started, and its arguments. When `stop_descriptor` becomes readable, run() ends what runs.
    /// Throws std::system_error.
    command_starter(std::vector<word_list> const& commands, start_options const& how, int stop_descriptor);

    /// Ends what runs.
    ~command_starter();
    command_starter(command_starter const&) = delete;
    command_starter& operator=(command_starter const&) = delete;

    /// Runs the command of this number to its end. Throws `interrupted` when it was told to stop: then the
    /// command and its descendants have ended, or were killed after a second.
    command_end run(std::size_t command, start_purpose const& what_for);

private:
    class memory_watch;

    command_end wait_for_end(start_purpose const& what_for);
    void drain_output() noexcept;
    void end_running(int number) noexcept;
    std::string kept_errors() const;

    struct shared_memory;
    std::unique_ptr<shared_memory> shared_;
    detail::descriptor socket_;
    detail::descriptor output_;  // the pipe's end for reading
    detail::descriptor errors_;
    pid_t process_ = -1;
    int stop_descriptor_;
    std::uint64_t paddings_ = 0;
};

}  // namespace quartet::measure
