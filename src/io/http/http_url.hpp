// src/io/http/http_url.hpp
//
// The address of a request, taken apart by libcurl's own parser: what is decided here about a host is then
// about the host that libcurl connects to.
#pragma once

#include <curl/curl.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace quartet::inline v0::detail {

/// A host that must be looked up before a connection, and the port that goes with it.
struct host_name {
    std::string host;
    std::string port;
};

class http_url {
public:
    http_url();

    /// Takes another address. Throws http_failure of kind `url`, std::bad_alloc.
    void parse(std::string const& text);

    /// The address that a reply from here refers to in its Location, with user and password if it is on
    /// the same server and they were given for this one. Throws http_failure of kind `reply`.
    std::string resolve(std::string const& location) const;

    /// Scheme, host and port are the same.
    bool has_same_origin(http_url const& other) const noexcept {
        return scheme_ == other.scheme_ && host_ == other.host_ && port_ == other.port_;
    }

    std::string const& scheme() const noexcept { return scheme_; }

    /// For CURLOPT_CURLU: so libcurl need not parse it again. Lives as long as this.
    CURLU* parts() const noexcept { return parts_.get(); }

    /// The names that libcurl would look up for it: of the host, or of a proxy that the environment names.
    /// Not those that need no looking up: addresses, and localhost.
    std::vector<host_name> names_to_look_up() const;

private:
    std::unique_ptr<CURLU, decltype(&curl_url_cleanup)> parts_;
    std::string scheme_;
    std::string host_;  // lower case
    std::string port_;
};

}  // namespace quartet::inline v0::detail
