#include "src/io/http/http_redirect.hpp"

#include "src/io/http/http_text.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace quartet::inline v0::detail {
namespace {

bool begins_with(std::string_view name, std::string_view start) noexcept {
    return name.size() >= start.size() && same_name(name.substr(0, start.size()), start);
}

/// About the body, so that it would be a lie without one.
bool describes_body(std::string_view name) noexcept {
    return begins_with(name, "Content-") || same_name(name, "Transfer-Encoding") ||
           same_name(name, "Expect") || same_name(name, "Digest");
}

/// The documented list (http.hpp) of what any server may see. All other headers may carry secrets: their
/// names are free.
bool is_harmless(std::string_view name) noexcept {
    constexpr std::array exact{"Accept", "Cache-Control", "Pragma", "Range", "User-Agent"};
    return begins_with(name, "Accept-") || begins_with(name, "Content-") || begins_with(name, "If-") ||
           std::any_of(exact.begin(), exact.end(),
                       [name](std::string_view each) { return same_name(name, each); });
}

enum class meaning {
    no_redirect,
    same_method,
    get_instead,
};

meaning meaning_of(int status, std::string const& method) noexcept {
    bool const only_reads = method == "GET" || method == "HEAD";
    switch (status) {
        case 300:  // there is a choice, and the server prefers one
            return only_reads ? meaning::same_method : meaning::no_redirect;
        case 301:
        case 302:
            return method == "POST" ? meaning::get_instead : meaning::same_method;
        case 303:
            return only_reads ? meaning::same_method : meaning::get_instead;
        case 307:
        case 308:
            return meaning::same_method;
        default:
            return meaning::no_redirect;
    }
}

}  // namespace

std::optional<redirection> redirected(http_request const& request, http_url const& from, int status,
                                      std::string const& location) {
    auto const what = meaning_of(status, request.method);
    if (what == meaning::no_redirect || location.empty()) return std::nullopt;

    redirection next{http_request(from.resolve(location)), false};
    http_url to;
    to.parse(next.request.url);
    next.request.method = what == meaning::get_instead ? "GET" : request.method;
    // A GET may have a body of its own; after 303 it is another GET.
    next.body_goes_along = what == meaning::same_method && status != 303;
    // What was meant for an encrypted connection alone.
    if (next.body_goes_along && !request.body.empty() && from.scheme() == "https" && to.scheme() == "http")
        return std::nullopt;
    for (auto const& header : request.headers) {
        if (!next.body_goes_along && describes_body(header.first)) continue;
        if (from.has_same_origin(to) || is_harmless(header.first)) next.request.headers.push_back(header);
    }
    next.request.timeout = request.timeout;
    next.request.max_redirects = request.max_redirects;
    next.request.most_bytes = request.most_bytes;
    next.request.verify_tls = request.verify_tls;
    next.request.ca_file = request.ca_file;
    next.request.reuse_connection = request.reuse_connection;
    return next;
}

bool may_be_repeated(http_request const& request) noexcept {
    constexpr std::array idempotent{"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"};
    return std::any_of(idempotent.begin(), idempotent.end(),
                       [&](std::string_view each) { return request.method == each; }) ||
           std::any_of(request.headers.begin(), request.headers.end(), [](auto const& header) {
               return same_name(header.first, "Idempotency-Key") ||
                      same_name(header.first, "X-Idempotency-Key");
           });
}

}  // namespace quartet::inline v0::detail
