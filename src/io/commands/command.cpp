#include "src/base/describe_end.hpp"

#include <quartet/command.hpp>

#include <fmt/format.h>

#include <sys/wait.h>

namespace quartet::inline v0 {
namespace {

std::string text_of(command_result const& result) {
    constexpr std::size_t most = 1000;
    auto const first_line = std::string_view(result.errors).substr(0, result.errors.find('\n'));
    if (first_line.empty()) return result.describe();
    return fmt::format("{}: {}{}", result.describe(), first_line.substr(0, most),
                       first_line.size() > most ? "..." : "");
}

}  // namespace

command command::shell(std::string line) {
    return program("/bin/sh", "-c", std::move(line));
}

std::string command_result::describe() const {
    if (timed_out) return "took too long and was ended";
    if (too_long) return fmt::format("wrote more than {} bytes and was ended", written);
    if (!end_known)
        return "ended in a way that is not known: another part of the program waited for it, or ignores "
               "SIGCHLD";
    return detail::describe_end(W_EXITCODE(exit_code, signal));
}

void command_result::check() const {
    if (!ok()) throw command_error(*this);
}

command_error::command_error(command_result result)
    : std::runtime_error(text_of(result)), result_(std::move(result)) {}

std::string shell_quote(std::string_view text) {
    std::string quoted = "'";
    for (char const each : text) {
        if (each == '\'') {
            quoted += R"('\'')";
        } else {
            quoted += each;
        }
    }
    return quoted + "'";
}

}  // namespace quartet::inline v0
