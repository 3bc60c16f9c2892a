#include "cli/parsing/manual_page.hpp"

#include "cli/parsing/exit_codes.hpp"

#include <quartet/version.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <iterator>
#include <sstream>
#include <string_view>

namespace quartet::cli {
namespace {

/// Text for the middle of a line.
std::string escaped(std::string_view text) {
    std::string out;
    for (char const each : text) {
        if (each == '\\')
            out += "\\e";
        else if (each == '-')
            out += "\\-";
        else
            out += each == '\n' ? ' ' : each;
    }
    return out;
}

/// A line of text: one that begins with a dot or a quote would be taken for a command.
std::string text_line(std::string_view text) {
    auto const line = escaped(text);
    return (line.starts_with('.') || line.starts_with('\'') ? "\\&" : "") + line + '\n';
}

std::string upper(std::string text) {
    std::ranges::transform(text, text.begin(),
                           [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    return text;
}

std::string sentence(std::string text) {
    if (!text.empty()) text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
    return text.ends_with('.') ? text : text + '.';
}

std::string synopsis_of(command_entry const& of) {
    auto line = fmt::format(".B {}\n", escaped(of.path));
    if (!of.commands.empty()) return line + ".I COMMAND\n[\\fIOPTION\\fR ...]\n";
    line += "[\\fIOPTION\\fR ...]\n";
    for (auto const& each : of.arguments)
        line += fmt::format("{}\\fI{}\\fR{}{}\n", each.required ? "" : "[", escaped(each.name),
                            each.repeated ? " ..." : "", each.required ? "" : "]");
    return line;
}

std::string option_text(option_entry const& each) {
    std::string names;
    for (auto const& name : {each.short_name, each.long_name}) {
        if (!name.empty()) names += (names.empty() ? "\\fB" : ", \\fB") + escaped(name) + "\\fR";
    }
    if (!each.argument.empty()) names += " \\fI" + escaped(each.argument) + "\\fR";
    return ".TP\n" + names + '\n' + text_line(each.description);
}

std::string arguments_section(command_entry const& of) {
    if (of.arguments.empty()) return "";
    std::string out = ".SH ARGUMENTS\n";
    for (auto const& each : of.arguments)
        out += fmt::format(".TP\n\\fI{}\\fR\n{}", escaped(each.name), text_line(each.description));
    return out;
}

std::string options_section(command_entry const& of) {
    std::string out = ".SH OPTIONS\n";
    for (auto const& each : of.options)
        out += option_text(each);
    return out;
}

std::string commands_section(command_entry const& of) {
    if (of.commands.empty()) return "";
    std::string out = ".SH COMMANDS\n";
    for (auto const& each : of.commands)
        out += fmt::format(".TP\n\\fB{}\\fR\n{}", escaped(each.name), text_line(each.description));
    return out;
}

/// The lines as they are, without their heading.
std::string examples_section(command_entry const& of) {
    if (of.examples.empty()) return "";
    std::string out = ".SH EXAMPLES\n.nf\n";
    std::istringstream lines(of.examples);
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("  ")) out += text_line(line.substr(2));
    }
    return out + ".fi\n";
}

std::string exit_section() {
    std::array<std::pair<int, std::string_view>, 4> const codes{{
        {all_well, "All went well."},
        {something_failed,
         "Tasks failed, an answer or an end state was wrong, there is a regression, or the system refused "
         "something."},
        {bad_usage, "A flag, a name, a value or a file was wrong; nothing was run."},
        {interrupted_by + 2, "Ctrl-C: 128 and the number of the signal."},
    }};
    std::string out = ".SH EXIT STATUS\n";
    for (auto const& [code, meaning] : codes)
        out += fmt::format(".TP\n.B {}\n{}", code, text_line(meaning));
    return out;
}

std::string environment_section() {
    std::array<std::pair<std::string_view, std::string_view>, 4> const variables{{
        {"TMPDIR",
         "Where runs keep their files, in a folder that is removed afterwards; /tmp if it is not set."},
        {"COLUMNS", "The width of the output; otherwise the terminal's, or 80."},
        {"NO_COLOR", "Set to anything: no colour."},
        {"http_proxy, https_proxy, no_proxy", "Proxies for workloads that fetch from elsewhere."},
    }};
    std::string out = ".SH ENVIRONMENT\n";
    for (auto const& [name, meaning] : variables)
        out += fmt::format(".TP\n.B {}\n{}", escaped(name), text_line(meaning));
    return out;
}

/// The pages of the program and its other commands.
std::string see_also_section(command_entry const& of, command_entry const& program) {
    std::vector<std::string> pages;
    if (&of != &program) pages.push_back(page_name(program));
    for (auto const& each : program.commands) {
        if (each.path != of.path) pages.push_back(page_name(each));
    }
    std::string out = ".SH SEE ALSO\n";
    for (std::size_t i = 0; i < pages.size(); ++i)
        out += fmt::format(".BR {} (1){}\n", escaped(pages[i]), i + 1 == pages.size() ? "" : ",");
    return out;
}

}  // namespace

std::string page_name(command_entry const& of) {
    auto name = of.path;
    std::ranges::replace(name, ' ', '-');
    return name;
}

std::string manual_page(command_entry const& of, command_entry const& program) {
    auto const name = page_name(of);
    std::string out = fmt::format(".TH \"{}\" 1 \"\" \"quartet {}\" \"User Commands\"\n",
                                  upper(escaped(name)), QUARTET_VERSION);
    out += fmt::format(".SH NAME\n{} \\- {}\n", escaped(name), escaped(of.description));
    out += ".SH SYNOPSIS\n" + synopsis_of(of);
    out += ".SH DESCRIPTION\n" + text_line(sentence(of.description));
    out += commands_section(of) + arguments_section(of) + options_section(of);
    for (auto const& each : of.commands) {
        if (&of == &program) break;  // they have pages of their own
        out += fmt::format(".SH {}\n{}", upper(escaped(each.name)), text_line(sentence(each.description)));
        for (auto const& option : each.options)
            out += option_text(option);
    }
    out += examples_section(of) + exit_section();
    if (&of == &program) out += environment_section();
    return out + see_also_section(of, program);
}

}  // namespace quartet::cli
