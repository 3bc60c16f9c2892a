// src/call/journal_file.hpp
//
// The file of a journal: what stands in it, and how it is opened, read and continued.
//
//     quartet journal 1                       a header, readable
//     program: build id 5d41…
//     body: save_page
//     inputs: std::string
//     results: unsigned long
//     call: a map of 100 inputs
//                                             an empty line, then records one after another:
//     checksum size index hash value          4 + 8 + 8 + 8 bytes, and `size` bytes of an encoded value
//
// The checksum is the CRC-32 of all that follows it in its record. Numbers are as the machine has them:
// another one has another program. A record is there or not: where a write was cut short, by whatever, the
// next opening cuts the file back to its last whole record. The file is only ever appended to, and its header
// never changes.
#pragma once

#include "src/base/descriptor.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace quartet::inline v0::detail {

/// A line of the header.
struct journal_field {
    std::string name;   ///< "body"
    std::string value;  ///< "save_page"
    std::string whose;  ///< what a journal is of where this differs: "another body"
};

/// Appends a record to `to`.
void add_journal_record(std::vector<std::byte>& to, std::uint64_t index, std::uint64_t hash,
                        std::span<std::byte const> value);

/// For one thread, but for write() and sync(), of which each may be called by one more.
class journal_file {
public:
    /// Where a task's record begins.
    struct place {
        std::uint64_t index;
        std::uint64_t offset;
    };
    struct record {
        std::uint64_t index;
        std::uint64_t hash;
        std::span<std::byte const> value;  ///< until the next read()
    };

    /// Opens the file, or makes it, and locks it until this object is gone. Waits up to a quarter of a second
    /// for a process that is ending to let go of it.
    ///
    /// Throws std::invalid_argument, and leaves the file as it is, if it is no journal or one of something
    /// else; std::runtime_error if another call uses it; std::system_error if the system refuses anything.
    journal_file(std::string path, std::vector<journal_field> const& header);
    ~journal_file();
    journal_file(journal_file const&) = delete;
    journal_file& operator=(journal_file const&) = delete;

    /// The records that were there, by index, the last of each.
    std::vector<place> const& places() const noexcept { return places_; }

    /// Throws std::system_error.
    record read(place const& where);

    /// Appends whole records. Throws std::system_error; then none of them is there.
    void write(std::span<std::byte const> records);

    /// Has the disk keep what was written. Throws std::system_error.
    void sync();

    std::string const& path() const noexcept { return path_; }

private:
    [[noreturn]] void fail(std::string const& what, int error) const;
    void open();
    void lock();
    void begin(std::string const& header);
    [[noreturn]] void refuse(std::string_view found, std::vector<journal_field> const& header) const;
    std::string difference(std::string_view found, std::vector<journal_field> const& header) const;
    void find_records(std::uint64_t first);
    bool is_whole(std::uint64_t offset, std::uint64_t end, std::uint64_t& size, std::uint64_t& index);
    std::span<std::byte const> bytes_at(std::uint64_t offset, std::size_t size);
    std::size_t read_at(std::uint64_t offset, std::span<std::byte> to, std::size_t least) const;

    std::string path_;
    descriptor file_;
    std::vector<place> places_;
    std::uint64_t end_ = 0;            // of the last whole record
    std::vector<std::byte> window_;    // what was read last,
    std::uint64_t window_offset_ = 0;  // from here on
};

}  // namespace quartet::inline v0::detail
