#include "cli/launching/launch_line.hpp"

#include "cli/launching/rank_script.hpp"
#include "cli/parsing/errors.hpp"
#include "cli/parsing/shell_word.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <initializer_list>
#include <unistd.h>

namespace quartet::cli {
namespace {

void append(std::vector<std::string>& words, std::initializer_list<std::string> more) {
    words.insert(words.end(), more);
}

/// How many ranks there will be; nothing where only the launcher knows.
std::optional<int> ranks_of(launch_request const& what, std::optional<allocation> const& given) {
    if (!what.hosts.empty()) return static_cast<int>(what.hosts.size());
    if (what.nodes) return what.nodes;
    if (given) return given->nodes;
    return 1;
}

/// What Open MPI does not take along by itself, as the other launchers do: what finds programs and their
/// libraries, and what is quartet's.
std::vector<std::string> variables_to_export(launch_line const& line) {
    std::vector<std::string> names;
    for (char const* each : {"PATH", "LD_LIBRARY_PATH"}) {
        if (std::getenv(each) != nullptr) names.emplace_back(each);
    }
    for (char** each = environ; *each != nullptr; ++each) {
        std::string_view const entry(*each);
        if (entry.starts_with("QUARTET_")) names.emplace_back(entry.substr(0, entry.find('=')));
    }
    for (auto const& [name, value] : line.environment) {
        if (name.starts_with("QUARTET_")) names.push_back(name);
    }
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    return names;
}

void add_open_mpi(launch_line& line, launch_request const& what) {
    if (geteuid() == 0) {  // it refuses root otherwise
        line.environment.emplace_back("OMPI_ALLOW_RUN_AS_ROOT", "1");
        line.environment.emplace_back("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1");
    }
    if (!what.hosts.empty()) append(line.words, {"--host", names_of(what.hosts)});
    if (line.ranks) append(line.words, {"-n", std::to_string(*line.ranks)});
    append(line.words, {"--map-by", "ppr:1:node", "--bind-to", "none", "--mca", "mpi_yield_when_idle", "1",
                        "--enable-recovery"});
    for (auto const& each : variables_to_export(line))
        append(line.words, {"-x", each});
}

void add_hydra(launch_line& line, launch_request const& what, std::optional<allocation> const& given) {
    if (!line.ranks)
        throw usage_error(fmt::format("--nodes: mpirun of MPICH needs a number in {}", given->name));
    if (!what.hosts.empty()) append(line.words, {"-hosts", names_of(what.hosts)});
    append(line.words,
           {"-n", std::to_string(*line.ranks), "-ppn", "1", "-bind-to", "none", "-disable-auto-cleanup"});
}

void add_srun(launch_line& line, launcher const& by, launch_request const& what) {
    if (!what.hosts.empty()) append(line.words, {"-w", names_of(what.hosts)});
    if (line.ranks) append(line.words, {"-N", std::to_string(*line.ranks)});
    append(line.words, {"--ntasks-per-node=1", "--cpu-bind=none", "--no-kill", "--kill-on-bad-exit=0"});
    if (!by.mpi_type.empty()) append(line.words, {"--mpi=" + by.mpi_type});
    // Without it, one of 25 starts with pmix ends within MPI_Init on a busy machine (docs/cluster.md).
    if (std::getenv("SLURM_PMIX_FENCE") == nullptr)
        line.environment.emplace_back("SLURM_PMIX_FENCE", "tree");
}

}  // namespace

launch_line launch_line_for(launcher const& by, launch_request const& what,
                            std::optional<allocation> const& given, std::string_view mark) {
    launch_line line{.words = {by.program}, .program = what.program.front(), .ranks = ranks_of(what, given)};
    if (what.silence) line.environment.emplace_back("QUARTET_SILENCE", fmt::format("{}", *what.silence));
    switch (by.kind) {
        case launcher_kind::open_mpi:
            add_open_mpi(line, what);
            break;
        case launcher_kind::hydra:
            add_hydra(line, what, given);
            break;
        case launcher_kind::srun:
            add_srun(line, by, what);
            break;
    }
    auto const before = words_before_program(by.kind, what.hosts, mark);
    line.words.insert(line.words.end(), before.begin(), before.end());
    line.words.insert(line.words.end(), what.program.begin(), what.program.end());
    return line;
}

std::string to_paste(launch_line const& line) {
    std::string text;
    for (auto const& [name, value] : line.environment)
        text += name + '=' + shell_word(value) + ' ';
    for (auto const& each : line.words) {
        if (&each != &line.words.front()) text += ' ';
        text += shell_word(each);
    }
    return text;
}

}  // namespace quartet::cli
