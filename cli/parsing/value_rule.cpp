// cli/parsing/value_rule.cpp
//
// The parser keeps nothing of ours with an option, but a name of its type, which our help does not show. So
// the rule is that name: "one_of quick seed".

#include "cli/parsing/value_rule.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <sstream>
#include <string_view>

namespace quartet::cli {
namespace {

constexpr std::array<std::string_view, 6> kind_names{"nothing", "anything", "file",
                                                     "folder",  "one_of",   "list_of"};

CLI::Option* take(CLI::Option* option, value_rule const& rule) {
    return option->type_name(fmt::format("{} {}", kind_names.at(rule.what), fmt::join(rule.choices, " ")));
}

}  // namespace

CLI::Option* takes_file(CLI::Option* option) {
    return take(option, {value_rule::file});
}

CLI::Option* takes_folder(CLI::Option* option) {
    return take(option, {value_rule::folder});
}

CLI::Option* takes_one_of(CLI::Option* option, std::vector<std::string> const& choices) {
    return take(option, {value_rule::one_of, choices});
}

CLI::Option* takes_list_of(CLI::Option* option, std::vector<std::string> const& choices) {
    return take(option, {value_rule::list_of, choices});
}

value_rule rule_of(CLI::Option const& option) {
    if (option.get_items_expected_max() == 0) return {value_rule::nothing};
    // Behind a colon stands what validators say of themselves.
    auto const type = option.get_type_name();
    std::istringstream words(type.substr(0, type.find(':')));
    std::string word;
    words >> word;
    auto const name = std::ranges::find(kind_names, word);
    if (name == kind_names.end()) return {value_rule::anything};
    value_rule rule{static_cast<value_rule::kind>(name - kind_names.begin())};
    while (words >> word)
        rule.choices.push_back(word);
    return rule;
}

}  // namespace quartet::cli
