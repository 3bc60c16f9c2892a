#include "cli/terminal/status_line.hpp"

#include <fmt/format.h>

#include <cstdio>

namespace quartet::cli {

void status_line::show(std::string text) {
    if (!shown_) return;
    if (text.size() >= screen_.width) text.resize(screen_.width - 1);
    fmt::print(stderr, "\r\033[K{}", text);
    std::fflush(stderr);
    there_is_one_ = true;
}

void status_line::clear() {
    if (!there_is_one_) return;
    there_is_one_ = false;
    fmt::print(stderr, "\r\033[K");
    std::fflush(stderr);
}

}  // namespace quartet::cli
