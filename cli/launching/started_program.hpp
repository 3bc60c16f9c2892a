// cli/launching/started_program.hpp
//
// A program that a command runs for its user, and all that it starts.
#pragma once

#include <string>
#include <sys/types.h>
#include <utility>
#include <vector>

namespace quartet::cli {

struct program_to_start {
    std::vector<std::string> words{};
    std::vector<std::pair<std::string, std::string>> environment{};  ///< set beside this process's
    int input = -1;          ///< becomes its standard input; -1: this process's
    int errors = -1;         ///< likewise its standard error
    bool own_group = false;  ///< a process group of its own, which a terminal's Ctrl-C does not reach
};

/// Inherits all our descriptors that are not closed on exec (a shell passes some for `<(...)`), and stays in
/// our process group if it has none of its own, so that it may use the terminal as we may. Starts with no
/// signal blocked, and all with their default effects but for an ignored SIGHUP.
class started_program {
public:
    /// Throws usage_error if it can't be started. From now on orphans of what it starts become children of
    /// this process, so that none is missed.
    explicit started_program(program_to_start const& what);

    /// Ends it if it still runs, and everything that it started.
    ~started_program();

    started_program(started_program const&) = delete;
    started_program& operator=(started_program const&) = delete;

    pid_t id() const noexcept { return id_; }

    /// It has been waited for; what it has started stays.
    void set_ended() noexcept { ended_ = true; }

    /// Sends SIGTERM to all children of this process and theirs, and after a second SIGKILL to those that are
    /// still there or are new. Gives up after two more on one that the kernel can't end, for example because
    /// it waits for a dead disk. Waits for all children.
    static void end_all() noexcept;

private:
    pid_t id_ = 0;
    bool ended_ = false;
};

}  // namespace quartet::cli
