#include "src/base/bounded_text.hpp"

#include <fmt/format.h>

namespace quartet::inline v0::detail {
namespace {

/// The length of the longest beginning, of up to `most` bytes, that ends between two characters.
std::size_t whole_characters(std::string_view text, std::size_t most) {
    constexpr std::size_t longest_tail = 3;  // the bytes of a character of UTF-8 after its first
    auto const continues = [&](std::size_t at) {
        return (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80;
    };
    for (std::size_t back = 0; back <= longest_tail; ++back) {
        if (!continues(most - back)) return most - back;
    }
    return most;  // it is not UTF-8
}

}  // namespace

std::string bounded_text(std::string_view text) {
    if (text.size() <= most_text) return std::string(text);
    std::size_t const kept = whole_characters(text, most_text);
    return fmt::format("{}... [{} bytes cut]", text.substr(0, kept), text.size() - kept);
}

}  // namespace quartet::inline v0::detail
