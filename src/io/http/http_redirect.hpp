// src/io/http/http_redirect.hpp
//
// What a client does that is told to look elsewhere (RFC 9110, 15.4). libcurl follows redirects too, but
// sends a method of our own without its body to the new address, and our own headers wherever it goes.
#pragma once

#include "src/io/http/http_url.hpp"

#include <quartet/http.hpp>

#include <optional>
#include <string>

namespace quartet::inline v0::detail {

/// The request to make after the reply to `request`, which went to `from`, with this status and this
/// Location; nothing if that is not a redirect that is followed. The body stays behind where `request` is
/// const: `body_goes_along` says whether it is to be sent again. Throws http_failure of kind `reply`.
struct redirection {
    http_request request;  ///< all but the body
    bool body_goes_along;
};
std::optional<redirection> redirected(http_request const& request, http_url const& from, int status,
                                      std::string const& location);

/// Whether a request may be made again if nobody knows whether the first has arrived: by its method (RFC
/// 9110, 9.2.2), or because its Idempotency-Key lets the server tell.
bool may_be_repeated(http_request const& request) noexcept;

}  // namespace quartet::inline v0::detail
