// workloads/data/csv_split.cpp
//
// Why counting quotes is enough.
//
// A line feed ends a record unless it stands in quotes, and a position stands in quotes when the number of
// quotes before it is odd: a doubled quote changes that number by two. So a border near a wanted position is
// found by counting the quotes before it and going on to the next line feed that stands outside.
//
// In broken text the count goes wrong after the first error, not before it. So the part with the first error
// begins at a true border, and reads up to the error what one pass would read. It cannot end before the
// error is plain either: the one error that needs text after it is a quote that is never closed, and behind
// that no line feed stands outside quotes.
#include "workloads/data/csv_split.hpp"

#include "workloads/data/csv.hpp"
#include "workloads/data/csv_scan.hpp"

#include <algorithm>
#include <cstddef>

namespace quartet {
namespace {

/// The first position at or after `from` that follows a line feed outside quotes, or the end of the text.
std::size_t next_border(std::string_view text, std::size_t from, bool in_quotes) {
    csv_scanner scanner(text.substr(from));
    for (char const* at = scanner.next(); at != scanner.end(); at = scanner.next()) {
        if (*at == '"') in_quotes = !in_quotes;
        if (*at == '\n' && !in_quotes) return static_cast<std::size_t>(at + 1 - text.data());
    }
    return text.size();
}

}  // namespace

std::vector<csv_part> split_at_records(std::string_view text, std::size_t parts) {
    return split_at_records(csv_header(text), text, parts);
}

std::vector<csv_part> split_at_records(csv_header const& header, std::string_view text, std::size_t parts) {
    std::size_t const begin = header.records_offset();
    std::size_t const total = text.size() - begin;
    parts = std::clamp<std::size_t>(parts, 1, std::max<std::size_t>(total, 1));

    std::vector<csv_part> result;
    csv_part part{begin, 0, header.records_line()};
    for (std::size_t i = 1; i <= parts && part.offset != text.size(); ++i) {
        // The quotient first: total * i may not fit.
        std::size_t const wanted = begin + total / parts * i + total % parts * i / parts;
        if (wanted <= part.offset) continue;  // one record is longer than a share
        csv_count const before = count_quotes_and_lines(text.substr(part.offset, wanted - part.offset));
        std::size_t const border = next_border(text, wanted, before.quotes % 2 != 0);
        csv_count const after = count_quotes_and_lines(text.substr(wanted, border - wanted));
        part.length = border - part.offset;
        result.push_back(part);
        part = {border, 0, part.first_line + before.line_feeds + after.line_feeds};
    }
    return result;
}

}  // namespace quartet
