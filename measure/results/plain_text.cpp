#include "measure/results/plain_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <system_error>

namespace quartet::measure {
namespace {

struct decoded {
    char32_t code;  ///< 0 if the bytes are none of UTF-8
    std::size_t length;
};

/// The first character (RFC 3629, section 4).
decoded decode_first(std::string_view text) {
    auto const byte = [&](std::size_t position) {
        return position < text.size() ? static_cast<unsigned char>(text[position]) : 0u;
    };
    unsigned const first = byte(0);
    if (first < 0x80) return {first, 1};
    std::size_t const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4) return {0, 1};
    char32_t code = first & (0x7fu >> length);
    for (std::size_t position = 1; position < length; ++position) {
        if ((byte(position) & 0xc0) != 0x80) return {0, 1};
        code = code << 6 | (byte(position) & 0x3f);
    }
    constexpr char32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    bool const surrogate = code >= 0xd800 && code <= 0xdfff;
    return code < least[length] || code > 0x10ffff || surrogate ? decoded{0, 1} : decoded{code, length};
}

/// Not a control character (C0, DEL, C1), nor one that changes the direction of writing (UAX #9), nor a line
/// or paragraph separator.
bool is_shown(char32_t code) {
    auto const within = [code](char32_t first, char32_t last) { return code >= first && code <= last; };
    return !(code < 0x20 || within(0x7f, 0x9f) || code == 0x61c || within(0x200e, 0x200f) ||
             within(0x2028, 0x202e) || within(0x2066, 0x2069));
}

std::string name_of(char32_t code) {
    return fmt::format("\u2039U+{:04X}\u203a", static_cast<std::uint32_t>(code));
}

char32_t hexadecimal(std::string_view digits) {
    std::uint32_t code = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), code, 16);
    return code;
}

/// The number between `begins` and `ends`, which the text ends with, and where that begins.
struct mark {
    std::size_t number;
    std::size_t position;
};
std::optional<mark> mark_of(std::string_view text, std::string_view begins, std::string_view ends) {
    auto const position = text.rfind(begins);
    if (position == text.npos || !text.ends_with(ends)) return std::nullopt;
    std::size_t number = 0;
    auto const [end, error] =
        std::from_chars(text.data() + position + begins.size(), text.data() + text.size(), number);
    if (error != std::errc() || end + ends.size() != text.data() + text.size()) return std::nullopt;
    return mark{number, position};
}

/// How long it was before it was shortened, here or by the library (bounded_text.hpp).
std::size_t whole_size(std::string_view text) {
    if (auto const known = mark_of(text, " [... ", " bytes in all]")) return known->number;
    if (auto const known = mark_of(text, "... [", " bytes cut]")) return known->position + known->number;
    return text.size();
}

}  // namespace

std::string plain_text(std::string_view text) {
    std::string out = plain_lines(text);
    std::ranges::replace_if(
        out, [](char each) { return each == '\n' || each == '\t'; }, ' ');
    return out;
}

std::string plain_lines(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        auto const [code, length] = decode_first(text);
        bool const stays = is_shown(code) || code == '\n' || code == '\t';
        out += stays ? text.substr(0, length) : code == '\r' ? " " : "?";
        text.remove_prefix(length);
    }
    return out;
}

std::string shortened(std::string_view text, std::size_t most) {
    if (text.size() <= most) return std::string(text);
    auto const mark = fmt::format(" [... {} bytes in all]", whole_size(text));
    std::size_t kept = most - std::min(most, mark.size());
    // Not within a character.
    while (kept > 0 && (static_cast<unsigned char>(text[kept]) & 0xc0) == 0x80)
        --kept;
    return std::string(text.substr(0, kept)) + mark;
}

std::string with_plain_texts(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        if (text.starts_with('\\')) {  // with what it escapes, so that "\\\\u001b" is no control character
            bool const coded = text.substr(1).starts_with('u') && text.size() >= 6;
            bool const control =
                text.substr(1, 5).starts_with("u000") || text.substr(1, 5).starts_with("u001");
            std::size_t const length = std::min<std::size_t>(text.size(), coded ? 6 : 2);
            if (coded && control) {
                out += name_of(hexadecimal(text.substr(2, 4)));
            } else if (text.substr(1).starts_with('b')) {
                out += name_of('\b');
            } else if (text.substr(1).starts_with('f')) {
                out += name_of('\f');
            } else {
                out += text.substr(0, length);
            }
            text.remove_prefix(length);
            continue;
        }
        auto const [code, length] = decode_first(text);
        bool const layout = code == '\n' || code == '\t' || code == '\r';
        if (is_shown(code) || layout) {
            out += text.substr(0, length);
        } else {
            out += code == 0 ? "?" : name_of(code);
        }
        text.remove_prefix(length);
    }
    return out;
}

}  // namespace quartet::measure
