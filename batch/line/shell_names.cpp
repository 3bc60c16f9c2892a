#include "batch/line/shell_names.hpp"

#include <algorithm>
#include <array>

namespace quartet::batch {

namespace {

constexpr auto reserved_words =
    std::to_array<std::string_view>({"!", "{", "}", "case", "do", "done", "elif", "else", "esac", "fi", "for",
                                     "function", "if", "in", "select", "then", "until", "while"});

constexpr auto before_commands =
    std::to_array<std::string_view>({"!", "{", "do", "elif", "else", "if", "then", "until", "while"});

constexpr auto builtins = std::to_array<std::string_view>(
    {".",     ":",    "alias", "bg",      "break",    "builtin", "cd",      "command", "continue", "declare",
     "eval",  "exec", "exit",  "export",  "fc",       "fg",      "getopts", "hash",    "jobs",     "let",
     "local", "popd", "pushd", "read",    "readonly", "return",  "set",     "shift",   "shopt",    "source",
     "times", "trap", "type",  "typeset", "ulimit",   "umask",   "unalias", "unset",   "wait"});

template <class Names>
bool has(Names const& names, std::string_view word) {
    return std::find(names.begin(), names.end(), word) != names.end();
}

bool is_letter(char byte) {
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_';
}

}  // namespace

bool is_reserved(std::string_view word) {
    return has(reserved_words, word);
}

bool comes_before_command(std::string_view reserved) {
    return has(before_commands, reserved);
}

bool is_only_builtin(std::string_view word) {
    return has(builtins, word);
}

bool is_variable_name(std::string_view text) {
    return !text.empty() && is_letter(text[0]) && std::all_of(text.begin(), text.end(), [](char byte) {
        return is_letter(byte) || (byte >= '0' && byte <= '9');
    });
}

}  // namespace quartet::batch
