#include "cli/measuring/input_files.hpp"

#include "measure/results/atomic_file.hpp"
#include "measure/trial/trial_process.hpp"
#include "src/base/descriptor.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace quartet::cli {
namespace {

[[noreturn]] void refuse(int error, std::string const& what) {
    throw std::system_error(error, std::generic_category(), what);
}

// A pipe that is opened without waiting is readable when somebody has written to it, or has come and gone.
std::string read_to_end(int file, std::string const& name, interrupt const& stop) {
    std::string all;
    for (;;) {
        pollfd waiting[] = {{.fd = file, .events = POLLIN, .revents = 0},
                            {.fd = stop.descriptor(), .events = POLLIN, .revents = 0}};
        if (poll(waiting, 2, -1) < 0) continue;
        if (waiting[1].revents) throw measure::interrupted();
        char buffer[64 * 1024];
        ssize_t const got = read(file, buffer, sizeof buffer);
        if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
        if (got < 0) refuse(errno, fmt::format("cannot read {}", name));
        if (got == 0) return all;
        all.append(buffer, static_cast<std::size_t>(got));
    }
}

/// Whether the path names a descriptor of this process. Trials don't have it.
bool is_own_descriptor(std::filesystem::path const& file) {
    auto const name = file.lexically_normal().native();
    return name == "/dev/stdin" || name.starts_with("/dev/fd/") || name.starts_with("/proc/self/");
}

}  // namespace

std::filesystem::path readable_again(std::filesystem::path const& file, std::filesystem::path const& copy,
                                     interrupt const& stop) {
    struct stat facts {};
    bool const is_there = stat(file.c_str(), &facts) == 0 && !S_ISDIR(facts.st_mode);
    if (!is_there || (S_ISREG(facts.st_mode) && !is_own_descriptor(file))) return file;
    auto const name = fmt::format("'{}'", file.native());
    detail::descriptor const opened(open(file.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
    if (opened.get() < 0) refuse(errno, fmt::format("cannot open {}", name));
    measure::write_file_whole(copy, read_to_end(opened.get(), name, stop));
    return copy;
}

std::filesystem::path copy_of_standard_input(std::filesystem::path const& copy, interrupt const& stop) {
    measure::write_file_whole(copy, read_to_end(STDIN_FILENO, "standard input", stop));
    return copy;
}

}  // namespace quartet::cli
