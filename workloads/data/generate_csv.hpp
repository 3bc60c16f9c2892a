// workloads/data/generate_csv.hpp
//
// Makes the file that the csv workload reads: a header and made-up personal profiles.
//
// Thirteen columns: job, company, ssn, residence, current_location, blood_group, website, username, name,
// sex, address, mail, birthdate. Lines end with LF, the text is UTF-8. Addresses hold line breaks, locations
// and websites hold commas, some jobs and companies hold quotes, so every rule of the format is at work.
// The same records and seed give the same bytes on every machine. Any thread; about 4 ns a byte.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <string>

namespace quartet {

/// With this many records the file has about 10 MB.
inline constexpr std::size_t default_profile_count = 30'001;

/// The text in memory.
std::string generate_csv(std::size_t records = default_profile_count, std::uint64_t seed = 1);

/// The same text, written to `out` in pieces, so that its size does not matter. Stops when `out` fails;
/// its state tells.
void generate_csv(std::ostream& out, std::size_t records = default_profile_count, std::uint64_t seed = 1);

}  // namespace quartet
