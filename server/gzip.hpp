// server/gzip.hpp
//
// Compresses a text to the gzip format (RFC 1952), in one go. A pure function; about 20 ms a megabyte.
#pragma once

#include <string>
#include <string_view>

namespace quartet::server_detail {

std::string gzip(std::string_view text);

}  // namespace quartet::server_detail
