// workloads/data/csv.cpp
//
// How the reader gets its speed, and how it stays strict.
//
// A record of a wide table is mostly characters that mean nothing to the format. The scanner finds the
// four that do, 64 bytes at a time, as bits of a mask, and the reader hops from bit to bit: in a plain field
// the next one must end it; in a quoted field all but quotes are passed over. So every rule is checked where
// the format can break, and nowhere else.
//
// An error needs a line number, which nobody else does. It is counted when the error is made, by going over
// the text once more; reading pays nothing for it.
#include "workloads/data/csv.hpp"

#include <algorithm>
#include <cstring>
#include <numeric>

namespace quartet {
namespace {

constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

std::string_view between(char const* begin, char const* end) {
    return {begin, static_cast<std::size_t>(end - begin)};
}

/// The closing quote of the field whose opening quote the scanner gave last, or the end of the text.
/// `escaped` becomes true if there are doubled quotes on the way.
char const* find_closing_quote(csv_scanner& scanner, bool& escaped) {
    for (;;) {
        char const* const quote = scanner.next();
        if (quote == scanner.end()) return quote;
        if (*quote != '"') continue;
        bool const doubled = quote + 1 != scanner.end() && quote[1] == '"';
        if (!doubled) return quote;
        escaped = true;
        scanner.next();
    }
}

/// Copies `field` to `out` with each doubled quote made one; the end of the copy.
char* copy_unescaped(std::string_view field, char* out) {
    while (!field.empty()) {
        std::size_t const quote = field.find('"');
        bool const last = quote == field.npos;
        std::size_t const kept = last ? field.size() : quote + 1;
        out = std::copy_n(field.begin(), kept, out);
        field.remove_prefix(last ? kept : kept + 1);
    }
    return out;
}

std::string count_of_fields(std::size_t count) {
    return std::to_string(count) + (count == 1 ? " field" : " fields");
}

}  // namespace

csv_error::csv_error(std::size_t line, std::string const& problem)
    : std::runtime_error("line " + std::to_string(line) + ": " + problem), line_(line) {}

csv_header::csv_header(std::string_view text) {
    std::size_t const skipped = text.starts_with(byte_order_mark) ? byte_order_mark.size() : 0;
    csv_reader reader(text.substr(skipped), 1, csv_reader::any_number);
    csv_record record;
    if (!reader.next(record)) throw csv_error(1, "the text is empty; its first line must name the columns");
    if (record.size() == 1 && record[0].empty())
        throw csv_error(1, "the first line is empty; it must name the columns");
    names_.assign(record.fields().begin(), record.fields().end());
    records_offset_ = static_cast<std::size_t>(reader.at_ - text.data());
    records_line_ = reader.line_of(reader.at_);
}

std::size_t csv_header::column(std::string_view name) const {
    auto const found = std::find(names_.begin(), names_.end(), name);
    if (found == names_.end()) {
        std::string allowed;
        for (std::string const& other : names_)
            allowed += (allowed.empty() ? "" : ", ") + other;
        throw std::invalid_argument("no column is named \"" + std::string(name) +
                                    "\"; there are: " + allowed);
    }
    if (std::find(found + 1, names_.end(), name) != names_.end())
        throw std::invalid_argument("more than one column is named \"" + std::string(name) +
                                    "\"; rename them");
    return static_cast<std::size_t>(found - names_.begin());
}

inline void csv_record::clear() {
    size_ = 0;
    escaped_.clear();
}

inline void csv_record::add(std::string_view field) {
    if (size_ == fields_.size()) fields_.resize(std::max<std::size_t>(16, 2 * size_));
    fields_[size_++] = field;
}

void csv_record::unescape() {
    // The space for all of them is made first, so that no field moves once another points to it.
    std::size_t const enough =
        std::accumulate(escaped_.begin(), escaped_.end(), std::size_t{0},
                        [this](std::size_t sum, std::size_t i) { return sum + fields_[i].size(); });
    if (unescaped_.size() < enough) unescaped_.resize(enough);
    char* out = unescaped_.data();
    for (std::size_t const i : escaped_) {
        char* const begin = out;
        out = copy_unescaped(fields_[i], begin);
        fields_[i] = between(begin, out);
    }
}

csv_reader::csv_reader(csv_header const& header, std::string_view text)
    : csv_reader(header, text.substr(header.records_offset()), header.records_line()) {}

csv_reader::csv_reader(csv_header const& header, std::string_view part, std::size_t first_line)
    : csv_reader(part, first_line, header.size()) {}

csv_reader::csv_reader(std::size_t columns, std::string_view part, std::size_t first_line)
    : csv_reader(part, first_line, columns) {
    assert(columns != any_number && "a header has a column at least");
}

csv_reader::csv_reader(std::string_view text, std::size_t first_line, std::size_t columns)
    : text_(text.data()), first_line_(first_line), columns_(columns), scanner_(text), at_(text.data()) {}

bool csv_reader::next(csv_record& record) {
    if (columns_ > 1) skip_blank_lines();
    if (at_ == scanner_.end()) return false;

    // Working on copies lets the compiler keep them in registers, and leaves the reader as it was when
    // the record turns out to be broken.
    csv_scanner scanner = scanner_;
    char const* at = at_;
    record.clear();
    for (bool more = true; more;) {
        bool const quoted = at != scanner.end() && *at == '"';
        char const* const field_end =
            quoted ? read_quoted(scanner, at, record) : read_plain(scanner, at, record);
        more = field_end != scanner.end() && *field_end == ',';
        at = more ? field_end + 1 : end_record(scanner, field_end);
    }
    check_size(record);
    if (!record.escaped_.empty()) record.unescape();
    scanner_ = scanner;
    at_ = at;
    return true;
}

/// Reads the field at `begin` up to the character that ends it, or the end of the text; this one and the
/// next return where that is.
inline char const* csv_reader::read_plain(csv_scanner& scanner, char const* begin, csv_record& record) {
    char const* const stop = scanner.next();
    record.add(between(begin, stop));
    return stop;
}

inline char const* csv_reader::read_quoted(csv_scanner& scanner, char const* begin,
                                           csv_record& record) const {
    scanner.next();
    bool escaped = false;
    char const* const quote = find_closing_quote(scanner, escaped);
    if (quote == scanner.end())
        fail(begin, "a field in quotes begins here and never ends; add its closing quote");
    char const* const stop = scanner.next();
    if (stop != quote + 1)
        fail(quote,
             "text follows the closing quote of a field; a comma or the end of the line must, and a quote "
             "that belongs to the text must be doubled (\"\")");
    if (escaped) record.escaped_.push_back(record.size_);
    record.add(between(begin + 1, quote));
    return stop;
}

/// Where the next record begins, if a line or the text ends at `stop`; nothing else may be there.
inline char const* csv_reader::end_record(csv_scanner& scanner, char const* stop) const {
    char const* const end = scanner.end();
    if (stop == end) return end;
    if (*stop == '\n') return stop + 1;
    if (*stop == '\r' && stop + 1 != end && stop[1] == '\n') return scanner.next() + 1;
    if (*stop == '"')
        fail(stop,
             "a quote stands inside a field that does not begin with one; put the field in quotes and "
             "double the quote (\"\")");
    fail(stop,
         "a carriage return without a line feed; end lines with LF or CRLF, or put the field in quotes");
}

inline void csv_reader::check_size(csv_record const& record) const {
    if (columns_ == any_number || record.size() == columns_) return;
    fail(at_, "the record has " + count_of_fields(record.size()) + ", but the header has " +
                  std::to_string(columns_) +
                  "; add or remove commas, or put fields that hold commas or line breaks in quotes");
}

void csv_reader::skip_blank_lines() {
    for (char const* const end = scanner_.end(); at_ != end;) {
        bool const carriage_return = *at_ == '\r' && at_ + 1 != end && at_[1] == '\n';
        if (*at_ != '\n' && !carriage_return) return;
        if (carriage_return) scanner_.next();
        at_ = scanner_.next() + 1;
    }
}

void csv_reader::fail(char const* where, std::string const& problem) const {
    throw csv_error(line_of(where), problem);
}

std::size_t csv_reader::line_of(char const* where) const {
    return first_line_ + count_quotes_and_lines(between(text_, where)).line_feeds;
}

}  // namespace quartet
