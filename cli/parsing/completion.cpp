#include "cli/parsing/completion.hpp"

#include <quartet/command.hpp>

#include <fmt/format.h>

#include <cctype>
#include <iterator>
#include <string_view>
#include <vector>

namespace quartet::cli {
namespace {

/// A name for functions: letters, digits and underscores.
std::string identifier(std::string_view name) {
    std::string out;
    for (char const each : name)
        out += std::isalnum(static_cast<unsigned char>(each)) ? each : '_';
    return out;
}

std::string joined(std::vector<std::string> const& words, std::string_view separator = " ") {
    return fmt::format("{}", fmt::join(words, separator));
}

std::vector<std::string> option_names(command_entry const& of) {
    std::vector<std::string> names;
    for (auto const& each : of.options) {
        if (!each.long_name.empty()) names.push_back(each.long_name);
        if (!each.short_name.empty()) names.push_back(each.short_name);
    }
    return names;
}

std::vector<std::string> command_names(command_entry const& of) {
    std::vector<std::string> names;
    for (auto const& each : of.commands)
        names.push_back(each.name);
    return names;
}

/// All commands, with those within commands; the program itself first.
void list_commands(command_entry const& of, std::vector<command_entry const*>& into) {
    into.push_back(&of);
    for (auto const& each : of.commands)
        list_commands(each, into);
}

/// "generate csv" of "quartet generate csv"; empty for the program.
std::string below_program(command_entry const& of, command_entry const& program) {
    return of.path.size() > program.path.size() ? of.path.substr(program.path.size() + 1) : "";
}

// ---- bash

std::string bash_values(value_rule const& rule) {
    switch (rule.what) {
        case value_rule::file:
            return "compgen -f -- \"$word\"";
        case value_rule::folder:
            return "compgen -d -- \"$word\"";
        case value_rule::one_of:
            return fmt::format("compgen -W {} -- \"$word\"", shell_quote(joined(rule.choices)));
        case value_rule::list_of:
            // After a comma the words before it stay as they are.
            return fmt::format(
                "before=; [[ $word == *,* ]] && before=${{word%,*}},; compgen -P \"$before\" -W {} -- "
                "\"${{word##*,}}\"",
                shell_quote(joined(rule.choices)));
        case value_rule::nothing:
        case value_rule::anything:
            break;
    }
    return ":";
}

std::string bash_case(command_entry const& of, command_entry const& program) {
    auto out =
        fmt::format("        {})\n            case $last in\n", shell_quote(below_program(of, program)));
    for (auto const& each : of.options) {
        if (each.rule.what == value_rule::nothing) continue;
        auto const names = each.short_name.empty() ? each.long_name : each.long_name + '|' + each.short_name;
        out += fmt::format("                {}) {} ; return ;;\n", names, bash_values(each.rule));
    }
    out += "            esac\n";
    out += fmt::format("            if [[ $word == -* ]]; then compgen -W {} -- \"$word\"; return; fi\n",
                       shell_quote(joined(option_names(of))));
    if (!of.commands.empty())
        out +=
            fmt::format("            compgen -W {} -- \"$word\"\n", shell_quote(joined(command_names(of))));
    for (auto const& each : of.arguments) {
        out += fmt::format("            {}\n", bash_values(each.rule));
        break;
    }
    return out + "            ;;\n";
}

// ---- zsh

/// Within the brackets of _arguments, or after a colon.
std::string zsh_escaped(std::string_view text) {
    std::string out;
    for (char const each : text) {
        if (each == '[' || each == ']' || each == ':' || each == '\\') out += '\\';
        out += each;
    }
    return out;
}

std::string zsh_action(value_rule const& rule) {
    switch (rule.what) {
        case value_rule::file:
            return "_files";
        case value_rule::folder:
            return "_files -/";
        case value_rule::one_of: {
            // What ends in = wants its value at once.
            bool const unfinished = !rule.choices.empty() && rule.choices.front().ends_with('=');
            if (unfinished) return fmt::format("compadd -S \"\" -- {}", joined(rule.choices));
            return fmt::format("({})", zsh_escaped(joined(rule.choices)));
        }
        case value_rule::list_of:
            return fmt::format("_sequence compadd - {}", joined(rule.choices));
        case value_rule::nothing:
        case value_rule::anything:
            break;
    }
    return " ";
}

std::string zsh_option(option_entry const& each) {
    std::string value;
    if (each.rule.what != value_rule::nothing)
        value = fmt::format(":{}:{}", zsh_escaped(each.argument), zsh_action(each.rule));
    auto const spec = fmt::format("[{}]{}", zsh_escaped(each.description), value);
    // With the sign its value may also stand behind "=".
    auto const long_name = each.long_name + (value.empty() ? "" : "=");
    if (each.short_name.empty()) return shell_quote(long_name + spec);
    if (each.long_name.empty()) return shell_quote(each.short_name + spec);
    return fmt::format("{{{},{}}}{}", each.short_name, long_name, shell_quote(spec));
}

std::string zsh_function(command_entry const& of, std::string const& name) {
    auto out = fmt::format("{}() {{\n    _arguments", name);
    for (auto const& each : of.options)
        out += " \\\n        " + zsh_option(each);
    if (!of.commands.empty()) {
        out +=
            " \\\n        '1: :->command' '*:: :->rest'\n    case $state in\n        command)\n            "
            "local -a commands\n"
            "            commands=(\n";
        for (auto const& each : of.commands)
            out += "                " + shell_quote(each.name + ":" + zsh_escaped(each.description)) + '\n';
        out +=
            "            )\n            _describe command commands ;;\n        rest)\n            case "
            "$words[1] in\n";
        for (auto const& each : of.commands)
            out += fmt::format("                {}) {}_{} ;;\n", each.name, name, identifier(each.name));
        out += "            esac ;;\n    esac\n}\n";
        for (auto const& each : of.commands)
            out += '\n' + zsh_function(each, name + '_' + identifier(each.name));
        return out;
    }
    std::size_t position = 0;
    for (auto const& each : of.arguments)
        out += " \\\n        " +
               shell_quote(fmt::format("{}:{}:{}", each.repeated ? "*" : fmt::format("{}", ++position),
                                       zsh_escaped(each.name), zsh_action(each.rule)));
    return out + "\n}\n";
}

// ---- fish

std::string fish_values(value_rule const& rule) {
    switch (rule.what) {
        case value_rule::file:
            return " -r -F";
        case value_rule::folder:
            return " -x -a '(__fish_complete_directories)'";
        case value_rule::one_of:
            return fmt::format(" -x -a {}", shell_quote(joined(rule.choices)));
        case value_rule::list_of:
            return fmt::format(" -x -a \"(__fish_append , {})\"", joined(rule.choices));
        case value_rule::anything:
            return " -x";
        case value_rule::nothing:
            break;
    }
    return "";
}

/// When the command has been typed, and none within it.
std::string fish_condition(command_entry const& of, command_entry const& program) {
    auto const path = below_program(of, program);
    if (path.empty()) return "__fish_use_subcommand";
    std::string condition;
    std::size_t begin = 0;
    while (begin <= path.size()) {
        auto const end = std::min(path.find(' ', begin), path.size());
        condition += fmt::format("{}__fish_seen_subcommand_from {}", condition.empty() ? "" : "; and ",
                                 path.substr(begin, end - begin));
        begin = end + 1;
    }
    if (!of.commands.empty())
        condition += fmt::format("; and not __fish_seen_subcommand_from {}", joined(command_names(of)));
    return condition;
}

std::string fish_lines(command_entry const& of, command_entry const& program) {
    auto const begin =
        fmt::format("complete -c {} -n {}", program.name, shell_quote(fish_condition(of, program)));
    std::string out;
    for (auto const& each : of.commands)
        out += fmt::format("{} -f -a {} -d {}\n", begin, each.name, shell_quote(each.description));
    for (auto const& each : of.options) {
        out += begin;
        if (!each.short_name.empty()) out += " -s " + each.short_name.substr(1);
        if (!each.long_name.empty()) out += " -l " + each.long_name.substr(2);
        out += fish_values(each.rule) + " -d " + shell_quote(each.description) + '\n';
    }
    for (auto const& each : of.arguments) {
        if (each.rule.what == value_rule::one_of)
            out += fmt::format("{} -f -a {}\n", begin, shell_quote(joined(each.rule.choices)));
        if (each.rule.what == value_rule::file) out += begin + " -F\n";
        if (each.rule.what == value_rule::folder) out += begin + " -f -a '(__fish_complete_directories)'\n";
        break;
    }
    return out;
}

}  // namespace

std::string bash_completion(command_entry const& program) {
    std::vector<command_entry const*> all;
    list_commands(program, all);
    auto const name = identifier(program.name);
    std::string paths;
    for (auto const* each : all)
        paths += (paths.empty() ? "" : "|") + shell_quote(below_program(*each, program));
    // The words before the one that is typed are commands as long as they name one.
    auto out = fmt::format(R"(# bash completion for {0}
_{1}_words() {{
    local word=$1 last=$2 command=$3 before
    case $command in
)",
                           program.name, name);
    for (auto const* each : all)
        out += bash_case(*each, program);
    out += fmt::format(R"(    esac
}}

# The shell cuts words at colons and equal signs: they are put together again, and of what a word may become
# only that is given which comes behind the last cut.
_{0}() {{
    local -a words=()
    local rest=$COMP_LINE piece=${{COMP_WORDS[COMP_CWORD]}} word last command= longer each cut apart
    for each in "${{COMP_WORDS[@]:0:COMP_CWORD + 1}}"; do
        if [[ -n $COMP_LINE ]]; then
            [[ -z $rest || $rest == [[:blank:]]* ]] && apart=1 || apart=
            [[ -z $rest && -z $each && $COMP_LINE != *[[:blank:]] ]] && apart=
        else
            [[ $each =~ ^[:=]+$ || ( ${{#words[@]}} -gt 0 && ${{words[-1]}} == *[:=] ) ]] && apart= || apart=1
        fi
        if [[ -n $apart || ${{#words[@]}} -eq 0 ]]; then words+=("$each"); else words[-1]+=$each; fi
        rest=${{rest#"${{rest%%[![:blank:]]*}}"}}
        rest=${{rest#"$each"}}
    done
    word=${{words[-1]}} last=
    [[ ${{#words[@]}} -gt 1 ]] && last=${{words[-2]}}
    if [[ $piece =~ ^[:=]+$ ]]; then cut=$word; else cut=${{word%"$piece"}}; fi
    if [[ $word == -*=* ]]; then
        last=${{word%%=*}}
        word=${{word#*=}}
        cut=${{cut#"$last="}}
    fi
    for each in "${{words[@]:1:${{#words[@]}} - 2}}"; do
        longer=${{command:+$command }}$each
        case $longer in
            {1}) command=$longer ;;
        esac
    done
    mapfile -t COMPREPLY < <(_{0}_words "${{word//\\/}}" "$last" "$command")
    COMPREPLY=("${{COMPREPLY[@]#"$cut"}}")
    [[ ${{#COMPREPLY[@]}} -eq 1 && ${{COMPREPLY[0]}} == *= ]] && compopt -o nospace
    return 0
}}

complete -o filenames -o bashdefault -F _{0} {2}
)",
                       name, paths, program.name);
    return out;
}

std::string zsh_completion(command_entry const& program) {
    auto const name = "_" + identifier(program.name);
    return fmt::format(
        "#compdef {0}\n\n{1}\nif [ \"$funcstack[1]\" = {2} ]; then\n    {2} \"$@\"\nelse\n    compdef {2} "
        "{0}\nfi\n",
        program.name, zsh_function(program, name), name);
}

std::string fish_completion(command_entry const& program) {
    std::vector<command_entry const*> all;
    list_commands(program, all);
    auto out = fmt::format("# fish completion for {0}\ncomplete -c {0} -f\n", program.name);
    for (auto const* each : all)
        out += fish_lines(*each, program);
    return out;
}

}  // namespace quartet::cli
