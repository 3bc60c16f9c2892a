// What people type as times, sizes, shares, numbers of workers and values of parameters: any text has a value
// within its range, or is refused in a sentence.
#include "cli/parsing/counts.hpp"
#include "cli/parsing/quantities.hpp"
#include "tests/fuzz/require.hpp"

#include <quartet/workload/parameter.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string_view>

using quartet::fuzz::require;

namespace {

/// What `parse` makes of a text goes to `check`.
void try_one(auto parse, auto check) {
    try {
        check(parse());
    } catch (std::invalid_argument const& wrong) {
        require(!std::string_view(wrong.what()).empty(), "a refusal says why");
    }
}

void parse_quantities(std::string_view text) {
    using namespace quartet::cli;
    constexpr double year = 366.0 * 24 * 3600;
    try_one([&] { return parse_duration(text); },
            [](auto time) {
                require(time.count() > 0 && time.count() <= year, "a duration is within its range");
            });
    try_one([&] { return parse_seconds(text); },
            [](double time) { require(time >= 0 && time <= year, "seconds are within their range"); });
    try_one([&] { return parse_bytes(text); },
            [](double size) { require(size >= 0 && std::isfinite(size), "a size is a number"); });
    try_one([&] { return parse_share(text); },
            [](double share) { require(share > 0 && share < 1, "a share is a part of one"); });
    try_one([&] { return parse_counts(text); },
            [](auto const& counts) {
                require(!counts.empty() && counts.size() <= 64, "there are some counts and not many");
                require(counts.front() >= 1 && counts.back() <= 1'000'000, "counts are within their range");
                require(std::ranges::adjacent_find(counts, std::greater_equal()) == counts.end(),
                        "counts rise and none comes twice");
            });
}

void parse_parameters(std::string_view text) {
    static quartet::parameter const all[] = {
        quartet::integer("integer", 3, -5, 1000, "any"), quartet::number("number", 1.5, 0, 1e6, "any"),
        quartet::flag("flag", false, "any"), quartet::text("text", "x", "any")};
    for (auto const& each : all) {
        try_one([&] { return each.parse(text); },
                [&](auto const& value) {
                    require(value.index() == each.value.index(), "a value is of its parameter's type");
                    require(each.parse(quartet::to_string(value)) == value,
                            "a value that is written is read as it was");
                });
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view const text(reinterpret_cast<char const*>(data), size);
    parse_quantities(text);
    parse_parameters(text);
    return 0;
}
