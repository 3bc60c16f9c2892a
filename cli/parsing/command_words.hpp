// cli/parsing/command_words.hpp
//
// Where a command line ends that is the tool's, and another one begins: `batch --jobs 4 gzip -k {}`.
#pragma once

#include <CLI/CLI.hpp>

#include <cstddef>
#include <span>
#include <string>

namespace quartet::cli {

/// The place of the first of `words` that is neither an option of `command` nor the value of one; that of a
/// `--` itself. All of them if there is none. An option that is not known takes no value.
std::size_t options_end(CLI::App const& command, std::span<std::string const> words);

}  // namespace quartet::cli
