#include "cli/parsing/validators.hpp"

#include <quartet/workload/parameter.hpp>

#include <fmt/format.h>

#include <arpa/inet.h>
#include <stdexcept>
#include <string>

namespace quartet::cli {
namespace {

CLI::Validator by(parameter const& rule) {
    return CLI::Validator(
        [rule](std::string& text) -> std::string {
            try {
                rule.parse(text);
                return "";
            } catch (std::invalid_argument const& wrong) {
                return wrong.what();
            }
        },
        "");
}

}  // namespace

CLI::Validator integer_from(std::uint64_t least, std::uint64_t most) {
    return by(integer("", 0, static_cast<std::int64_t>(least), static_cast<std::int64_t>(most), ""));
}

CLI::Validator number_from(double least, double most) {
    return by(number("", 0, least, most, ""));
}

CLI::Validator numeric_address() {
    return CLI::Validator(
        [](std::string& text) -> std::string {
            in6_addr parsed{};
            bool const good = inet_pton(AF_INET, text.c_str(), &parsed) == 1 ||
                              inet_pton(AF_INET6, text.c_str(), &parsed) == 1;
            return good ? ""
                        : fmt::format("'{}' is not an address in numbers, such as 127.0.0.1 or ::1", text);
        },
        "");
}

}  // namespace quartet::cli
