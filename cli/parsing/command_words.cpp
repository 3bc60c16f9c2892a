#include "cli/parsing/command_words.hpp"

#include <string_view>

namespace quartet::cli {
namespace {

/// -j4 and --jobs=4 have theirs in them.
bool takes_next(CLI::App const& command, std::string_view word) {
    bool const is_long = word.starts_with("--");
    if (is_long && word.find('=') != word.npos) return false;
    if (!is_long && word.size() > 2) return false;
    auto const* const option = command.get_option_no_throw(std::string(word));
    return option && option->get_items_expected_max() > 0;
}

}  // namespace

std::size_t options_end(CLI::App const& command, std::span<std::string const> words) {
    std::size_t at = 0;
    while (at < words.size() && words[at].size() > 1 && words[at].front() == '-' && words[at] != "--")
        at += takes_next(command, words[at]) ? 2 : 1;
    return std::min(at, words.size());
}

}  // namespace quartet::cli
