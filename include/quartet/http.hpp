// include/quartet/http.hpp
//
// What context::fetch takes, gives and throws. Plain values.
#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace quartet {

/// Name and value, in the order they were sent or received.
using http_headers = std::vector<std::pair<std::string, std::string>>;

/// One HTTP request. Proxies come from the environment (http_proxy, https_proxy, no_proxy); a compressed
/// reply (gzip, deflate, and what libcurl was built with) arrives decompressed.
struct http_request {
    http_request() = default;

    /// A GET of `address`; change what else is to be different before the request is passed on:
    ///
    ///     http_request request(url);
    ///     request.timeout = 5s;
    ///     auto response = co_await ctx.fetch(std::move(request));
    ///
    /// Not an aggregate, so that {.url = …} can't be written: g++ 12 destroys such a temporary twice when it
    /// stands within a co_await expression.
    template <std::convertible_to<std::string> Address>
    http_request(Address&& address) : url(std::forward<Address>(address)) {}

    std::string url{};
    std::string method = "GET";
    http_headers headers{};
    std::string body{};
    /// For the whole exchange: connecting, sending, receiving. Zero: no limit.
    std::chrono::milliseconds timeout = std::chrono::seconds(60);
    int max_redirects = 10;  ///< 0: a redirect is a reply like any other
    /// How long a reply may be, with its headers and decompressed; a longer one is broken off and fails.
    std::size_t most_bytes = std::size_t{1} << 30;
    bool verify_tls = true;  ///< certificate and host name
    std::string ca_file{};   ///< certificates to trust instead of the system's
    bool reuse_connection = true;
};

/// A reply, whatever its status: a 404 is an answer, not an exception.
struct http_response {
    int status = 0;
    http_headers headers{};
    std::string body{};

    bool ok() const noexcept { return status >= 200 && status < 300; }

    /// The first header of that name, compared without case; empty if there is none.
    std::string_view header(std::string_view name) const noexcept;
};

/// No reply could be had.
class fetch_error : public std::runtime_error {
public:
    enum class kind {
        url,      ///< the URL is malformed or its scheme unknown
        resolve,  ///< the host has no address
        connect,  ///< nobody answers there
        tls,      ///< the certificate or the handshake is not in order
        timeout,  ///< it took longer than http_request::timeout
        reply,    ///< it broke off in the middle, is no HTTP, or longer than http_request::most_bytes
        other,    ///< the text says what
    };

    fetch_error(kind what, std::string const& text) : std::runtime_error(text), kind_(what) {}
    kind what_kind() const noexcept { return kind_; }

private:
    kind kind_;
};

}  // namespace quartet
