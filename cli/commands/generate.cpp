// cli/commands/generate.cpp
//
// `quartet generate`: the seed's support scripts, generate_messages and data_generator.

#include "cli/commands/commands.hpp"
#include "cli/exit_codes.hpp"
#include "measure/atomic_file.hpp"
#include "workloads/data/generate_csv.hpp"
#include "workloads/data/generate_messages.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace quartet::cli {
namespace {

struct generate_options {
    std::string output = "/dev/stdout";
    std::uint64_t seed = 1;
    std::size_t rows = 30'001;
};

int write(generate_options const& options, std::string const& content) {
    measure::write_file_whole(options.output, content);
    return all_well;
}

}  // namespace

void add_generate(CLI::App& app, action& chosen) {
    auto const options = std::make_shared<generate_options>();
    auto* const command = app.add_subcommand("generate", "write input like the seed's");
    command->require_subcommand(1);
    auto* const messages = command->add_subcommand("messages", "26 letters with random delays of 2 to 10 seconds");
    auto* const csv = command->add_subcommand("csv", "a CSV file of made-up profiles, 10 MB");
    for (auto* each : {messages, csv}) {
        each->add_option("--output", options->output, "the file")->capture_default_str();
        each->add_option("--seed", options->seed, "the same seed gives the same output")->capture_default_str();
    }
    csv->add_option("--rows", options->rows, "records after the header")->capture_default_str();
    messages->callback([options, &chosen] {
        chosen = [options] { return write(*options, to_text(generate_messages(options->seed))); };
    });
    csv->callback([options, &chosen] {
        chosen = [options] { return write(*options, generate_csv(options->rows, options->seed)); };
    });
}

}  // namespace quartet::cli
