#include "cli/parsing/command_tree.hpp"

#include <quartet/spec.hpp>
#include <quartet/workload/registry.hpp>

#include <fmt/format.h>

#include <string_view>

namespace quartet::cli {
namespace {

std::vector<std::string> workload_choices() {
    std::vector<std::string> names;
    for (auto const& each : registered_workloads())
        names.push_back(each.name);
    return names;
}

std::vector<std::string> model_choices() {
    std::vector<std::string> names;
    for (auto const kind : all_model_kinds)
        names.emplace_back(to_string(kind));
    return names;
}

std::vector<std::string> setting_choices() {
    std::vector<std::string> names;
    for (auto const& workload : registered_workloads()) {
        for (auto const& each : workload.parameters)
            names.push_back(fmt::format("{}.{}=", workload.name, each.name));
    }
    return names;
}

/// By the word that help shows for it.
value_rule rule_of(std::string_view word) {
    if (word.empty()) return {value_rule::nothing};
    if (word == "FILE" || word == "OLD" || word == "NEW") return {value_rule::file};
    if (word == "FOLDER") return {value_rule::folder};
    if (word == "PRESET") return {value_rule::one_of, {"quick", "seed"}};
    if (word == "SPEC,...") return {value_rule::list_of, model_choices()};
    if (word == "MODEL")
        return {value_rule::one_of, {"threads", "processes", "async", "threads+async", "processes+async"}};
    if (word == "WORKLOAD") return {value_rule::one_of, workload_choices()};
    if (word == "WORKLOAD.PARAMETER=VALUE") return {value_rule::one_of, setting_choices()};
    if (word == "WHAT") return {value_rule::one_of, {"workloads", "models"}};
    if (word == "SHELL") return {value_rule::one_of, {"bash", "zsh", "fish"}};
    return {value_rule::anything};
}

std::string description_of(CLI::Option const& option) {
    auto text = option.get_description();
    if (!option.get_default_str().empty()) text += fmt::format(" (default {})", option.get_default_str());
    return text;
}

option_entry describe(CLI::Option const& option) {
    option_entry made{.argument = option.get_option_text(), .description = description_of(option)};
    if (!option.get_snames().empty()) made.short_name = "-" + option.get_snames().front();
    if (!option.get_lnames().empty()) made.long_name = "--" + option.get_lnames().front();
    made.rule = rule_of(made.argument);
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
                                      option->get_items_expected_max() > 1, rule_of(option->get_name(true))});
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
