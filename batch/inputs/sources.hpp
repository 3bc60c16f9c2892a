// batch/inputs/sources.hpp
//
// The sources that others are made of: values, lines, tables.
#pragma once

#include "batch/inputs/byte_stream.hpp"
#include "batch/inputs/input_source.hpp"

namespace quartet::batch {

/// Values at hand, one a row; empty ones too.
class value_source final : public input_source {
public:
    explicit value_source(std::vector<std::string> values) : values_(std::move(values)) {}
    std::optional<std::vector<std::string>> next() override;
    std::vector<std::string> columns() const override { return {""}; }

private:
    std::vector<std::string> values_;
    std::size_t given_ = 0;
};

enum class empty_lines { skipped, kept };

/// The lines of a file, one a row, without their ends (LF or CRLF, of which the last line may have none) and
/// without the byte order mark in front. A line with a NUL byte in it, or longer than an argument can be, is
/// an error.
class line_source final : public input_source {
public:
    explicit line_source(std::string const& file, empty_lines empty = empty_lines::skipped, int stop = -1);
    std::optional<std::vector<std::string>> next() override;
    std::vector<std::string> columns() const override { return {""}; }

private:
    byte_stream bytes_;
    empty_lines empty_;
    bool begun_ = false;
};

/// What stands before each NUL byte of a file, byte by byte as it is there; the last may lack its NUL. Empty
/// values are values.
class nul_separated_source final : public input_source {
public:
    explicit nul_separated_source(std::string const& file, int stop = -1) : bytes_(file, stop) {}
    std::optional<std::vector<std::string>> next() override;
    std::vector<std::string> columns() const override { return {""}; }

private:
    byte_stream bytes_;
};

/// The records of a table whose first record names the columns; each has as many fields as that. Fields in
/// quotes may hold separators, line breaks and doubled quotes (RFC 4180), and are empty if nothing is in
/// them. Ends of lines and the byte order mark are as of line_source. Blank lines are skipped. What breaks
/// the rules is an error; in a table that is separated by tabs a quote inside a field is a quote, as programs
/// write it that know no quoting.
class table_source final : public input_source {
public:
    /// Reads the first record. `separator` is a comma or a tab.
    table_source(std::string const& file, char separator, int stop = -1);
    std::optional<std::vector<std::string>> next() override;
    std::vector<std::string> columns() const override { return columns_; }

private:
    using record = std::vector<std::string>;

    std::optional<record> read_record();
    void skip_blank_lines();
    std::string read_field();
    std::string read_quoted();
    std::string read_plain();
    bool take_line_end();
    void add(std::string& field, int byte);

    byte_stream bytes_;
    char separator_;
    std::size_t record_line_ = 1;   // where the record that is read begins
    std::size_t record_bytes_ = 0;  // and so much of it has been read
    std::vector<std::string> columns_;
};

}  // namespace quartet::batch
