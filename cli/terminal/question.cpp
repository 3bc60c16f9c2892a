#include "cli/terminal/question.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <iterator>
#include <optional>
#include <poll.h>
#include <string>
#include <unistd.h>

namespace quartet::cli {
namespace {

/// A line, empty at its end; none if a signal came.
std::optional<std::string> read_answer(int terminal, interrupt const& stop) {
    for (std::string line;;) {
        pollfd waiting[] = {{.fd = terminal, .events = POLLIN, .revents = 0},
                            {.fd = stop.descriptor(), .events = POLLIN, .revents = 0}};
        if (poll(waiting, std::size(waiting), -1) < 0) continue;
        if (waiting[1].revents) return std::nullopt;
        char typed = 0;
        ssize_t const got = read(terminal, &typed, 1);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0 || typed == '\n') return line;
        line += typed;
    }
}

bool says_yes(std::string_view text) {
    return text == "y" || text == "Y" || text == "yes" || text == "Yes" || text == "YES";
}

}  // namespace

answer ask(std::string_view question, int terminal, interrupt const& stop) {
    fmt::print(stderr, "{} [y/N] ", question);
    auto const line = read_answer(terminal, stop);
    if (line) return says_yes(*line) ? answer::yes : answer::no;
    fmt::print(stderr, "\n");
    return answer::interrupted;
}

}  // namespace quartet::cli
