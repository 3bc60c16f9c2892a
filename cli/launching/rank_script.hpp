// cli/launching/rank_script.hpp
//
// What runs on every rank before the program: a few lines of bash, so that a node needs nothing but the
// program. They tell over standard error, which every launcher carries home, that the rank has begun, that
// the program is not there, and how rank 0 has ended. For launchers do not: Open MPI's with --enable-recovery
// exits with 0 whatever the program did, and after a node was lost all of them may wait for ever.
#pragma once

#include "cli/launching/hosts.hpp"
#include "cli/launching/launcher.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace quartet::cli {

/// Launchers pass few signals on to the ranks, and end the job by SIGINT. This one reaches rank 0, where the
/// script makes SIGINT of it; the program ignores it on all ranks, unless it has a handler.
int signal_for_stop(launcher_kind kind) noexcept;

/// The words before the program and its arguments. Without a mark nothing is told, and there are none at all
/// if no host has a number of workers.
std::vector<std::string> words_before_program(launcher_kind kind, std::vector<cluster_host> const& hosts,
                                              std::string_view mark);

/// A mark that stands in nobody's output.
std::string new_mark();

/// What a rank tells.
struct rank_report {
    enum kind { begun, lacks_program, ended };
    kind what = begun;
    int number =
        0;  ///< the rank; of `ended`, which only rank 0 tells, the program's exit code, as shells give it
    std::string host{};  ///< where that is
    std::string step{};  ///< of Slurm, "17.0"
};

/// Takes reports out of what comes over a standard error, in whatever pieces it comes.
class report_reader {
public:
    explicit report_reader(std::string mark) : mark_(std::move(mark)) {}

    /// What of it is to be shown, and what was told.
    struct read {
        std::string text{};
        std::vector<rank_report> reports{};
    };
    read take(std::string_view piece);

    /// What was held back, at the end.
    std::string rest() { return std::exchange(held_, {}); }

private:
    std::string mark_;
    std::string held_{};  ///< the beginning of what may become a report
};

}  // namespace quartet::cli
