// batch/journal/journal_row.hpp
//
// A line of a journal: how one try of a job ended.
//
// A row is text, its fields apart by tabs, so that a spreadsheet, cut or awk can read a journal. What is a
// tab, a line's end or a backslash within a field stands as \t, \n, \r and \\. The last field is a checksum
// (CRC-32) of the others, by which a row that was cut short is known.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace quartet::batch {

enum class job_state {
    done,       ///< exit code 0
    failed,     ///< another one, a signal, a time limit, or it could not be started
    cancelled,  ///< a stop came while it ran: it has not ended by itself, and is to be run again
};

struct journal_row {
    std::uint64_t job = 0;      ///< its number, from 1
    std::uint32_t attempt = 1;  ///< which try of it
    job_state state = job_state::done;
    double started = 0;   ///< seconds since 1970
    double seconds = 0;   ///< how long it took
    int exit_code = 0;    ///< of one that ended by itself
    int signal = 0;       ///< which ended it, or 0
    double cpu_user = 0;  ///< seconds of its processes, as far as they were waited for
    double cpu_system = 0;
    std::uint64_t peak_bytes = 0;  ///< of the largest of them: its resident set
    std::string output{};          ///< where its output is; empty: it was passed on
    std::string reason{};          ///< why it failed, for people
    std::vector<std::string> input{};

    bool operator==(journal_row const&) const = default;
};

/// The names of the fields, as the first row of the table has them.
std::string_view journal_columns() noexcept;

/// The row as a line, with its end.
std::string to_line(journal_row const& row);

/// A line without its end; nothing if it is no whole row.
std::optional<journal_row> to_row(std::string_view line);

/// `text` with tabs, line ends and backslashes written out, and back; nothing if that can't be.
std::string escape_field(std::string_view text);
std::optional<std::string> unescape_field(std::string_view text);

}  // namespace quartet::batch
