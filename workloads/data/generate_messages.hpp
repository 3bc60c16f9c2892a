// workloads/data/generate_messages.hpp
//
// The 26 messages, A to Z, that the sleep and append workloads are about.
//
// A message's count is its delay in whole seconds for the one and thousands of characters for the other.
// Pure functions, any thread.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>

namespace quartet {

struct message {
    char name;
    int count;

    friend bool operator==(message const&, message const&) = default;
};

using message_list = std::array<message, 26>;

/// The list that the published measurements were made with: 178 s of delays, the longest 10 s.
inline constexpr message_list seed_messages = {{
    {'A', 8},  {'B', 10}, {'C', 7}, {'D', 9}, {'E', 8}, {'F', 4}, {'G', 7},  {'H', 10}, {'I', 8},
    {'J', 5},  {'K', 9},  {'L', 7}, {'M', 7}, {'N', 8}, {'O', 2}, {'P', 2},  {'Q', 2},  {'R', 9},
    {'S', 10}, {'T', 7},  {'U', 3}, {'V', 9}, {'W', 4}, {'X', 4}, {'Y', 10}, {'Z', 9},
}};

/// A list with random counts from 2 to 10, the same for the same seed.
message_list generate_messages(std::uint64_t seed);

/// One line per message: the name, a space, the count.
std::string to_text(std::span<message const> messages);

}  // namespace quartet
