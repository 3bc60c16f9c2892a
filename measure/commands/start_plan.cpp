#include "measure/commands/starter_protocol.hpp"

#include <algorithm>
#include <cstdlib>

namespace quartet::measure {
namespace {

/// The next text, which is taken away.
std::string take_text(std::string_view& from) {
    auto const end = std::min(from.find('\0'), from.size());
    std::string text(from.substr(0, end));
    from.remove_prefix(std::min(end + 1, from.size()));
    return text;
}

std::size_t take_number(std::string_view& from) {
    return std::strtoul(take_text(from).c_str(), nullptr, 10);
}

}  // namespace

std::string plan_text(std::vector<word_list> const& commands, start_options const& how) {
    std::string text;
    auto const add = [&](std::string const& each) { text.append(each).push_back('\0'); };
    add(std::to_string(static_cast<int>(how.output)));
    add(how.output_file);
    add(how.input_file);
    add(std::to_string(commands.size()));
    for (auto const& words : commands) {
        add(std::to_string(words.size()));
        for (auto const& each : words)
            add(each);
    }
    return text;
}

start_plan read_plan(std::string_view text) {
    start_plan made;
    made.how.output = static_cast<output_to>(take_number(text));
    made.how.output_file = take_text(text);
    made.how.input_file = take_text(text);
    made.commands.resize(take_number(text));
    for (auto& words : made.commands) {
        words.resize(take_number(text));
        for (auto& each : words)
            each = take_text(text);
    }
    return made;
}

}  // namespace quartet::measure
