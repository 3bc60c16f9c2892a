// cli/commands/generate.cpp
//
// `quartet generate`: the Python study's support scripts, generate_messages and data_generator.

#include "cli/commands/commands.hpp"
#include "cli/parsing/exit_codes.hpp"
#include "cli/parsing/validators.hpp"
#include "cli/parsing/value_rule.hpp"
#include "cli/reports/report_files.hpp"
#include "workloads/data/generate_csv.hpp"
#include "workloads/data/generate_messages.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace quartet::cli {
namespace {

constexpr std::uint64_t most_rows = 10'000'000;

struct generate_options {
    std::string output = "-";
    std::uint64_t seed = 1;
    std::size_t rows = 30'001;
};

/// `make` is called when the file is known to be writable.
template <class Make>
int write(generate_options const& options, Make make) {
    check_writable("--output", options.output);
    write_report(options.output, make());
    return all_well;
}

}  // namespace

void add_generate(CLI::App& app, action& chosen) {
    auto const options = std::make_shared<generate_options>();
    auto* const command = app.add_subcommand("generate", "write input like that of the Python study");
    command->require_subcommand(0, 1);
    auto* const messages =
        command->add_subcommand("messages", "write 26 letters with random delays of 2 to 10 seconds");
    auto* const csv = command->add_subcommand("csv", "write a CSV file of made-up profiles");
    for (auto* each : {messages, csv}) {
        takes_file(each->add_option("--output", options->output, "the file; - is standard output"))
            ->option_text("FILE")
            ->capture_default_str();
        each->add_option("--seed", options->seed, "the same number gives the same output")
            ->option_text("N")
            ->check(integer_from(0, most_seed))
            ->capture_default_str();
    }
    csv->add_option("--rows", options->rows, "records after the header; 30001 are 10 MB")
        ->option_text("N")
        ->check(integer_from(0, most_rows))
        ->capture_default_str();
    messages->callback([options, &chosen] {
        chosen = [options] {
            return write(*options, [&] { return to_text(generate_messages(options->seed)); });
        };
    });
    csv->callback([options, &chosen] {
        chosen = [options] {
            return write(*options, [&] { return generate_csv(options->rows, options->seed); });
        };
    });
}

}  // namespace quartet::cli
