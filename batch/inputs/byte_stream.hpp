// batch/inputs/byte_stream.hpp
//
// The bytes of a file or of standard input, one after another, with the line that each stands in.
#pragma once

#include "src/base/descriptor.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace quartet::batch {

/// Thrown where a stop ends the wait for bytes.
struct inputs_stopped {};

class byte_stream {
public:
    static constexpr int end = -1;

    /// Opens a file; "-" is standard input, which stays open afterwards. From when the descriptor `stop` is
    /// readable nothing is waited for any more; -1: there is none. Throws std::runtime_error if it can't be
    /// opened, or is a folder.
    explicit byte_stream(std::string const& file, int stop = -1);

    /// The next byte, or `end`; peek() leaves it there. They wait for a pipe. Throw std::runtime_error if it
    /// can't be read, inputs_stopped.
    int get();
    int peek() { return at_ < filled_ || fill() ? static_cast<unsigned char>(buffer_[at_]) : end; }

    /// Of the text that follows, if it begins with it. Only at its begin.
    void skip_byte_order_mark();

    /// That the next byte stands in; the first is 1.
    std::size_t line() const { return line_; }

    /// "'list.txt'", or "standard input".
    static std::string name_of(std::string const& file);

    /// Throws std::runtime_error: "cannot read 'list.txt', line 3: PROBLEM".
    [[noreturn]] void fail(std::size_t line, std::string_view problem) const;

private:
    bool fill();
    std::size_t read_to(std::size_t place);
    void wait() const;
    [[noreturn]] void refuse(std::string_view problem) const;

    std::string name_;
    detail::descriptor own_;
    int number_ = 0;
    int stop_ = -1;
    std::vector<char> buffer_;
    std::size_t at_ = 0;
    std::size_t filled_ = 0;
    bool ended_ = false;  // a terminal's end is asked for once
    std::size_t line_ = 1;
};

inline int byte_stream::get() {
    int const byte = peek();
    if (byte == end) return end;
    ++at_;
    if (byte == '\n') ++line_;
    return byte;
}

}  // namespace quartet::batch
