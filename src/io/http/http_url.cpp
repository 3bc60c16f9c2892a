#include "src/io/http/http_url.hpp"

#include "src/io/http/http_failure.hpp"
#include "src/io/http/http_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <arpa/inet.h>
#include <cctype>
#include <cstdlib>
#include <new>
#include <optional>

namespace quartet::inline v0::detail {
namespace {

constexpr unsigned as_libcurl_reads_it = CURLU_GUESS_SCHEME | CURLU_NON_SUPPORT_SCHEME;

constexpr std::size_t shown_of_a_location = 200;

using parts_of_url = std::unique_ptr<CURLU, decltype(&curl_url_cleanup)>;

parts_of_url require(CURLU* parts) {
    if (!parts) throw std::bad_alloc();
    return {parts, &curl_url_cleanup};
}

[[noreturn]] void refuse(fetch_error::kind how, std::string_view what, CURLUcode why) {
    if (why == CURLUE_OUT_OF_MEMORY) throw std::bad_alloc();
    throw http_failure{how, fmt::format("{}{}", what, curl_url_strerror(why))};
}

std::optional<std::string> part(CURLU* parts, CURLUPart which, unsigned flags = 0) {
    char* text = nullptr;
    CURLUcode const result = curl_url_get(parts, which, &text, flags);
    // Of a host that has no punycode libcurl 7.88 says that there is no memory, and leaves what it could not
    // convert to us.
    std::unique_ptr<char, decltype(&curl_free)> const owner(text, &curl_free);
    if (result == CURLUE_OUT_OF_MEMORY && !(flags & CURLU_PUNYCODE)) throw std::bad_alloc();
    if (result != CURLUE_OK) return std::nullopt;
    return std::string(text);
}

std::string lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); });
    return text;
}

bool ends_in(std::string_view text, std::string_view end) {
    return text.size() >= end.size() && same_name(text.substr(text.size() - end.size()), end);
}

bool needs_look_up(std::string const& host) {
    in_addr ipv4{};
    if (host.empty() || host.front() == '[' || inet_pton(AF_INET, host.c_str(), &ipv4) == 1) return false;
    return !same_name(host, "localhost") && !ends_in(host, ".localhost");
}

char const* variable(std::string const& name) {
    char const* const value = std::getenv(name.c_str());
    return value && *value ? value : nullptr;
}

/// Whether no_proxy excepts a host. Only names are compared: an address needs no looking up anyway.
bool is_excepted(std::string_view host) {
    char const* list = variable("no_proxy");
    if (!list) list = variable("NO_PROXY");
    if (!list) return false;
    std::string commas(list);
    std::replace(commas.begin(), commas.end(), ' ', ',');
    if (host.ends_with('.')) host.remove_suffix(1);
    bool found = false;
    for_each_listed(commas, [&](std::string_view name) {
        if (name.starts_with('.')) name.remove_prefix(1);
        if (name.ends_with('.')) name.remove_suffix(1);
        found |= name == "*" || same_name(name, host) || ends_in(host, "." + std::string(name));
    });
    return found;
}

/// The proxy that libcurl would choose. Not HTTP_PROXY, which in a CGI program comes from a client's header.
char const* proxy_for(std::string const& scheme, std::string_view host) {
    char const* proxy = variable(scheme + "_proxy");
    if (!proxy && scheme == "https") proxy = variable("HTTPS_PROXY");
    if (!proxy) proxy = variable("all_proxy");
    if (!proxy) proxy = variable("ALL_PROXY");
    return proxy && !is_excepted(host) ? proxy : nullptr;
}

}  // namespace

http_url::http_url() : parts_(require(curl_url())) {}

void http_url::parse(std::string const& text) {
    CURLU* const parts = parts_.get();
    if (auto const why = curl_url_set(parts, CURLUPART_URL, text.c_str(), as_libcurl_reads_it);
        why != CURLUE_OK)
        refuse(fetch_error::kind::url, "", why);
    scheme_ = lower(part(parts, CURLUPART_SCHEME).value_or(""));
    if (scheme_ != "http" && scheme_ != "https")
        throw http_failure{fetch_error::kind::url,
                           fmt::format("the scheme '{}' is neither http nor https", scheme_)};
    auto host = part(parts, CURLUPART_HOST, CURLU_PUNYCODE);
    if (!host || host->empty())
        throw http_failure{fetch_error::kind::url, "the URL has no host that can be looked up"};
    host_ = lower(std::move(*host));
    port_ = part(parts, CURLUPART_PORT, CURLU_DEFAULT_PORT).value_or("");
}

std::string http_url::resolve(std::string const& location) const {
    constexpr auto kind = fetch_error::kind::reply;
    std::string const what = fmt::format(
        "it redirects to '{}{}', where no fetch can go: ", location.starts_with("//") ? scheme_ + ":" : "",
        std::string_view(location).substr(0, shown_of_a_location));
    if (location.find('\0') != location.npos) throw http_failure{kind, what + "there is a zero byte in it"};
    auto const parts = require(curl_url_dup(parts_.get()));
    if (auto const why = curl_url_set(parts.get(), CURLUPART_URL, location.c_str(),
                                      CURLU_NON_SUPPORT_SCHEME | CURLU_URLENCODE | CURLU_ALLOW_SPACE);
        why != CURLUE_OK)
        refuse(kind, what, why);
    auto const text_of = [&] { return part(parts.get(), CURLUPART_URL).value_or(""); };
    http_url target;
    try {
        target.parse(text_of());
    } catch (http_failure const& why) {
        throw http_failure{kind, what + why.reason};
    }
    if (has_same_origin(target) && !part(parts.get(), CURLUPART_USER)) {
        for (CURLUPart const which : {CURLUPART_USER, CURLUPART_PASSWORD}) {
            auto const kept = part(parts_.get(), which);
            if (kept && curl_url_set(parts.get(), which, kept->c_str(), 0) != CURLUE_OK)
                throw std::bad_alloc();
        }
    }
    return text_of();
}

std::vector<host_name> http_url::names_to_look_up() const {
    std::vector<host_name> names;
    auto const add = [&names](std::string host, std::string port) {
        if (needs_look_up(host)) names.push_back({std::move(host), std::move(port)});
    };
    char const* const proxy = proxy_for(scheme_, host_);
    if (!proxy) {
        add(host_, port_);
        return names;
    }
    auto const parts = require(curl_url());
    if (curl_url_set(parts.get(), CURLUPART_URL, proxy, as_libcurl_reads_it) != CURLUE_OK) return names;
    auto const scheme = lower(part(parts.get(), CURLUPART_SCHEME).value_or(""));
    add(lower(part(parts.get(), CURLUPART_HOST, CURLU_PUNYCODE).value_or("")),
        part(parts.get(), CURLUPART_PORT).value_or(scheme == "https" ? "443" : "1080"));
    // These proxies are told an address.
    if (scheme == "socks4" || scheme == "socks5") add(host_, port_);
    return names;
}

}  // namespace quartet::inline v0::detail
