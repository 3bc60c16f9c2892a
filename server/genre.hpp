// server/genre.hpp
//
// Made-up music genres, such as "psychedelic swamp polka": what `/genre?n=K` answers. A pure function, so
// clients can check the answer; safe from any thread.
#pragma once

#include <cstdint>
#include <string>

namespace quartet {

/// The same n gives the same genre, always; different n may share one (there are 64,000). Lower-case
/// letters, hyphens and two spaces only, so it needs no escaping in JSON.
std::string genre(std::uint64_t n);

}  // namespace quartet
