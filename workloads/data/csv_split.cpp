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
#include <utility>

namespace quartet {

csv_splitter::csv_splitter(csv_header const& header, std::size_t size, std::size_t parts)
    : begin_(header.records_offset()),
      size_(size),
      parts_(std::clamp<std::size_t>(parts, 1, std::max<std::size_t>(size - begin_, 1))),
      at_(begin_),
      part_{begin_, 0, header.records_line()} {
    look_for_next_wanted();
}

/// The quotient first: total * i may not fit. One record may be longer than a share.
void csv_splitter::look_for_next_wanted() {
    std::size_t const total = size_ - begin_;
    do {
        ++share_;
        wanted_ = begin_ + total / parts_ * share_ + total % parts_ * share_ / parts_;
    } while (wanted_ <= part_.offset && share_ < parts_);
}

void csv_splitter::add(std::string_view piece) {
    while (!piece.empty())
        piece.remove_prefix(at_ < wanted_ ? count_to_wanted(piece) : find_border(piece));
}

std::size_t csv_splitter::count_to_wanted(std::string_view piece) {
    auto const taken = piece.substr(0, wanted_ - at_);
    csv_count const found = count_quotes_and_lines(taken);
    in_quotes_ ^= found.quotes % 2 != 0;
    lines_ += found.line_feeds;
    at_ += taken.size();
    return taken.size();
}

/// The first position at or after the one that is wanted which follows a line feed outside quotes.
std::size_t csv_splitter::find_border(std::string_view piece) {
    csv_scanner scanner(piece);
    for (char const* at = scanner.next(); at != scanner.end(); at = scanner.next()) {
        in_quotes_ ^= *at == '"';
        if (*at != '\n') continue;
        ++lines_;
        if (in_quotes_) continue;
        auto const taken = static_cast<std::size_t>(at + 1 - piece.data());
        at_ += taken;
        end_part();
        return taken;
    }
    at_ += piece.size();
    return piece.size();
}

void csv_splitter::end_part() {
    part_.length = at_ - part_.offset;
    done_.push_back(part_);
    part_ = {at_, 0, part_.first_line + std::exchange(lines_, 0)};
    in_quotes_ = false;
    look_for_next_wanted();
}

std::vector<csv_part> csv_splitter::take() {
    if (part_.offset != at_) end_part();
    return std::move(done_);
}

std::vector<csv_part> split_at_records(std::string_view text, std::size_t parts) {
    return split_at_records(csv_header(text), text, parts);
}

std::vector<csv_part> split_at_records(csv_header const& header, std::string_view text, std::size_t parts) {
    csv_splitter splitter(header, text.size(), parts);
    splitter.add(text.substr(header.records_offset()));
    return splitter.take();
}

}  // namespace quartet
