#include "measure/probes/proc_files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <unistd.h>

namespace quartet::measure {

proc_file::proc_file(pid_t process, std::string_view name) {
    std::array<char, 64> path;
    *fmt::format_to_n(path.data(), path.size() - 1, "/proc/{}/{}", process, name).out = '\0';
    int const file = ::open(path.data(), O_RDONLY | O_CLOEXEC);
    ssize_t const got = file < 0 ? -1 : ::read(file, buffer_.data(), buffer_.size());
    if (got > 0) length_ = static_cast<std::size_t>(got);
    if (file >= 0) ::close(file);
}

std::string_view after_name(std::string_view stat) noexcept {
    auto const end = stat.rfind(") ");
    return end == std::string_view::npos ? std::string_view() : stat.substr(end + 2);
}

std::vector<pid_t> numbers_in(char const* folder) {
    std::vector<pid_t> found;
    std::unique_ptr<DIR, int (*)(DIR*)> const directory(::opendir(folder), ::closedir);
    if (!directory) return found;
    while (dirent const* const entry = ::readdir(directory.get()))
        if (auto const number = first_number<pid_t>(entry->d_name)) found.push_back(*number);
    std::sort(found.begin(), found.end());
    return found;
}

}  // namespace quartet::measure
