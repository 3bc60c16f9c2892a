// The mark of a scratch folder holds the id of the process that made it and the time that process started,
// so that a folder in use is told from one that was left behind, also when the id was given out again.

#include "cli/measuring/scratch.hpp"

#include "workloads/data/marked_folder.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdlib.h>
#include <system_error>
#include <unistd.h>

namespace quartet::cli {
namespace {

namespace fs = std::filesystem;

// Field 22 of /proc/PID/stat: when the process started, in ticks since boot; empty if there is none.
std::string start_time(long process) {
    std::ifstream file(fmt::format("/proc/{}/stat", process));
    std::string const line{std::istreambuf_iterator<char>(file), {}};
    auto const after_name = line.rfind(')');  // the name may hold blanks
    if (after_name == std::string::npos) return "";
    std::istringstream fields(line.substr(after_name + 1));
    std::string field;
    for (int number = 3; number <= 22 && fields >> field; ++number) {
    }
    return field;
}

/// Whether users other than root get to a folder.
bool everybody_gets_to(fs::path const& folder) {
    std::error_code error;
    auto const whole = fs::canonical(folder, error);
    for (fs::path at = whole; !error && at != at.root_path(); at = at.parent_path()) {
        auto const allowed = fs::status(at, error).permissions();
        if ((allowed & fs::perms::others_exec) == fs::perms::none) return false;
    }
    return !error;
}

/// Who is not root starts servers as himself, and gets to what is his.
fs::path folder_for_all() {
    auto const usual = temporary_folder();
    return geteuid() != 0 || everybody_gets_to(usual) ? usual : fs::path("/tmp");
}

bool in_use(fs::path const& folder) {
    std::ifstream mark(folder / folder_mark);
    long process = 0;
    std::string started;
    return mark >> process >> started && !started.empty() && start_time(process) == started;
}

}  // namespace

fs::path temporary_folder() {
    char const* const named = std::getenv("TMPDIR");
    return named && *named ? named : "/tmp";
}

scratch_folder::scratch_folder(open_to who)
    : scratch_folder(who == open_to::everybody ? folder_for_all() : temporary_folder(), who) {}

scratch_folder::scratch_folder(fs::path const& parent, open_to who) {
    std::string name = parent / "quartet-XXXXXX";
    if (!mkdtemp(name.data()))
        throw std::system_error(errno, std::generic_category(),
                                fmt::format("cannot make a folder '{}'", name));
    path_ = name;
    try {
        if (who == open_to::everybody)
            fs::permissions(path_, fs::perms::group_exec | fs::perms::others_exec, fs::perm_options::add);
        make_marked_folder(path_);
        std::ofstream(path_ / folder_mark) << getpid() << ' ' << start_time(getpid()) << '\n';
    } catch (...) {
        remove();
        throw;
    }
}

scratch_folder::~scratch_folder() {
    remove();
}

void scratch_folder::remove() noexcept {
    std::error_code error;
    fs::remove_all(path_, error);
    if (error) fs::remove(path_, error);  // out of descriptors: an empty folder need not be listed
}

std::vector<leftover> find_leftovers(fs::path const& where) {
    std::vector<leftover> found;
    if (is_marked(where)) return {{where, in_use(where)}};
    std::error_code ignored;
    for (auto const& entry :
         fs::directory_iterator(where, fs::directory_options::skip_permission_denied, ignored)) {
        if (entry.is_directory(ignored) && !entry.is_symlink(ignored) && is_marked(entry.path()))
            found.push_back({entry.path(), in_use(entry.path())});
    }
    return found;
}

}  // namespace quartet::cli
