#include "src/models/cluster/mpi_loader.hpp"

#include <quartet/version.hpp>

#include <fmt/format.h>

#include <dlfcn.h>
#include <filesystem>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <vector>

#ifndef QUARTET_PLUGIN_FOLDERS
#error "src/CMakeLists.txt says where plug-ins are built and installed"
#endif

namespace quartet::inline v0::detail {
namespace {

std::vector<std::filesystem::path> plugin_folders() {
    std::vector<std::filesystem::path> folders;
    std::error_code unknown;
    auto const program = std::filesystem::read_symlink("/proc/self/exe", unknown);
    if (!unknown) {
        auto const beside = program.parent_path();
        folders = {beside, beside.parent_path() / "lib" / "quartet"};
    }
    for (std::string_view left = QUARTET_PLUGIN_FOLDERS; !left.empty();) {
        auto const end = std::min(left.find(':'), left.size());
        folders.emplace_back(left.substr(0, end));
        left.remove_prefix(std::min(end + 1, left.size()));
    }
    return folders;
}

}  // namespace

std::string find_mpi_plugin(mpi_flavour flavour, environment_reader const& variable) {
    std::error_code none;
    char const* const chosen = variable("QUARTET_MPI_PLUGIN");
    if (chosen && *chosen) {
        if (std::filesystem::is_regular_file(chosen, none)) return chosen;
        throw std::runtime_error(
            fmt::format("quartet: QUARTET_MPI_PLUGIN is '{}', where no file is", chosen));
    }
    std::string const name = fmt::format("libquartet_{}.so", name_of(flavour));
    for (auto const& folder : plugin_folders()) {
        auto const path = folder / name;
        if (std::filesystem::is_regular_file(path, none)) return path.string();
    }
    throw std::runtime_error(
        fmt::format("quartet: the model 'cluster' needs MPI, and its plug-in {} was not found; install "
                    "lib{}-dev and build quartet again (apt install lib{}-dev)",
                    name, name_of(flavour), name_of(flavour)));
}

quartet_mpi_table const& load_mpi_plugin(std::string const& path, mpi_flavour flavour) {
    // Open MPI loads parts of its own, which look for its names among the global ones.
    void* const loaded = dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL);
    if (!loaded) {
        char const* const why = dlerror();
        throw std::runtime_error(
            fmt::format("quartet: the plug-in of {} can't be loaded: {}; is it installed (apt "
                        "install lib{}-dev)?",
                        name_of(flavour), why ? why : path, name_of(flavour)));
    }
    auto* const get = reinterpret_cast<quartet_mpi_function*>(dlsym(loaded, quartet_mpi_symbol));
    if (!get) throw std::runtime_error(fmt::format("quartet: {} is no plug-in of quartet", path));
    quartet_mpi_table const& table = *get();
    if (table.version != quartet_mpi_version || std::string_view(table.quartet_version) != QUARTET_VERSION)
        throw std::runtime_error(
            fmt::format("quartet: the plug-in {} is of another quartet than this program ({}); build or "
                        "install both anew",
                        path, QUARTET_VERSION));
    return table;
}

}  // namespace quartet::inline v0::detail
