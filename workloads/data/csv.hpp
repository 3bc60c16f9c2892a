// workloads/data/csv.hpp
//
// Reads CSV as RFC 4180 defines it, from a text in memory, one record after another.
//
//     csv_header const header(text);
//     std::size_t const mail = header.column("mail");
//     csv_reader reader(header, text);
//     for (csv_record record; reader.next(record);) use(record[mail]);
//
// Lines end with LF or CRLF, the last may lack its end; a UTF-8 byte order mark is skipped. Fields in quotes
// may hold commas, line breaks and doubled quotes. A blank line is skipped, unless the header has a single
// column: then it is a record with an empty field. What breaks these rules is a csv_error, never a guess.
//
// Nothing is copied but the header and fields with doubled quotes. A text can be read in parts by several
// readers (csv_split.hpp). Every type here is for one thread at a time; separate objects are independent.
#pragma once

#include "workloads/data/csv_scan.hpp"

#include <cassert>
#include <cstddef>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace quartet {

/// Broken CSV. what() holds the line, what is wrong and how to mend it.
class csv_error : public std::runtime_error {
public:
    csv_error(std::size_t line, std::string const& problem);

    /// The line of the whole text, the first is 1. Breaks inside quotes count, as they do in an editor.
    std::size_t line() const { return line_; }

private:
    std::size_t line_;
};

/// The names of the columns: the first record of a text. Independent of the text once it is made.
class csv_header {
public:
    /// Reads the first record of `text`. Throws csv_error if it is broken, or if there is none.
    explicit csv_header(std::string_view text);

    std::span<std::string const> names() const { return names_; }

    /// How many columns there are, and so how many fields each record must have.
    std::size_t size() const { return names_.size(); }

    /// Where `name` stands in each record. Look it up once, not per record. Throws std::invalid_argument
    /// if no column, or more than one, has that name.
    std::size_t column(std::string_view name) const;

    /// Where the first record after the header begins: offset in the text, and line.
    std::size_t records_offset() const { return records_offset_; }
    std::size_t records_line() const { return records_line_; }

private:
    std::vector<std::string> names_;
    std::size_t records_offset_;
    std::size_t records_line_;
};

/// The fields of one record, without their quotes. They point into the text that is read or into this
/// object, and hold until it is given to csv_reader::next() again.
class csv_record {
public:
    csv_record() = default;
    csv_record(csv_record const&) = delete;
    csv_record& operator=(csv_record const&) = delete;

    std::size_t size() const { return size_; }
    std::span<std::string_view const> fields() const { return {fields_.data(), size_}; }

    std::string_view operator[](std::size_t column) const {
        assert(column < size_ && "the column comes from the header of the text that this record is of");
        return fields_[column];
    }

private:
    friend class csv_reader;

    void clear();
    void add(std::string_view field);
    void unescape();

    // The first size_ fields belong to the record; the vector keeps its length, so that a record costs no
    // allocation once the first has been read. escaped_ lists the fields that have doubled quotes.
    std::vector<std::string_view> fields_;
    std::size_t size_ = 0;
    std::vector<std::size_t> escaped_;
    std::vector<char> unescaped_;
};

/// Gives the records of a text, or of a part of one, in order. The text must outlive the reader and its
/// records.
class csv_reader {
public:
    /// Reads all records of the text that `header` is the header of.
    csv_reader(csv_header const& header, std::string_view text);

    /// Reads a part that begins and ends at record borders; `first_line` is the line it begins on.
    csv_reader(csv_header const& header, std::string_view part, std::size_t first_line);

    /// The same where the header is not at hand: its size() is all that a reader needs of it.
    csv_reader(std::size_t columns, std::string_view part, std::size_t first_line);

    /// Puts the next record into `record`; false if there is none. Throws csv_error if the text is broken
    /// there, and the same error again if called again.
    bool next(csv_record& record);

private:
    friend class csv_header;
    static constexpr std::size_t any_number = 0;

    csv_reader(std::string_view text, std::size_t first_line, std::size_t columns);

    void skip_blank_lines();
    static char const* read_plain(csv_scanner& scanner, char const* begin, csv_record& record);
    char const* read_quoted(csv_scanner& scanner, char const* begin, csv_record& record) const;
    char const* end_record(csv_scanner& scanner, char const* stop) const;
    void check_size(csv_record const& record) const;
    [[noreturn]] void fail(char const* where, std::string const& problem) const;
    std::size_t line_of(char const* where) const;

    // at_ is where the next record begins; scanner_ has given every special character before it.
    char const* text_;
    std::size_t first_line_;
    std::size_t columns_;
    csv_scanner scanner_;
    char const* at_;
};

}  // namespace quartet
