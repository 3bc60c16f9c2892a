// src/base/nearest.hpp
//
// "unknown word 'slep': did you mean 'sleep'?"
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace quartet::inline v0::detail {

/// The candidate with the smallest edit distance to `word`, if it is near enough to be a slip (at most a
/// third of the longer word's letters, rounded up); empty otherwise.
std::string_view nearest(std::string_view word, std::span<std::string_view const> candidates);

/// "; did you mean 'X'?" or nothing.
std::string did_you_mean(std::string_view word, std::span<std::string_view const> candidates);

/// "a, b, c".
std::string join(std::span<std::string_view const> words, std::string_view separator = ", ");

}  // namespace quartet::inline v0::detail
