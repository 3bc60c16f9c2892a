#include "cli/parsing/command_tree.hpp"

#include <fmt/format.h>

namespace quartet::cli {
namespace {

std::string description_of(CLI::Option const& option) {
    auto text = option.get_description();
    if (!option.get_default_str().empty()) text += fmt::format(" (default {})", option.get_default_str());
    return text;
}

option_entry describe(CLI::Option const& option) {
    option_entry made{.argument = option.get_option_text(), .description = description_of(option)};
    if (!option.get_snames().empty()) made.short_name = "-" + option.get_snames().front();
    if (!option.get_lnames().empty()) made.long_name = "--" + option.get_lnames().front();
    made.rule = rule_of(option);
    return made;
}

command_entry describe(CLI::App const& app, std::string const& above) {
    command_entry made{.path = above.empty() ? app.get_name() : above + ' ' + app.get_name(),
                       .name = app.get_name(),
                       .description = app.get_description(),
                       .examples = app.get_footer()};
    for (auto const* option : app.get_options()) {
        if (option->get_group().empty()) continue;
        if (option->get_positional()) {
            made.arguments.push_back({option->get_name(true), description_of(*option), option->get_required(),
                                      option->get_items_expected_max() > 1, rule_of(*option)});
        } else {
            made.options.push_back(describe(*option));
        }
    }
    for (auto const* command : app.get_subcommands({})) {
        if (!command->get_group().empty()) made.commands.push_back(describe(*command, made.path));
    }
    return made;
}

}  // namespace

command_entry describe_commands(CLI::App const& app) {
    return describe(app, "");
}

}  // namespace quartet::cli
