#include "cli/reports/report_files.hpp"

#include "cli/parsing/errors.hpp"
#include "measure/results/atomic_file.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <unistd.h>

namespace quartet::cli {

bool is_standard_output(std::string const& file) {
    return file == "-" || file == "/dev/stdout";
}

void check_writable(std::string_view flag, std::string const& file) {
    if (file.empty() || is_standard_output(file)) return;
    std::filesystem::path const path(file);
    auto const refuse = [&](int reason) {
        throw usage_error(fmt::format("{}: cannot write '{}': {}", flag, file, std::strerror(reason)));
    };
    std::error_code ignored;
    if (std::filesystem::is_directory(path, ignored)) refuse(EISDIR);
    auto const folder = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
    bool const exists = access(file.c_str(), F_OK) == 0;
    if (access(exists ? file.c_str() : folder.c_str(), W_OK) != 0) refuse(errno);
    if (!exists && !std::filesystem::is_directory(folder, ignored)) refuse(ENOTDIR);
}

void write_report(std::string const& file, std::string_view content) {
    if (is_standard_output(file)) return print_to(STDOUT_FILENO, content);
    measure::write_file_whole(file, content);
}

void print_to(int descriptor, std::string_view text) {
    while (!text.empty()) {
        ssize_t const written = write(descriptor, text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0 && errno == EPIPE) return;
        if (written < 0)
            throw std::system_error(errno, std::generic_category(), "cannot write to standard output");
        text.remove_prefix(static_cast<std::size_t>(written));
    }
}

}  // namespace quartet::cli
