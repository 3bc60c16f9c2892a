// src/io/http/http_failure.hpp
//
// Why a fetch has no reply, and how that is put into words: nothing secret of its URL and nothing unprintable
// is in them.
#pragma once

#include <quartet/http.hpp>

#include <exception>
#include <string>
#include <string_view>

namespace quartet::inline v0::detail {

/// Thrown where the request is not at hand; without the method and the URL in its text.
struct http_failure {
    fetch_error::kind kind;
    std::string reason;
};

/// The fetch_error of a request: its method and URL, then the reason.
std::exception_ptr no_reply(http_request const& request, http_failure const& why);

/// `text` with user and password taken out of each URL in it.
std::string without_credentials(std::string_view text);

/// Throws http_failure if the request can't be sent as it stands: something in its method, its URL or its
/// headers would end a line or is not allowed there, so that a server would read another request.
void require_sendable(http_request const& request);

}  // namespace quartet::inline v0::detail
