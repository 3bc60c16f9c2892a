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

namespace quartet::inline v0 {

/// Name and value, in the order they were sent or received.
using http_headers = std::vector<std::pair<std::string, std::string>>;

/// One HTTP request. Proxies come from the environment (http_proxy, https_proxy, no_proxy); a compressed
/// reply (gzip, deflate) arrives decompressed, whole or not at all.
///
/// A request that can't be sent as it stands fails before anything is sent: a URL, a method or a header with
/// the end of a line or another control character in it, a Content-Length that is not the body's.
///
/// A connection that the server closed while nobody used it is no failure: the request is made again on
/// another. That is for requests that may arrive twice: GET, HEAD, PUT, DELETE, OPTIONS, TRACE, and any with
/// the header Idempotency-Key. All others (POST, PATCH) open a connection of their own, which later requests
/// may use.
///
/// A host name is looked up once for all fetches of a process that want it within a minute.
///
/// A redirect is followed as RFC 9110 (15.4) has it:
///
/// | status | then made to the new address |
/// |---|---|
/// | 307, 308 | the same request, with its body |
/// | 301, 302 | the same request, with its body; after a POST, a GET without one |
/// | 303 | a GET without a body; after a HEAD, a HEAD |
/// | 300 | the same request if it is a GET or a HEAD |
///
/// To another server (another scheme, host or port) go only those headers of the request that any server may
/// see: Accept, Accept-*, Cache-Control, Content-*, If-*, Pragma, Range, User-Agent. Not Authorization,
/// Cookie, a key in a header of any other name, nor user and password of the URL. A body does not go from
/// https to http: such a redirect is a reply like any other.
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

/// No reply could be had. The text has the method and the URL, but not a user or password that is in it.
class fetch_error : public std::runtime_error {
public:
    enum class kind {
        url,        ///< the URL is malformed or its scheme unknown
        resolve,    ///< the host has no address
        connect,    ///< nobody answers there
        tls,        ///< the certificate or the handshake is not in order
        timeout,    ///< it took longer than http_request::timeout
        reply,      ///< it broke off in the middle, is no HTTP, can't be decoded, redirects to where no fetch
                    ///< goes, or is longer than http_request::most_bytes
        redirects,  ///< there were more of them than http_request::max_redirects
        other,      ///< the text says what: a request that can't be sent, no memory, …
    };

    fetch_error(kind what, std::string const& text) : std::runtime_error(text), kind_(what) {}
    kind what_kind() const noexcept { return kind_; }

private:
    kind kind_;
};

}  // namespace quartet::inline v0
