#include "batch/inputs/sources.hpp"

namespace quartet::batch {

namespace {

// The kernel's MAX_ARG_STRLEN, of which one byte is the NUL at the end: nothing longer can be given to a
// program.
constexpr std::size_t longest_value = (1 << 17) - 1;

void add_byte(std::string& value, int byte, byte_stream const& bytes, std::size_t line) {
    if (value.size() == longest_value)
        bytes.fail(line, "a value of more than " + std::to_string(longest_value) +
                             " bytes begins here, which is more than an argument can hold");
    value += static_cast<char>(byte);
}

}  // namespace

std::optional<std::vector<std::string>> value_source::next() {
    if (given_ == values_.size()) return std::nullopt;
    return std::vector{values_[given_++]};
}

line_source::line_source(std::string const& file, empty_lines empty, int stop)
    : bytes_(file, stop), empty_(empty) {}

std::optional<std::vector<std::string>> line_source::next() {
    // Not when it is made, for then nobody waits for a pipe yet.
    if (!begun_) bytes_.skip_byte_order_mark();
    begun_ = true;
    while (bytes_.peek() != byte_stream::end) {
        std::size_t const line = bytes_.line();
        std::string value;
        for (int byte = bytes_.get(); byte != byte_stream::end && byte != '\n'; byte = bytes_.get()) {
            if (byte == '\0')
                bytes_.fail(
                    line,
                    "it holds a NUL byte, which no argument can hold: values that NUL bytes separate, "
                    "or text in UTF-16, are no lines");
            add_byte(value, byte, bytes_, line);
        }
        if (value.ends_with('\r')) value.pop_back();
        if (!value.empty() || empty_ == empty_lines::kept) return std::vector{std::move(value)};
    }
    return std::nullopt;
}

std::optional<std::vector<std::string>> nul_separated_source::next() {
    if (bytes_.peek() == byte_stream::end) return std::nullopt;
    std::size_t const line = bytes_.line();
    std::string value;
    for (int byte = bytes_.get(); byte != byte_stream::end && byte != '\0'; byte = bytes_.get())
        add_byte(value, byte, bytes_, line);
    return std::vector{std::move(value)};
}

}  // namespace quartet::batch
