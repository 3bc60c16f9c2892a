#include "cli/parsing/shell_word.hpp"

#include <quartet/command.hpp>

#include <string_view>

namespace quartet::cli {

std::string shell_word(std::string const& word) {
    constexpr std::string_view plain =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-";
    bool const is_plain = !word.empty() && word.find_first_not_of(plain) == std::string::npos;
    return is_plain ? word : shell_quote(word);
}

}  // namespace quartet::cli
