// server/page.hpp
//
// The HTML page that `/page` serves, in any length. A pure function; linear in the length.
#pragma once

#include <cstddef>
#include <string>

namespace quartet {

/// The longest page that the server serves.
inline constexpr std::size_t page_bytes_max = 64 * 1024 * 1024;

/// The first `bytes` bytes of an endless HTML text. A shorter page is the beginning of a longer one.
std::string page(std::size_t bytes);

}  // namespace quartet
