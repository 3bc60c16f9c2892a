// batch/inputs/input_source.hpp
//
// Where a batch's inputs come from: rows of one or more fields, one after another, so that a million of them,
// or a pipe without end, take no more memory than one.
//
// For one thread at a time.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace quartet::batch {

class input_source {
public:
    input_source() = default;
    input_source(input_source const&) = delete;
    input_source& operator=(input_source const&) = delete;
    virtual ~input_source() = default;

    /// The fields of the next row, columns().size() of them; none after the last, however often one asks.
    /// Waits where a pipe or a terminal has nothing yet. Throws std::runtime_error, with a sentence that
    /// names file and line, for what can't be read; rows before it have been given by then, and what follows
    /// is not asked for.
    virtual std::optional<std::vector<std::string>> next() = 0;

    /// One for each field: the name of its column, or an empty one. The same from the first row to the last.
    virtual std::vector<std::string> columns() const = 0;
};

}  // namespace quartet::batch
