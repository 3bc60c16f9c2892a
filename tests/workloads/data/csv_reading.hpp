// tests/workloads/data/csv_reading.hpp
//
// What a reading of a CSV text gives, in a form that tests can compare: read by the reader at once, by the
// reader in parts, and by a second parser that goes from character to character and knows nothing of blocks.
#pragma once

#include "workloads/data/csv.hpp"
#include "workloads/data/csv_digest.hpp"
#include "workloads/data/csv_split.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace quartet {

using csv_rows = std::vector<std::vector<std::string>>;

struct csv_reading {
    csv_rows rows;               // the header is the first
    std::size_t error_line = 0;  // 0: none
    std::string error;

    friend bool operator==(csv_reading const&, csv_reading const&) = default;
};

inline void append_rows(csv_rows& rows, csv_reader& reader) {
    for (csv_record record; reader.next(record);)
        rows.emplace_back(record.fields().begin(), record.fields().end());
}

/// `parts` 0: by one reader, in one pass.
inline csv_reading read_csv(std::string_view text, std::size_t parts = 0) {
    csv_reading reading;
    try {
        csv_header const header(text);
        reading.rows.emplace_back(header.names().begin(), header.names().end());
        if (parts == 0) {
            csv_reader reader(header, text);
            append_rows(reading.rows, reader);
        } else {
            for (csv_part const& part : split_at_records(text, parts)) {
                csv_reader reader(header, text.substr(part.offset, part.length), part.first_line);
                append_rows(reading.rows, reader);
            }
        }
    } catch (csv_error const& error) {
        reading.error_line = error.line();
        reading.error = error.what();
    }
    return reading;
}

/// The second parser. It gives no text for an error, only its line.
class csv_reference {
public:
    static csv_reading read(std::string_view text) {
        if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
        csv_reference reference{text};
        try {
            reference.read_all();
        } catch (std::size_t line) {
            reference.reading_.error_line = line;
        }
        return reference.reading_;
    }

private:
    explicit csv_reference(std::string_view text) : text_(text) {}

    bool done() const { return at_ == text_.size(); }
    bool sees(std::string_view what) const { return text_.substr(at_).starts_with(what); }

    bool take(std::string_view what) {
        if (!sees(what)) return false;
        at_ += what.size();
        if (what.ends_with('\n')) ++line_;
        return true;
    }

    bool take_line_end() { return take("\r\n") || take("\n"); }

    void read_all() {
        if (done()) throw std::size_t{1};
        while (!done()) {
            bool const header = reading_.rows.empty();
            if (!header && reading_.rows[0].size() > 1 && take_line_end()) continue;
            std::size_t const first_line = line_;
            auto row = read_row();
            if (header && row == std::vector<std::string>{""}) throw std::size_t{1};
            if (!header && row.size() != reading_.rows[0].size()) throw first_line;
            reading_.rows.push_back(std::move(row));
        }
    }

    std::vector<std::string> read_row() {
        std::vector<std::string> row;
        do
            row.push_back(take("\"") ? read_quoted() : read_plain());
        while (take(","));
        if (!done() && !take_line_end()) throw line_;
        return row;
    }

    std::string read_quoted() {
        std::size_t const first_line = line_;
        std::string field;
        for (;;) {
            if (done()) throw first_line;
            if (take("\"\""))
                field += '"';
            else if (take("\""))
                return field;
            else {
                field += text_[at_];
                take(text_.substr(at_, 1));
            }
        }
    }

    std::string read_plain() {
        std::string field;
        while (!done() && !sees(",") && !sees("\n") && !sees("\r")) {
            if (sees("\"")) throw line_;
            field += text_[at_++];
        }
        return field;
    }

    std::string_view text_;
    std::size_t at_ = 0;
    std::size_t line_ = 1;
    csv_reading reading_;
};

inline csv_digest digest_in_parts(std::string_view text, std::size_t parts) {
    csv_header const header(text);
    csv_digest digest;
    for (csv_part const& part : split_at_records(text, parts)) {
        csv_reader reader(header, text.substr(part.offset, part.length), part.first_line);
        digest.append(digest_of(reader));
    }
    return digest;
}

/// Reads any text, broken or not, in every way. The first way that disagrees with the others, or nothing.
inline std::string disagreement(std::string_view text, std::size_t most_parts) {
    csv_reading const once = read_csv(text);
    csv_reading const reference = csv_reference::read(text);
    if (once.rows != reference.rows) return "the reference reads other rows";
    if (once.error_line != reference.error_line) return "the reference sees another error";
    for (std::size_t parts = 1; parts <= most_parts; ++parts)
        if (read_csv(text, parts) != once) return std::to_string(parts) + " parts read something else";
    if (once.error_line != 0) return {};
    csv_digest const whole = digest_in_parts(text, 1);
    for (std::size_t parts = 2; parts <= most_parts; ++parts)
        if (digest_in_parts(text, parts) != whole)
            return std::to_string(parts) + " parts have another digest";
    return {};
}

}  // namespace quartet
