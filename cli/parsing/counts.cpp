#include "cli/parsing/counts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>
#include <stdexcept>

namespace quartet::cli {
namespace {

constexpr std::size_t most_count = 1'000'000;
constexpr std::size_t most_counts = 64;

std::optional<std::size_t> parse_number(std::string_view text) {
    std::size_t number = 0;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    bool const whole = error == std::errc() && end == text.data() + text.size();
    return whole && number >= 1 && number <= most_count ? std::optional(number) : std::nullopt;
}

/// Adds "3" or "1..64". False if it is neither.
bool add_part(std::set<std::size_t>& counts, std::string_view part) {
    constexpr std::string_view to = "..";
    auto const dots = part.find(to);
    auto const first = parse_number(part.substr(0, dots));
    auto const last = dots == part.npos ? first : parse_number(part.substr(dots + to.size()));
    if (!first || !last || *first > *last) return false;
    for (std::size_t count = *first; count < *last; count *= 2)
        counts.insert(count);
    counts.insert(*last);
    return true;
}

}  // namespace

std::vector<std::size_t> parse_counts(std::string_view text) {
    std::set<std::size_t> counts;
    for (auto rest = text;;) {
        auto const comma = rest.find(',');
        if (!add_part(counts, rest.substr(0, comma)))
            throw std::invalid_argument(fmt::format(
                "'{}' is no list of counts from 1 to {} such as 1..64 or 1,2,6", text, most_count));
        if (comma == rest.npos) break;
        rest.remove_prefix(comma + 1);
    }
    if (counts.size() > most_counts)
        throw std::invalid_argument(fmt::format("'{}' has more than {} counts", text, most_counts));
    return {counts.begin(), counts.end()};
}

}  // namespace quartet::cli
