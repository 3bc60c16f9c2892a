#include "cli/parsing/parse_errors.hpp"

#include "src/base/nearest.hpp"

#include <fmt/format.h>

#include <string_view>
#include <vector>

namespace quartet::cli {
namespace {

std::string unknown(std::string_view what, std::string_view word, std::vector<std::string> const& names) {
    std::vector<std::string_view> const views(names.begin(), names.end());
    return fmt::format("unknown {} '{}'; there are {}{}", what, word, detail::join(views),
                       detail::did_you_mean(word, views));
}

std::vector<std::string> options_of(CLI::App const& command) {
    std::vector<std::string> names;
    for (auto const* option :
         command.get_options([](CLI::Option const* each) { return each->nonpositional(); }))
        names.push_back(option->get_name());
    return names;
}

std::vector<std::string> commands_of(CLI::App const& command) {
    std::vector<std::string> names;
    for (auto const* each : command.get_subcommands({})) {
        if (!each->get_group().empty()) names.push_back(each->get_name());
    }
    return names;
}

std::string explain_word(CLI::App const& command, std::string_view word) {
    if (word.starts_with('-')) return unknown("option", word, options_of(command));
    if (auto const commands = commands_of(command); !commands.empty())
        return unknown("command", word, commands);
    return fmt::format("'{}' is one argument too many", word);
}

/// The parser's message lists, behind a colon, the words that no option took. The one to explain is the first
/// option among them, since a word after it may be its value; without an option it is the first word.
std::string first_extra(std::string_view message) {
    constexpr std::string_view before = ": ";
    auto const words = message.substr(message.find(before) + before.size());
    auto const option = words.starts_with('-') ? 0 : words.find(" -");
    auto const word = option == words.npos ? words : words.substr(words.find('-', option));
    return std::string(word.substr(0, word.find(' ')));
}

}  // namespace

CLI::App const& deepest_command(CLI::App const& app) {
    auto const chosen = app.get_subcommands();
    return chosen.empty() ? app : deepest_command(*chosen.back());
}

std::string command_of(CLI::App const& app) {
    std::string name = app.get_name();
    for (auto const* chosen : app.get_subcommands())
        name += " " + command_of(*chosen);
    return name;
}

std::string explain(CLI::App const& app, CLI::ParseError const& error) {
    std::string message = error.what();
    auto const& command = deepest_command(app);
    if (dynamic_cast<CLI::ExtrasError const*>(&error)) return explain_word(command, first_extra(message));
    if (!dynamic_cast<CLI::ArgumentMismatch const*>(&error)) return message;
    if (auto const flag = message.find(" was given a disallowed flag override"); flag != message.npos)
        return (flag == 1 ? "-" : "--") + message.substr(0, flag) + " takes no value";
    auto const option = message.substr(0, message.find(':'));
    return option + (message.find("missing") != message.npos ? " needs a value" : " can be given only once");
}

void be_strict(CLI::App& app) {
    static CLI::Validator const not_empty(
        [](std::string& value) { return value.empty() ? std::string("needs a value") : std::string(); }, "");
    for (auto* const each : app.get_options()) {
        bool const flag = each->get_items_expected_max() == 0;
        if (flag)
            each->disable_flag_override();
        else if (each->nonpositional() && each->get_multi_option_policy() == CLI::MultiOptionPolicy::Throw)
            each->check(not_empty);
    }
    for (auto* const each : app.get_subcommands({}))
        be_strict(*each);
}

}  // namespace quartet::cli
