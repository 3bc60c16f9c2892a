#include "src/models/cluster/installed_mpi.hpp"

#include "src/base/descriptor.hpp"
#include "src/base/forking.hpp"
#include "src/models/cluster/mpi_loader.hpp"

#include <cerrno>
#include <cstdlib>
#include <exception>
#include <fcntl.h>
#include <stdexcept>
#include <sys/types.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>

namespace quartet::inline v0::detail {
namespace {

constexpr char loaded = '+';  // before what a child says: its MPI, or why there is none
constexpr char refused = '-';

[[noreturn]] void load_and_tell(installed_mpi const& which, int to) {
    std::string said;
    try {
        char about[256] = {};
        load_mpi_plugin(which.plugin, which.flavour).about(about, sizeof about);
        said = loaded + std::string(about);
    } catch (std::exception const& error) {
        said = refused + std::string(error.what());
    }
    static_cast<void>(!write(to, said.data(), said.size()));  // fits into a pipe
    _exit(0);
}

std::string read_all(int from) {
    std::string all;
    char part[512];
    for (;;) {
        ssize_t const got = read(from, part, sizeof part);
        if (got > 0) all.append(part, static_cast<std::size_t>(got));
        if (got == 0 || (got < 0 && errno != EINTR)) return all;
    }
}

void ask_child(installed_mpi& which) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        throw std::system_error(errno, std::generic_category(), "quartet: cannot make a pipe");
    descriptor const hears(ends[0]);
    descriptor tells(ends[1]);
    pid_t const child = fork_child();
    if (child < 0) throw std::system_error(errno, std::generic_category(), "quartet: cannot fork a process");
    if (child == 0) {
        forget_signal_handlers();
        load_and_tell(which, tells.get());
    }
    tells = descriptor();
    auto const said = read_all(hears.get());
    while (waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
    }
    if (said.empty())
        which.refused = "quartet: a process that loads it dies";
    else
        (said[0] == loaded ? which.about : which.refused) = said.substr(1);
}

}  // namespace

std::vector<installed_mpi> look_for_mpis() {
    std::vector<installed_mpi> found;
    char const* const chosen = std::getenv("QUARTET_MPI_PLUGIN");
    bool const is_chosen = chosen && *chosen;
    for (auto const flavour : {mpi_flavour::openmpi, mpi_flavour::mpich}) {
        auto& mpi = found.emplace_back(installed_mpi{.flavour = flavour});
        try {
            mpi.plugin = find_mpi_plugin(flavour);
            ask_child(mpi);
        } catch (std::runtime_error const& error) {
            if (is_chosen) mpi.plugin = chosen;
            mpi.refused = error.what();
        }
        if (is_chosen) break;  // for whichever MPI
    }
    return found;
}

}  // namespace quartet::inline v0::detail
