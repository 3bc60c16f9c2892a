#include "src/io/http/http_failure.hpp"

#include "src/io/http/http_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace quartet::inline v0::detail {
namespace {

constexpr std::string_view ends_of_authority = "/?#\\ \t\r\n\"'<>";

bool is_control(char c) noexcept {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

/// RFC 9110, 5.6.2: what a method and the name of a header are made of.
bool is_token(std::string_view text) noexcept {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) ||
               std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
    });
}

std::string printable(std::string_view text) {
    std::string shown;
    for (char const c : text) {
        if (is_control(c)) {
            shown += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
        } else {
            shown += c;
        }
    }
    return shown;
}

/// The position of the host in a URL whose authority begins at `begin`.
std::size_t host_of(std::string_view text, std::size_t begin) noexcept {
    auto const end = std::min(text.find_first_of(ends_of_authority, begin), text.size());
    auto const at = text.substr(begin, end - begin).rfind('@');
    if (at != text.npos) return begin + at + 1;
    // A password may hold what ends an authority, if it was not encoded: the port is then no number.
    auto const colon = text.substr(begin, end - begin).rfind(':');
    if (colon == text.npos || end == text.size()) return begin;
    auto const port = text.substr(begin + colon + 1, end - begin - colon - 1);
    if (text[begin] == '[' && port.find(']') != text.npos) return begin;
    if (std::all_of(port.begin(), port.end(),
                    [](char c) { return std::isdigit(static_cast<unsigned char>(c)); }))
        return begin;
    auto const late = text.rfind('@');
    return late == text.npos || late < end ? begin : late + 1;
}

void require_sendable_headers(http_request const& request) {
    auto const refuse = [](std::string reason) {
        throw http_failure{fetch_error::kind::other, std::move(reason)};
    };
    for (auto const& [name, value] : request.headers) {
        if (!is_token(name))
            refuse(fmt::format("'{}' can't be the name of a header: letters, digits and !#$%&'*+-.^_`|~ can",
                               name));
        if (std::any_of(value.begin(), value.end(), [](char c) { return is_control(c) && c != '\t'; }))
            refuse(fmt::format(
                "the header {} has a control character in its value, such as the end of a line: take it out",
                name));
        if (same_name(name, "Content-Length") && trim(value) != std::to_string(request.body.size()))
            refuse(fmt::format("the header Content-Length says {}, but the body has {} bytes: leave it out",
                               value, request.body.size()));
    }
}

}  // namespace

std::string without_credentials(std::string_view text) {
    constexpr std::string_view mark = "://";
    if (text.find(mark) == text.npos) return std::string(text);
    std::string shown;
    std::size_t taken = 0;
    for (auto at = text.find(mark); at != text.npos; at = text.find(mark, taken)) {
        auto const begin = at + mark.size();
        shown += text.substr(taken, begin - taken);
        taken = host_of(text, begin);
    }
    return shown.append(text.substr(taken));
}

std::exception_ptr no_reply(http_request const& request, http_failure const& why) {
    // An address without a scheme is taken for HTTP, and may have a password all the same.
    bool const is_bare = request.url.find("://") == std::string::npos;
    auto const url =
        is_bare ? without_credentials("://" + request.url).substr(3) : without_credentials(request.url);
    return std::make_exception_ptr(fetch_error(
        why.kind, printable(fmt::format("{} {}: {}", request.method, url, without_credentials(why.reason)))));
}

void require_sendable(http_request const& request) {
    using kind = fetch_error::kind;
    if (!is_token(request.method))
        throw http_failure{kind::other, "that is no method: it is one word, such as GET"};
    if (std::any_of(request.url.begin(), request.url.end(), [](char c) { return is_control(c) || c == ' '; }))
        throw http_failure{kind::url,
                           "the URL has a space or a control character in it: write %20 for a "
                           "space, and %0A for the end of a line"};
    if (request.ca_file.find('\0') != std::string::npos)
        throw http_failure{kind::tls, "the name of ca_file has a zero byte in it"};
    require_sendable_headers(request);
}

}  // namespace quartet::inline v0::detail
