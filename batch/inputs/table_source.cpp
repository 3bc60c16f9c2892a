#include "batch/inputs/sources.hpp"

namespace quartet::batch {

namespace {

// A quote that is never closed makes one record of all that follows; so much of it is kept in memory at most.
constexpr std::size_t longest_record = 1 << 24;

std::string count_of_fields(std::size_t count) {
    return std::to_string(count) + (count == 1 ? " field" : " fields");
}

}  // namespace

table_source::table_source(std::string const& file, char separator, int stop)
    : bytes_(file, stop), separator_(separator) {
    bytes_.skip_byte_order_mark();
    auto header = read_record();
    if (!header) bytes_.fail(bytes_.line(), "it is empty, and its first line should name the columns");
    columns_ = std::move(*header);
}

std::optional<std::vector<std::string>> table_source::next() {
    auto fields = read_record();
    if (fields && fields->size() != columns_.size())
        bytes_.fail(record_line_, "the record has " + count_of_fields(fields->size()) +
                                      ", and the header has " + std::to_string(columns_.size()));
    return fields;
}

std::optional<table_source::record> table_source::read_record() {
    skip_blank_lines();
    if (bytes_.peek() == byte_stream::end) return std::nullopt;
    record_line_ = bytes_.line();
    record_bytes_ = 0;
    record fields;
    do {
        fields.push_back(read_field());
    } while (!take_line_end());
    return fields;
}

void table_source::skip_blank_lines() {
    while (bytes_.peek() == '\n' || bytes_.peek() == '\r') {
        bytes_.get();
    }
}

std::string table_source::read_field() {
    if (bytes_.peek() == '"') return read_quoted();
    return read_plain();
}

std::string table_source::read_quoted() {
    std::size_t const line = bytes_.line();
    bytes_.get();
    std::string field;
    for (int byte = bytes_.get();; byte = bytes_.get()) {
        if (byte == byte_stream::end) bytes_.fail(line, "a field in quotes begins here and never ends");
        if (byte == '"' && bytes_.peek() != '"') return field;
        if (byte == '"') bytes_.get();
        add(field, byte);
    }
}

std::string table_source::read_plain() {
    std::string field;
    for (;; add(field, bytes_.get())) {
        int const byte = bytes_.peek();
        if (byte == byte_stream::end || byte == '\n' || byte == separator_) break;
        if (byte == '"' && separator_ == ',')
            bytes_.fail(bytes_.line(),
                        "a quote stands inside a field that does not begin with one; put the field in "
                        "quotes and double the quote (\"\")");
    }
    // Of a CRLF, or of one whose LF was cut off at the end of the file; the separator after it makes it a
    // byte of the field.
    if (field.ends_with('\r') && bytes_.peek() != separator_) field.pop_back();
    return field;
}

// Or else the separator, after which there is another field.
bool table_source::take_line_end() {
    if (bytes_.peek() == '\r') {  // after a field in quotes; read_plain() takes its own
        bytes_.get();
        if (bytes_.peek() != '\n' && bytes_.peek() != byte_stream::end)
            bytes_.fail(bytes_.line(), "a carriage return without a line feed follows a field in quotes");
    }
    int const byte = bytes_.get();
    if (byte == byte_stream::end || byte == '\n') return true;
    if (byte == separator_) return false;
    bytes_.fail(bytes_.line(),
                "text follows the closing quote of a field; a quote that belongs to the field must be "
                "doubled (\"\")");
}

void table_source::add(std::string& field, int byte) {
    if (byte == '\0')
        bytes_.fail(bytes_.line(), "it holds a NUL byte, which no argument can hold: is it text in UTF-16?");
    if (++record_bytes_ > longest_record)
        bytes_.fail(record_line_, "the record that begins here is longer than " +
                                      std::to_string(longest_record) +
                                      " bytes; a quote may lack its closing one");
    field += static_cast<char>(byte);
}

}  // namespace quartet::batch
