#include "cli/parsing/parse_errors.hpp"

#include "src/base/nearest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
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

/// The words that no option took, those of the command first: what it leaves behind a `--` goes to its
/// parents.
std::vector<std::string> extras_of(CLI::App const& app) {
    std::vector<std::string> words;
    for (auto const* each = &deepest_command(app); each; each = each->get_parent())
        std::ranges::copy(each->remaining(), std::back_inserter(words));
    return words;
}

/// The one to explain: the first that is meant for an option, since a word after it may be its value; without
/// one the first word.
std::string first_extra(std::vector<std::string> const& words) {
    auto const mark = std::ranges::find(words, "--");
    auto const option =
        std::find_if(words.begin(), mark, [](std::string const& word) { return word.starts_with('-'); });
    if (option != mark) return *option;
    auto const word = std::ranges::find_if(words, [](std::string const& each) { return each != "--"; });
    return word == words.end() ? "--" : *word;
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
    if (dynamic_cast<CLI::ExtrasError const*>(&error))
        return explain_word(command, first_extra(extras_of(app)));
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
        bool const may_have_value = !each->get_option_text().empty();  // --ignore-failure=1,2
        if (flag && !may_have_value)
            each->disable_flag_override();
        else if (!flag && each->nonpositional() &&
                 each->get_multi_option_policy() == CLI::MultiOptionPolicy::Throw)
            each->check(not_empty);
    }
    for (auto* const each : app.get_subcommands({}))
        be_strict(*each);
}

}  // namespace quartet::cli
