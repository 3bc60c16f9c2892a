// cli/commands/completion.cpp
//
// `quartet completion`: scripts that make a shell complete the command line; `quartet man`, which is not
// shown, writes the manual pages that are installed.

#include "cli/parsing/completion.hpp"

#include "cli/commands/commands.hpp"
#include "cli/parsing/command_tree.hpp"
#include "cli/parsing/exit_codes.hpp"
#include "cli/parsing/manual_page.hpp"
#include "cli/parsing/value_rule.hpp"
#include "cli/reports/report_files.hpp"
#include "measure/results/atomic_file.hpp"
#include "src/base/nearest.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <unistd.h>

namespace quartet::cli {
namespace {

int print_completion(CLI::App const& app, std::string const& shell) {
    auto const program = describe_commands(app);
    if (shell == "bash") {
        print_to(STDOUT_FILENO, bash_completion(program));
    } else if (shell == "zsh") {
        print_to(STDOUT_FILENO, zsh_completion(program));
    } else if (shell == "fish") {
        print_to(STDOUT_FILENO, fish_completion(program));
    } else {
        std::string_view const shells[] = {"bash", "zsh", "fish"};
        throw usage_error(fmt::format("there is no completion for '{}'; there is for {}{}", shell,
                                      detail::join(shells), detail::did_you_mean(shell, shells)));
    }
    return all_well;
}

/// A page for the program and for each of its commands.
int write_pages(CLI::App const& app, std::string const& folder) {
    auto const program = describe_commands(app);
    auto const write = [&](command_entry const& of) {
        measure::write_file_whole(std::filesystem::path(folder) / (page_name(of) + ".1"),
                                  manual_page(of, program));
    };
    write(program);
    for (auto const& each : program.commands)
        write(each);
    return all_well;
}

}  // namespace

void add_completion(CLI::App& app, action& chosen) {
    auto const shell = std::make_shared<std::string>();
    auto* const command =
        app.add_subcommand("completion", "print a script that makes a shell complete commands");
    takes_one_of(command->add_option("SHELL", *shell, "bash, zsh or fish"), {"bash", "zsh", "fish"})
        ->required();
    command->footer(
        "Examples:\n"
        "  source <(quartet completion bash)\n"
        "  quartet completion zsh > ~/.zfunc/_quartet\n"
        "  quartet completion fish > ~/.config/fish/completions/quartet.fish\n");
    command->callback(
        [shell, &app, &chosen] { chosen = [shell, &app] { return print_completion(app, *shell); }; });

    auto const folder = std::make_shared<std::string>();
    auto* const pages = app.add_subcommand("man", "write the manual pages into a folder")->group("");
    takes_folder(pages->add_option("FOLDER", *folder, "where to"))->required();
    pages->callback(
        [folder, &app, &chosen] { chosen = [folder, &app] { return write_pages(app, *folder); }; });
}

}  // namespace quartet::cli
