#include "src/base/nearest.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <vector>

namespace quartet::inline v0::detail {
namespace {

// How many insertions, deletions, replacements and swaps of neighbours lead from one to the other, none of
// them within an earlier one ("optimal string alignment"; the four slips are those of Damerau, "A technique
// for computer detection and correction of spelling errors", Communications of the ACM 7, 1964).
std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::size_t const width = b.size() + 1;
    std::vector<std::size_t> distances((a.size() + 1) * width);
    auto const at = [&](std::size_t i, std::size_t j) -> std::size_t& { return distances[i * width + j]; };
    for (std::size_t i = 0; i <= a.size(); ++i) {
        for (std::size_t j = 0; j <= b.size(); ++j) {
            if (i == 0 || j == 0) {
                at(i, j) = i + j;
                continue;
            }
            std::size_t const replaced = at(i - 1, j - 1) + (a[i - 1] == b[j - 1] ? 0 : 1);
            at(i, j) = std::min({replaced, at(i - 1, j) + 1, at(i, j - 1) + 1});
            bool const swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if (swapped) at(i, j) = std::min(at(i, j), at(i - 2, j - 2) + 1);
        }
    }
    return distances.back();
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

}  // namespace quartet::inline v0::detail
