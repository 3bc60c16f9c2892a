// batch/inputs/input_arguments.hpp
//
// The inputs that a command line names, as GNU parallel has them:
//
//     convert {1} {2} ::: a.png b.png ::: 90 180      every combination; the last varies fastest
//     convert {1} {2} ::: a.png b.png :::+ 90 180     the first with the first, the second with the second
//     gzip {} :::: files.txt                          the lines of a file; - is standard input
//
// Otherwise than there, linked inputs of unequal number are an error, and empty lines are no inputs (but in
// linked files, where each line is the partner of another).
#pragma once

#include "batch/inputs/input_source.hpp"

#include <memory>
#include <span>
#include <string>
#include <vector>

namespace quartet::batch {

enum class source_kind { values, lines, nul_separated, csv, tsv };

struct source_description {
    source_kind kind = source_kind::values;
    std::vector<std::string> values{};  ///< of source_kind::values
    std::string file{};                 ///< of the others; "-" is standard input
    bool linked = false;                ///< to the one before it; else crossed with it

    bool is_standard_input() const { return kind != source_kind::values && file == "-"; }
};

struct input_arguments {
    std::vector<std::string> words{};  ///< what stands before the first ":::", or everything
    std::vector<source_description> sources{};
};

/// Splits the words of a command line at `:::`, `:::+`, `::::` and `::::+`. Each file after `::::` is a
/// source of its own, of lines: who knows that it is another kind changes that. `:::` with no words after it
/// has no values, so there are no jobs. Throws std::runtime_error where a file is missing, or there is
/// nothing to link to.
input_arguments split_inputs(std::span<char const* const> words);

/// Opens all of them, and gives their rows as one source; nothing has to be there but one description. Reads
/// headers, and all rows of each source but the first and those linked to it, which are read as they are
/// asked for. Throws std::runtime_error for what can't be read, for linked values of unequal number, for
/// standard input twice. When the descriptor `stop` is readable next() waits no longer, and throws
/// inputs_stopped (byte_stream.hpp); -1: there is none.
std::unique_ptr<input_source> open_inputs(std::span<source_description const> sources, int stop = -1);

}  // namespace quartet::batch
