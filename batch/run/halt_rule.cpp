#include "batch/run/halt_rule.hpp"

#include <fmt/format.h>

#include <charconv>
#include <stdexcept>

namespace quartet::batch {

halt_rule halt_rule::parse(std::string_view text) {
    auto const refuse = [text] {
        throw std::invalid_argument(
            fmt::format("'{}' says not when to end: it is now or soon, a comma, and "
                        "fail=N, fail=N% or success=N, as in soon,fail=3",
                        text));
    };
    halt_rule made;
    auto const comma = text.find(',');
    if (comma == text.npos) refuse();
    auto const kind = text.substr(0, comma);
    if (kind != "now" && kind != "soon") refuse();
    made.kind = kind == "now" ? halt_kind::now : halt_kind::soon;
    auto const rest = text.substr(comma + 1);
    auto const equals = rest.find('=');
    if (equals == rest.npos) refuse();
    auto const what = rest.substr(0, equals);
    if (what != "fail" && what != "success") refuse();
    made.of_successes = what == "success";
    auto number = rest.substr(equals + 1);
    made.is_share = number.ends_with('%');
    if (made.is_share) number.remove_suffix(1);
    auto const [end, error] = std::from_chars(number.data(), number.data() + number.size(), made.bound);
    bool const whole = made.bound == static_cast<double>(static_cast<std::uint64_t>(made.bound));
    if (error != std::errc() || end != number.data() + number.size()) refuse();
    if (!(made.bound > 0 && made.bound <= (made.is_share ? 100 : 1e12)) || (!made.is_share && !whole))
        refuse();
    return made;
}

bool halt_rule::holds(std::uint64_t failed, std::uint64_t done) const noexcept {
    auto const count = static_cast<double>(of_successes ? done : failed);
    if (!is_share) return count >= bound;
    auto const ended = failed + done;
    return ended >= fewest_for_share && count * 100 >= bound * static_cast<double>(ended);
}

std::string halt_rule::explain(std::uint64_t failed, std::uint64_t done) const {
    auto const count = of_successes ? done : failed;
    auto const what = of_successes ? "ended well" : "failed";
    if (is_share)
        return fmt::format("{:.0f} % of the jobs have {}",
                           100 * static_cast<double>(count) / static_cast<double>(failed + done), what);
    return fmt::format("{} {} {}", count, count == 1 ? "job has" : "jobs have", what);
}

}  // namespace quartet::batch
