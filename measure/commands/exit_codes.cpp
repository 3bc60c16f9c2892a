#include "measure/commands/exit_codes.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cstddef>
#include <optional>
#include <stdexcept>
#include <sys/wait.h>

namespace quartet::measure {
namespace {

std::optional<std::size_t> parse_code(std::string_view text) {
    std::size_t code = 0;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), code);
    bool const whole = error == std::errc() && end == text.data() + text.size();
    return whole && code <= 255 ? std::optional(code) : std::nullopt;
}

}  // namespace

exit_code_set exit_code_set::parse(std::string_view text) {
    exit_code_set made;
    if (text == "all") {
        made.codes_.set();
        made.signals_ = true;
        return made;
    }
    for (auto rest = text;;) {
        auto const comma = rest.find(',');
        auto const part = rest.substr(0, comma);
        auto const dash = part.find('-');
        auto const first = parse_code(part.substr(0, dash));
        auto const last = dash == part.npos ? first : parse_code(part.substr(dash + 1));
        if (!first || !last || *first > *last)
            throw std::invalid_argument(
                fmt::format("'{}' is no list of exit codes from 0 to 255 such as 1,3-5", text));
        for (auto code = *first; code <= *last; ++code)
            made.codes_.set(code);
        if (comma == rest.npos) return made;
        rest.remove_prefix(comma + 1);
    }
}

bool exit_code_set::accepts(int status) const noexcept {
    if (WIFEXITED(status)) return codes_[static_cast<std::size_t>(WEXITSTATUS(status))];
    return signals_;
}

}  // namespace quartet::measure
