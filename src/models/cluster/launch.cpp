#include "src/models/cluster/launch.hpp"

#include "src/base/forking.hpp"

#include <fmt/format.h>

#include <charconv>
#include <csignal>
#include <cstdlib>
#include <stdexcept>
#include <string_view>
#include <unistd.h>
#include <utility>
#include <vector>

namespace quartet::inline v0::detail {
namespace {

std::optional<std::size_t> number(environment_reader const& variable, char const* name) {
    char const* const text = variable(name);
    if (!text) return {};
    std::string_view const digits(text);
    std::size_t value = 0;
    auto const [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc() || end != digits.data() + digits.size() || digits.empty()) return {};
    return value;
}

std::optional<launch> by(environment_reader const& variable, mpi_flavour flavour, char const* launcher,
                         char const* rank, char const* size) {
    auto const own = number(variable, rank);
    auto const all = number(variable, size);
    if (!own || !all || *own >= *all) return {};
    return launch{.flavour = flavour, .launcher = launcher, .rank = *own, .size = *all};
}

std::optional<mpi_flavour> chosen(environment_reader const& variable) {
    char const* const text = variable("QUARTET_MPI");
    if (!text || !*text) return {};
    for (auto const each : {mpi_flavour::openmpi, mpi_flavour::mpich}) {
        if (std::string_view(text) == name_of(each)) return each;
    }
    throw std::invalid_argument(
        fmt::format("quartet: QUARTET_MPI is '{}', and may be openmpi or mpich", text));
}

/// One that srun started, and whose MPI is PMIx's. Slurm's variables are in the environment of a batch script
/// and of salloc too, which are no ranks; neither have the number of a step.
std::optional<launch> by_slurm(environment_reader const& variable) {
    if (!variable("SLURM_STEP_ID") && !variable("SLURM_STEPID")) return {};
    // The allocation's number of tasks may be another than the step's.
    auto found = by(variable, mpi_flavour::openmpi, "srun", "SLURM_PROCID", "SLURM_STEP_NUM_TASKS");
    if (!found) found = by(variable, mpi_flavour::openmpi, "srun", "SLURM_PROCID", "SLURM_NTASKS");
    if (!found || variable("PMIX_RANK")) return found;
    if (found->size == 1) return {};  // as any command that is run by srun
    throw std::runtime_error(
        "quartet: srun offers no MPI to this program; say srun --mpi=pmix for Open MPI, or --mpi=pmi2 for "
        "MPICH");
}

/// A launcher of MPI may itself have been started by srun, once a node, so its word goes first.
std::optional<launch> found_launch(environment_reader const& variable) {
    if (auto const open = by(variable, mpi_flavour::openmpi, "mpirun of Open MPI", "OMPI_COMM_WORLD_RANK",
                             "OMPI_COMM_WORLD_SIZE"))
        return open;
    char const* const pmi = variable("SLURM_STEP_ID") ? "srun --mpi=pmi2" : "mpirun of MPICH";
    if (auto const found = by(variable, mpi_flavour::mpich, pmi, "PMI_RANK", "PMI_SIZE")) return found;
    return by_slurm(variable);
}

bool begins_with_any(std::string_view name, std::initializer_list<std::string_view> beginnings) {
    for (auto const each : beginnings) {
        if (name.starts_with(each)) return true;
    }
    return false;
}

}  // namespace

char const* name_of(mpi_flavour flavour) noexcept {
    return flavour == mpi_flavour::openmpi ? "openmpi" : "mpich";
}

environment_reader own_environment() {
    return [](char const* name) -> char const* { return std::getenv(name); };
}

std::optional<launch> how_launched(environment_reader const& variable) {
    auto found = found_launch(variable);
    if (!found) return {};
    if (auto const flavour = chosen(variable)) found->flavour = *flavour;
    if (auto const descriptor = number(variable, "PMI_FD")) found->descriptor = static_cast<int>(*descriptor);
    return found;
}

void ignore_word_of_dead_ranks() noexcept {
    if (has_effect(SIGUSR1, SIG_DFL)) signal(SIGUSR1, SIG_IGN);
}

void forget_launch() noexcept {
    std::vector<std::string> names;
    for (char** each = environ; each && *each; ++each) {
        std::string_view const entry(*each);
        std::string_view const name = entry.substr(0, entry.find('='));
        bool const users = begins_with_any(name, {"OMPI_ALLOW_RUN_AS_ROOT"});
        if (!users && begins_with_any(name, {"OMPI_", "PMIX_", "PMI_"})) names.emplace_back(name);
    }
    for (auto const& each : names)
        unsetenv(each.c_str());
}

}  // namespace quartet::inline v0::detail
