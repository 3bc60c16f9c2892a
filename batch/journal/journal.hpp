// batch/journal/journal.hpp
//
// The file that says which jobs of a batch have ended, and how: lines of text that are only ever appended.
//
//     # quartet batch journal 1
//     # folder  /home/ann/logs
//     # batch   gzip -k {}  ::::  files.txt
//     job  try  state  started  …                  the table's columns, apart by tabs
//     1    1    done   1769558400.000000  …        a row for each try that has ended (journal_row.hpp)
//
// A row is written by one system call when its job has ended. So whatever ends the program, a job that has no
// row has not ended in its eyes, and one that has a row is not run again. After a loss of power the rows
// since the last sync() may be missing.
#pragma once

#include "batch/journal/journal_row.hpp"
#include "src/base/descriptor.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace quartet::batch {

/// What a journal is of: what `quartet batch` was called with, and where.
struct journal_header {
    std::filesystem::path folder{};
    std::vector<std::string> arguments{};

    bool operator==(journal_header const&) const = default;
};

/// For one thread, but for sync(), which one more may call.
class journal {
public:
    /// Makes the file. Throws std::invalid_argument if there is one, std::system_error if the system refuses.
    static journal create(std::filesystem::path const& path, journal_header const& header);

    /// Opens one that is there, and calls `found` with each of its rows, from the first on. A row that was
    /// cut short at the end of the file is taken off it; damaged ones elsewhere are left out and counted.
    ///
    /// Throws std::invalid_argument if the file is no journal, or of another version; std::runtime_error if
    /// another process uses it for a second more; std::system_error if the system refuses; what `found` throws.
    static journal open(std::filesystem::path const& path,
                        std::function<void(journal_row const&)> const& found);

    journal_header const& header() const noexcept { return header_; }

    /// How many damaged rows were left out.
    std::size_t damaged() const noexcept { return damaged_; }

    /// Appends a row. Throws std::system_error, for a full disk for instance; then the row is not there, and
    /// the journal goes on to be usable. Costs a system call.
    void add(journal_row const& row);

    /// Has the disk keep what was written. Throws std::system_error.
    void sync();

    /// Whoever has a copy of it keeps the journal locked.
    int lock_descriptor() const noexcept { return file_.get(); }

    std::filesystem::path const& path() const noexcept { return path_; }

private:
    journal(std::filesystem::path path, detail::descriptor file) noexcept
        : path_(std::move(path)), file_(std::move(file)) {}

    void lock();
    void write(std::string_view text);
    void read(std::function<void(journal_row const&)> const& found);
    [[noreturn]] void fail(std::string_view what, int error) const;

    std::filesystem::path path_;
    detail::descriptor file_;
    journal_header header_;
    std::uint64_t end_ = 0;  // of the last whole row
    std::size_t damaged_ = 0;
};

}  // namespace quartet::batch
