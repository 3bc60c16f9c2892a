#include "cli/launching/rank_script.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <optional>
#include <random>
#include <sstream>

namespace quartet::cli {
namespace {

char const* rank_variable(launcher_kind kind) {
    switch (kind) {
        case launcher_kind::open_mpi:
            return "OMPI_COMM_WORLD_RANK";
        case launcher_kind::hydra:
            return "PMI_RANK";
        case launcher_kind::srun:
            return "SLURM_PROCID";
    }
    return "";
}

/// By the rank, which follows the order of the list; under Slurm, which has an order of its own, by name.
std::string setting_of_workers(launcher_kind kind, std::vector<cluster_host> const& hosts) {
    if (!any_has_workers(hosts)) return {};
    bool const by_name = kind == launcher_kind::srun;
    std::string cases;
    for (std::size_t i = 0; i < hosts.size(); ++i) {
        if (hosts[i].workers)
            cases += fmt::format(" {}) export QUARTET_WORKERS={};;",
                                 by_name ? hosts[i].name : std::to_string(i), *hosts[i].workers);
    }
    return fmt::format("case ${} in{} esac\n", by_name ? "SLURMD_NODENAME" : rank_variable(kind), cases);
}

// Rank 0's program is the child of a shell that only waits and tells how it ended; the shell above that one
// takes signals. A shell that did both would, when a signal comes as the program ends, not know how. One that
// comes before the program has begun waits for it: a child with the words of this script is still a copy of
// the shell, and catches what the program should get. Launchers hear that rank 0 went well, since some of
// them write a page if it did not. srun drops what is still on its way when Slurm tells it that all tasks
// have ended, which it does if one was killed before: so the last one stays a moment. SIGUSR1 is what Hydra
// sends to all ranks if one has died.
constexpr std::string_view telling =
    R"(command -v -- "$1" >/dev/null || {{ echo "$mark lacks $rank $HOSTNAME" >&2; exit 127; }}
trap "" USR1
inner= early=
there() {{
    read -r program <"/proc/$inner/task/$inner/children"
    [ -n "$program" ] && mapfile -d "" words <"/proc/$program/cmdline" && [[ ${{words[2]}} != *"$mark"* ]]
}}
pass() {{
    if [ -z "$inner" ]; then early=$1; return; fi
    until {{ there && kill -"$1" "$program"; }} 2>/dev/null || ! kill -0 "$inner" 2>/dev/null; do sleep 0.01; done
}}
if [ "$rank" = 0 ]; then trap "pass INT" {0} INT; trap "pass TERM" TERM; else trap "" {0}; fi
echo "$mark begun $rank $HOSTNAME ${{SLURM_STEP_ID:+$SLURM_JOB_ID.$SLURM_STEP_ID}}" >&2
[ "$rank" = 0 ] || exec "$@"
exec 3<&0
(trap - INT QUIT TERM; trap "" {0}; "$@" <&3 3<&-; echo "$mark ended $?" >&2) &
inner=$!
exec 3<&- </dev/null
[ -z "$early" ] || pass "$early"
while kill -0 "$inner" 2>/dev/null; do wait "$inner"; done
{1}exit 0)";

bool starts_report(std::string_view text, std::string_view mark) {
    return text.starts_with(mark) || mark.starts_with(text);
}

/// The words behind the mark. Nothing if they are no report: a launcher may show the script itself.
std::optional<rank_report> parse(std::string const& words) {
    std::istringstream in(words);
    std::string what;
    rank_report made;
    if (!(in >> what >> made.number)) return std::nullopt;
    in >> made.host >> made.step;
    if (what == "begun") return made;
    made.what = what == "lacks" ? rank_report::lacks_program : rank_report::ended;
    if (made.what == rank_report::ended && what != "ended") return std::nullopt;
    return made;
}

}  // namespace

int signal_for_stop(launcher_kind kind) noexcept {
    return kind == launcher_kind::hydra ? SIGQUIT : SIGUSR2;
}

std::vector<std::string> words_before_program(launcher_kind kind, std::vector<cluster_host> const& hosts,
                                              std::string_view mark) {
    auto script = setting_of_workers(kind, hosts);
    if (mark.empty()) {
        if (script.empty()) return {};
        script += "exec \"$@\"";
    } else {
        bool const by_quit = signal_for_stop(kind) == SIGQUIT;
        script += fmt::format("mark={} rank=${}\n", mark, rank_variable(kind));
        script +=
            fmt::format(telling, by_quit ? "QUIT" : "USR2", kind == launcher_kind::srun ? "sleep 0.3\n" : "");
    }
    return {"bash", "-c", script, "quartet-rank"};
}

std::string new_mark() {
    std::random_device chance;
    return fmt::format("quartet-rank-{:08x}{:08x}:", chance(), chance());
}

report_reader::read report_reader::take(std::string_view piece) {
    held_ += piece;
    read found;
    while (true) {
        std::size_t begin = 0;
        while (begin < held_.size() && !starts_report(std::string_view(held_).substr(begin), mark_))
            begin = std::min(held_.find(mark_.front(), begin + 1), held_.size());
        found.text += held_.substr(0, begin);
        held_.erase(0, begin);
        auto const end = held_.find('\n');
        if (end == std::string::npos) return found;
        auto const line = held_.substr(0, end + 1);
        if (auto report = parse(line.substr(mark_.size())))
            found.reports.push_back(std::move(*report));
        else
            found.text += line;
        held_.erase(0, end + 1);
    }
}

}  // namespace quartet::cli
