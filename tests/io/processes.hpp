// tests/io/processes.hpp
//
// For tests of commands: files to hear from them, and whether they live.
#pragma once

#include "tests/waiting.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <sys/types.h>
#include <system_error>

namespace quartet::test {

class temporary_folder {
public:
    temporary_folder() {
        std::string name = (std::filesystem::temp_directory_path() / "quartet-test-XXXXXX").native();
        if (!mkdtemp(name.data())) throw std::system_error(errno, std::generic_category(), name);
        path_ = name;
    }
    temporary_folder(temporary_folder const&) = delete;
    temporary_folder& operator=(temporary_folder const&) = delete;
    ~temporary_folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    std::filesystem::path operator/(std::string const& name) const { return path_ / name; }

private:
    std::filesystem::path path_;
};

inline std::string read_text(std::filesystem::path const& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
}

/// A zombie is none: whether an orphan is reaped is up to the machine's first process.
inline bool is_alive(pid_t process) {
    auto const status = read_text("/proc/" + std::to_string(process) + "/stat");
    auto const name_end = status.rfind(')');
    return name_end != std::string::npos && status.at(name_end + 2) != 'Z';
}

/// The process whose number a command wrote to a file, as soon as it has.
inline pid_t process_from(std::filesystem::path const& path) {
    EXPECT_TRUE(comes_true([&] { return read_text(path).ends_with('\n'); })) << path;
    return static_cast<pid_t>(std::strtol(read_text(path).c_str(), nullptr, 10));
}

}  // namespace quartet::test
