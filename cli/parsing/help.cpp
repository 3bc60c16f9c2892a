#include "cli/parsing/help.hpp"

#include "cli/terminal/terminal.hpp"
#include "cli/terminal/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>
#include <unistd.h>
#include <utility>

namespace quartet::cli {
namespace {

constexpr std::size_t left_width = 22;
constexpr std::size_t narrowest_text = 50;

std::size_t text_width() {
    return std::clamp(terminal::of(STDOUT_FILENO).width, narrowest_text, widest_text);
}

std::string entry(std::string const& left, std::string const& right) {
    std::string const indent(left_width + 2, ' ');
    auto const lines = wrap(right, text_width(), indent, indent.size());
    if (left.size() + 2 >= left_width) return fmt::format("  {}\n{}{}\n", left, indent, lines);
    return fmt::format("  {:<{}}{}\n", left, left_width, lines);
}

class help_formatter final : public CLI::Formatter {
public:
    // Ends without an empty line, also where no examples follow.
    std::string make_help(CLI::App const* app, std::string name, CLI::AppFormatMode mode) const override {
        auto text = CLI::Formatter::make_help(app, std::move(name), mode);
        while (text.ends_with("\n\n"))
            text.pop_back();
        return text;
    }

    std::string make_description(CLI::App const* app) const override {
        return wrap(app->get_description(), text_width()) + "\n\n";
    }

    // Not the given name, which lacks the commands above when help is asked for without parsing.
    std::string make_usage(CLI::App const* app, std::string) const override {
        auto name = app->get_name();
        for (auto const* parent = app->get_parent(); parent; parent = parent->get_parent())
            name = parent->get_name() + ' ' + name;
        bool const has_commands = !app->get_subcommands({}).empty();
        auto usage = fmt::format("Usage: {} {}", name, has_commands ? "COMMAND [OPTION...]" : "[OPTION...]");
        for (auto const* each :
             app->get_options([](CLI::Option const* option) { return option->get_positional(); }))
            usage += " " + make_option_usage(each);
        return usage + '\n';
    }

    std::string make_subcommands(CLI::App const* app, CLI::AppFormatMode) const override {
        auto const commands =
            app->get_subcommands([](CLI::App const* each) { return !each->get_group().empty(); });
        std::string text = commands.empty() ? "" : "\nCommands:\n";
        for (auto const* each : commands)
            text += make_subcommand(each);
        return text;
    }

    std::string make_option(CLI::Option const* option, bool is_positional) const override {
        auto const argument = is_positional ? "" : option->get_option_text();
        auto const name = make_option_name(option, is_positional);
        auto text = option->get_description();
        if (!option->get_default_str().empty())
            text += fmt::format(" (default {})", option->get_default_str());
        return entry(argument.empty() ? name : name + ' ' + argument, text);
    }

    std::string make_footer(CLI::App const* app) const override { return app->get_footer(); }

    std::string make_subcommand(CLI::App const* command) const override {
        return entry(command->get_name(), command->get_description());
    }
};

}  // namespace

std::shared_ptr<CLI::FormatterBase> help_format() {
    auto const format = std::make_shared<help_formatter>();
    format->label("Positionals", "Arguments");
    return format;
}

}  // namespace quartet::cli
