// cli/commands/clean.cpp
//
// `quartet clean`: removes the folders that quartet made and left behind. It touches nothing but folders with
// quartet's mark that no running process of quartet uses.

#include "cli/commands/commands.hpp"
#include "cli/measuring/scratch.hpp"
#include "cli/parsing/exit_codes.hpp"
#include "cli/parsing/value_rule.hpp"
#include "cli/terminal/text.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

namespace quartet::cli {
namespace {

struct clean_options {
    std::vector<std::string> folders;
    bool dry_run = false;
};

int clean(clean_options options) {
    if (options.folders.empty()) options.folders.push_back(temporary_folder());
    std::size_t found = 0;
    for (auto const& folder : options.folders) {
        if (!std::filesystem::is_directory(folder))
            throw usage_error(fmt::format("'{}' is not a folder", folder));
        for (auto const& each : find_leftovers(folder)) {
            if (each.in_use) continue;
            ++found;
            if (!options.dry_run) std::filesystem::remove_all(each.path);
            fmt::print("{} {}\n", options.dry_run ? "would remove" : "removed",
                       printable(each.path.native()));
        }
    }
    if (found == 0) fmt::print("nothing to remove\n");
    return all_well;
}

}  // namespace

void add_clean(CLI::App& app, action& chosen) {
    auto const options = std::make_shared<clean_options>();
    auto* const command = app.add_subcommand("clean", "remove what runs have left behind");
    takes_folder(command->add_option(
        "FOLDER", options->folders,
        "a folder that quartet made, or one with such folders in it; none: the temporary folder"));
    command->add_flag("--dry-run", options->dry_run, "only show what would be removed");
    command->callback([options, &chosen] { chosen = [options] { return clean(*options); }; });
}

}  // namespace quartet::cli
