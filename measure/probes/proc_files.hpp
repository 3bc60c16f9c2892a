// measure/probes/proc_files.hpp
//
// Reading what the kernel shows of processes in /proc (proc(5)). Any thread.
#pragma once

#include <array>
#include <charconv>
#include <cstddef>
#include <optional>
#include <string_view>
#include <sys/types.h>
#include <system_error>
#include <vector>

namespace quartet::measure {

/// A file of /proc/PID, or the beginning of one that is longer than a page; empty if it can't be read.
class proc_file {
public:
    /// `name` within the folder of the process: "stat", "task/12/stat".
    proc_file(pid_t process, std::string_view name);

    std::string_view text() const noexcept { return {buffer_.data(), length_}; }

private:
    std::array<char, 4096> buffer_;
    std::size_t length_ = 0;
};

/// The first number in `text`; absent if there is none.
template <class Number>
std::optional<Number> first_number(std::string_view text) {
    auto const begin = text.find_first_not_of(" \t");
    if (begin == std::string_view::npos) return std::nullopt;
    text.remove_prefix(begin);
    Number number{};
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{}) return std::nullopt;
    return number;
}

/// Of a `stat` file, "PID (NAME) STATE PPID ...", from the state on: NAME may hold anything, also ") ". Empty
/// if the process is gone.
std::string_view after_name(std::string_view stat) noexcept;

/// The processes or threads that a folder of /proc lists, by number.
std::vector<pid_t> numbers_in(char const* folder);

}  // namespace quartet::measure
