// cli/parsing/command_tree.hpp
//
// The command line as data: commands, options, arguments and what can stand for them. Manual pages and shell
// completions are made of it, so they say what --help says.
#pragma once

#include "cli/parsing/value_rule.hpp"

#include <CLI/CLI.hpp>

#include <string>
#include <vector>

namespace quartet::cli {

struct option_entry {
    std::string short_name{};  ///< "-q"; empty if it has none
    std::string long_name{};   ///< "--quiet"
    std::string argument{};    ///< "FILE"; empty if it takes none
    std::string description{};
    value_rule rule{};
};

struct argument_entry {
    std::string name;
    std::string description;
    bool required = false;
    bool repeated = false;
    value_rule rule{};
};

struct command_entry {
    std::string path;  ///< "quartet generate csv"
    std::string name;
    std::string description;
    std::string examples;
    std::vector<option_entry> options{};
    std::vector<argument_entry> arguments{};
    std::vector<command_entry> commands{};
};

/// Of the whole program; what is hidden from its help is left out.
command_entry describe_commands(CLI::App const& app);

}  // namespace quartet::cli
