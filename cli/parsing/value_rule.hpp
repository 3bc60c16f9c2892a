// cli/parsing/value_rule.hpp
//
// What kind of value an option or an argument takes. It is said where the option is added, and shells
// complete by it.
#pragma once

#include <CLI/CLI.hpp>

#include <string>
#include <vector>

namespace quartet::cli {

struct value_rule {
    enum kind { nothing, anything, file, folder, one_of, list_of };
    kind what = nothing;
    std::vector<std::string> choices{};  ///< of one_of, and of list_of, which is separated by commas

    friend bool operator==(value_rule const&, value_rule const&) = default;
};

/// Says so of the option, and gives it back: takes_file(command.add_option("--json", file, "…")). An option
/// of which nothing is said takes anything, a flag nothing. Choices are words without blanks and colons.
CLI::Option* takes_file(CLI::Option* option);
CLI::Option* takes_folder(CLI::Option* option);
CLI::Option* takes_one_of(CLI::Option* option, std::vector<std::string> const& choices);
CLI::Option* takes_list_of(CLI::Option* option, std::vector<std::string> const& choices);

value_rule rule_of(CLI::Option const& option);

}  // namespace quartet::cli
