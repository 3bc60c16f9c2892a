// cli/batching/batch_arguments.hpp
//
// The words of `quartet batch`, split into what the tool is told, the command of the jobs, and their inputs.
// This is before the parser sees them, which would take the command's options for its own.
#pragma once

#include "batch/inputs/input_arguments.hpp"
#include "cli/batching/batch_options.hpp"

#include <span>
#include <string>
#include <vector>

namespace quartet::cli {

struct batch_arguments {
    std::vector<std::string> options;
    std::vector<std::string> command;
    std::vector<batch::source_description> inputs;  ///< behind :::
    std::vector<std::string> typed;                 ///< all of it

    /// What the parser gets.
    std::vector<std::string> for_parser() const;
};

/// The words after "batch". Throws usage_error for a ::: without what it needs.
batch_arguments split_batch(std::span<std::string const> words);

/// What a batch is to do.
struct batch_plan {
    batch_options options;
    std::vector<batch::source_description> sources;
    std::vector<std::string> typed;  ///< for the journal
};

/// As it was typed; of --resume as the journal has it, with the options that are typed now on top, and in its
/// folder: this changes to that. Throws usage_error.
batch_plan plan_batch(batch_options options, batch_arguments const& given);

/// The journal that is gone on with; empty: none.
std::string const& resumed_journal(batch_options const& options);

}  // namespace quartet::cli
