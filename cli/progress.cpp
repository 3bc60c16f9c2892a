#include "cli/progress.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <string>

namespace quartet::cli {

void progress::trial_begins(measure::configuration const& which, std::size_t number, std::size_t of,
                            std::optional<std::chrono::duration<double>> left) {
    if (!shown_) return;
    std::string line = fmt::format("{}/{}  {} {}", number, of, which.what->name, to_string(which.model));
    if (left) line += fmt::format("  about {} left", format_length(left->count()));
    if (line.size() >= screen_.width) line.resize(screen_.width - 1);
    fmt::print(stderr, "\r\033[K{}", line);
    std::fflush(stderr);
}

void progress::clear() const {
    if (!shown_) return;
    fmt::print(stderr, "\r\033[K");
    std::fflush(stderr);
}

}  // namespace quartet::cli
