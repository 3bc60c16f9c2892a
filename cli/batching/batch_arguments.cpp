#include "cli/batching/batch_arguments.hpp"

#include "batch/journal/journal.hpp"
#include "cli/parsing/command_words.hpp"
#include "cli/parsing/errors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace quartet::cli {
namespace {

std::vector<char const*> pointers_to(std::span<std::string const> words) {
    std::vector<char const*> pointers;
    for (auto const& word : words)
        pointers.push_back(word.c_str());
    return pointers;
}

batch_options parse(std::vector<std::string> words) {
    CLI::App parser;
    batch_options options;
    add_batch_options(parser, options);
    for (auto* const option : parser.get_options())
        if (option->nonpositional() && option->get_items_expected_max() == 1)
            option->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
    std::ranges::reverse(words);
    try {
        parser.parse(std::move(words));
    } catch (CLI::ParseError const& error) {
        throw usage_error(fmt::format("the journal's command line can't be read: {}", error.what()));
    }
    return options;
}

/// Where the batch began, whose files are named from there.
void go_to(std::filesystem::path const& folder) {
    std::error_code refused;
    if (folder == std::filesystem::current_path()) return;
    std::filesystem::current_path(folder, refused);
    if (refused)
        throw usage_error(fmt::format("--resume: cannot go to '{}', where the batch began: {}",
                                      folder.native(), refused.message()));
    fmt::print(stderr, "quartet: the batch goes on in '{}'\n", folder.native());
}

}  // namespace

std::vector<std::string> batch_arguments::for_parser() const {
    auto words = options;
    if (command.empty()) return words;
    words.emplace_back("--");
    std::ranges::copy(command, std::back_inserter(words));
    return words;
}

batch_arguments split_batch(std::span<std::string const> words) {
    CLI::App parser;
    batch_options ignored;
    add_batch_options(parser, ignored);
    batch_arguments made;
    made.typed.assign(words.begin(), words.end());
    batch::input_arguments split;
    try {
        split = batch::split_inputs(pointers_to(words));
    } catch (std::runtime_error const& wrong) {
        throw usage_error(wrong.what());
    }
    made.inputs = std::move(split.sources);
    auto const end = static_cast<std::ptrdiff_t>(options_end(parser, split.words));
    made.options.assign(split.words.begin(), split.words.begin() + end);
    made.command.assign(split.words.begin() + end, split.words.end());
    if (!made.command.empty() && made.command.front() == "--") made.command.erase(made.command.begin());
    return made;
}

std::string const& resumed_journal(batch_options const& options) {
    return options.resume.empty() ? options.resume_failed : options.resume;
}

batch_plan plan_batch(batch_options options, batch_arguments const& given) {
    if (resumed_journal(options).empty())
        return {.options = options, .sources = sources_of(options, given.inputs), .typed = given.typed};
    if (!given.command.empty() || !given.inputs.empty() || !options.inputs.empty())
        throw usage_error("--resume: the command and its inputs stand in the journal; leave them out here");
    auto const journal = std::filesystem::absolute(resumed_journal(options));
    auto const header = batch::journal::open(journal, [](batch::journal_row const&) {}).header();
    auto before = split_batch(header.arguments);
    std::ranges::copy(given.options, std::back_inserter(before.options));
    auto both = parse(before.for_parser());
    both.journal.clear();
    (options.resume.empty() ? both.resume_failed : both.resume) = journal.native();
    go_to(header.folder);
    return {.options = both, .sources = sources_of(both, before.inputs), .typed = header.arguments};
}

}  // namespace quartet::cli
