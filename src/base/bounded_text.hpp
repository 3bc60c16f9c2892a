// src/base/bounded_text.hpp
//
// Texts of users, as they go into outcomes and logs: what they hold is theirs, how long they are is not. Any
// thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace quartet::inline v0::detail {

/// Of an exception's text or a log line; documented at failure::message and context::log.
inline constexpr std::size_t most_text = std::size_t{64} * 1024;

/// `text`, or its first 64 KiB at the most and how much was cut: "... [936 bytes cut]". Between two
/// characters, if it is UTF-8.
std::string bounded_text(std::string_view text);

/// What bounded_text adds is no longer than that.
inline constexpr std::size_t most_mark = 40;

}  // namespace quartet::inline v0::detail
