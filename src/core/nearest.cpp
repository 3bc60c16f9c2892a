#include "src/core/nearest.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <numeric>
#include <utility>

namespace quartet::detail {
namespace {

// Levenshtein's distance, one row at a time (Wagner and Fischer, "The String-to-String Correction
// Problem", J. ACM 21, 1974).
std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < a.size(); ++i) {
        std::size_t diagonal = std::exchange(row[0], i + 1);
        for (std::size_t j = 0; j < b.size(); ++j) {
            std::size_t const replaced = diagonal + (a[i] == b[j] ? 0 : 1);
            diagonal = row[j + 1];
            row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
        }
    }
    return row.back();
}

}  // namespace

std::string_view nearest(std::string_view word, std::span<std::string_view const> candidates) {
    std::string_view best;
    std::size_t best_distance = 0;
    for (auto candidate : candidates) {
        std::size_t const distance = edit_distance(word, candidate);
        std::size_t const allowed = (std::max(word.size(), candidate.size()) + 2) / 3;
        if (distance <= allowed && (best.empty() || distance < best_distance)) {
            best = candidate;
            best_distance = distance;
        }
    }
    return best;
}

std::string did_you_mean(std::string_view word, std::span<std::string_view const> candidates) {
    auto const best = nearest(word, candidates);
    return best.empty() ? std::string() : fmt::format("; did you mean '{}'?", best);
}

std::string join(std::span<std::string_view const> words, std::string_view separator) {
    return fmt::format("{}", fmt::join(words, separator));
}

}  // namespace quartet::detail
