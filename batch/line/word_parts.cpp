#include "batch/line/word_parts.hpp"

#include "batch/line/replacement.hpp"

namespace quartet::batch {

std::vector<line_part> parts_of_word(std::string_view word, std::span<std::string const> columns) {
    std::vector<line_part> parts(1);
    while (!word.empty()) {
        auto const found = read_braces(word, columns);
        if (found && found->replaced) {
            parts.push_back({.replaced = found->replaced});
            parts.emplace_back();
        } else {
            parts.back().text += found ? found->literal : std::string(word.substr(0, 1));
        }
        word.remove_prefix(found ? found->length : 1);
    }
    std::erase_if(parts, [](line_part const& part) { return !part.replaced && part.text.empty(); });
    if (parts.empty()) parts.emplace_back();  // an empty word is one, too
    if (parts.size() == 1) parts.front().alone = true;
    return parts;
}

std::string text_of(std::span<line_part const> parts, job_values const& values) {
    std::string text;
    for (auto const& part : parts)
        text += part.replaced ? joined(part.replaced->values(values)) : part.text;
    return text;
}

std::string joined(std::span<std::string const> values) {
    std::string all;
    for (std::size_t value = 0; value < values.size(); ++value)
        all += (value ? " " : "") + values[value];
    return all;
}

}  // namespace quartet::batch
