// cli/parsing/validators.hpp
//
// What an option's value must be, said in a sentence when it is not: "'x' is not an integer from 2 to 1000".
#pragma once

#include <CLI/CLI.hpp>

#include <cstdint>

namespace quartet::cli {

CLI::Validator integer_from(std::uint64_t least, std::uint64_t most);
CLI::Validator number_from(double least, double most);

/// Of a random generator: as many as a double can tell apart.
inline constexpr std::uint64_t most_seed = std::uint64_t{1} << 53;

/// An address in numbers, of IPv4 or IPv6.
CLI::Validator numeric_address();

}  // namespace quartet::cli
