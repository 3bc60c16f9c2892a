#include "workloads/data/generate_messages.hpp"

#include "workloads/data/seeded_random.hpp"

namespace quartet {

message_list generate_messages(std::uint64_t seed) {
    seeded_random random(seed);
    message_list messages{};
    char name = 'A';
    for (message& each : messages)
        each = {name++, static_cast<int>(random.between(2, 10))};
    return messages;
}

std::string to_text(std::span<message const> messages) {
    std::string text;
    for (auto const& [name, count] : messages) {
        text += name;
        text += ' ';
        text += std::to_string(count);
        text += '\n';
    }
    return text;
}

}  // namespace quartet
