#include "cli/launching/launcher.hpp"

#include "cli/launching/commands_beside.hpp"
#include "cli/parsing/errors.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cstdlib>
#include <cstring>
#include <set>
#include <sstream>
#include <string_view>
#include <utility>
#include <vector>

namespace quartet::cli {
namespace {

command_result answer_of(std::string const& program, char const* option) {
    return run_beside({{program, option}}).front();
}

/// By what it said of its version; nothing if it is not there, or nothing that is known. srun says nothing
/// where it finds no Slurm, and so goes by its name.
std::optional<launcher_kind> kind_by(std::string const& program, command_result const& heard) {
    auto const said = heard.output + heard.errors;
    auto const names = [&](std::string_view word) { return said.find(word) != std::string::npos; };
    if (names("Open MPI") || names("OpenRTE")) return launcher_kind::open_mpi;
    if (names("HYDRA") || names("Intel(R) MPI")) return launcher_kind::hydra;
    bool const is_srun = program.substr(program.rfind('/') + 1) == "srun";
    if (is_srun && heard.exit_code != no_such_program) return launcher_kind::srun;
    return std::nullopt;
}

std::optional<launcher_kind> kind_of(std::string const& program) {
    return kind_by(program, answer_of(program, "--version"));
}

/// The first word that begins as a version does.
std::string version_in(std::string const& said) {
    std::istringstream words(said);
    for (std::string word; words >> word;) {
        bool const is_version = word[0] >= '0' && word[0] <= '9' && word.find('.') != std::string::npos;
        if (is_version) return word;
    }
    return {};
}

std::optional<launcher> any_mpirun() {
    for (char const* program : {"mpirun", "mpiexec", "mpirun.openmpi", "mpirun.mpich", "mpiexec.hydra"}) {
        auto const kind = kind_of(program);
        if (kind && *kind != launcher_kind::srun) return launcher{.kind = *kind, .program = program};
    }
    return std::nullopt;
}

/// How the ranks find each other is asked of Slurm in the way of the MPI that is installed beside it, unless
/// the user has said so to Slurm.
std::string mpi_type_for(std::string const& program) {
    if (std::getenv("SLURM_MPI_TYPE") != nullptr) return {};
    auto const mpi = any_mpirun();
    char const* const wanted = mpi && mpi->kind == launcher_kind::hydra ? "pmi2" : "pmix";
    auto const heard = answer_of(program, "--mpi=list");
    return (heard.output + heard.errors).find(wanted) == std::string::npos ? std::string() : wanted;
}

launcher srun(std::string const& program) {
    return {.kind = launcher_kind::srun, .program = program, .mpi_type = mpi_type_for(program)};
}

std::optional<int> count_in(char const* variable) {
    char const* const text = std::getenv(variable);
    int count = 0;
    if (text == nullptr || std::from_chars(text, text + std::strlen(text), count).ec != std::errc() ||
        count < 1)
        return std::nullopt;
    return count;
}

}  // namespace

std::optional<allocation> current_allocation() {
    if (char const* const job = std::getenv("SLURM_JOB_ID"))
        return allocation{.of_slurm = true,
                          .name = fmt::format("Slurm job {}", job),
                          .nodes = count_in("SLURM_JOB_NUM_NODES")};
    for (auto const& [variable, name] :
         {std::pair{"PBS_NODEFILE", "a PBS job"}, std::pair{"PE_HOSTFILE", "a Grid Engine job"},
          std::pair{"LSB_HOSTS", "an LSF job"}, std::pair{"FLUX_JOB_ID", "a Flux job"}}) {
        if (std::getenv(variable) != nullptr) return allocation{.name = name};
    }
    return std::nullopt;
}

launcher find_launcher(std::string const& wanted, std::optional<allocation> const& given) {
    if (wanted != "auto") {
        auto const kind = kind_of(wanted);
        if (!kind)
            throw usage_error(
                fmt::format("--launcher: '{}' is neither mpirun of Open MPI or MPICH nor srun, or is "
                            "not there (apt install openmpi-bin)",
                            wanted));
        if (*kind == launcher_kind::srun) return srun(wanted);
        return {.kind = *kind, .program = wanted};
    }
    if (given && given->of_slurm && kind_of("srun") == launcher_kind::srun) return srun("srun");
    if (auto const found = any_mpirun()) return *found;
    throw usage_error(
        "nothing is there that starts a program on several machines: mpirun (apt install openmpi-bin)");
}

std::vector<installed_launcher> installed_launchers() {
    std::vector<std::string> const names{"mpirun.openmpi", "mpirun.mpich", "mpirun", "mpiexec.hydra", "srun"};
    std::vector<word_list> questions;
    for (auto const& each : names)
        questions.push_back({each, "--version"});
    auto const answers = run_beside(questions);
    std::vector<installed_launcher> found;
    std::set<std::pair<launcher_kind, std::string>> told;
    for (std::size_t each = 0; each < names.size(); ++each) {
        auto const kind = kind_by(names[each], answers[each]);
        if (!kind) continue;
        auto const version = version_in(answers[each].output + answers[each].errors);
        if (told.emplace(*kind, version).second) found.push_back({names[each], version});
    }
    return found;
}

}  // namespace quartet::cli
