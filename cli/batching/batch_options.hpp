// cli/batching/batch_options.hpp
//
// The options of `quartet batch`, as they are typed and as they are meant.
#pragma once

#include "batch/inputs/input_arguments.hpp"
#include "batch/run/batch_settings.hpp"

#include <CLI/CLI.hpp>

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace quartet::cli {

/// As they are typed.
struct batch_options {
    std::vector<std::string> words;  ///< the command line of each job
    std::vector<std::string> inputs;
    bool null = false;
    bool csv = false;
    bool tsv = false;
    std::string jobs;
    std::size_t max_jobs = 0;  ///< 0: not said
    std::string max_memory;
    std::optional<double> max_load;
    std::string model = "async";
    std::string rate;
    std::string delay;
    std::size_t per_host = 0;
    std::string retries;
    std::string retry_codes;
    std::string retry_pause;
    std::string slow_down;
    std::string timeout;
    std::string halt;
    bool keep_order = false;
    bool tag = false;
    std::string output;
    std::string journal;
    std::string resume;
    std::string resume_failed;
    bool dry_run = false;
    bool confirm = false;
    std::optional<int> nice;
    std::string json;
    bool quiet = false;
    bool plain = false;
};

void add_batch_options(CLI::App& command, batch_options& options);

/// What they mean. Throws usage_error.
batch::batch_settings settings_of(batch_options const& options);

/// All sources of inputs: --inputs, those after the command, or standard input. Throws usage_error if there
/// are none.
std::vector<batch::source_description> sources_of(batch_options const& options,
                                                  std::vector<batch::source_description> behind_command);

/// "1,3,75..79". Throws std::invalid_argument with a sentence.
std::set<int> parse_exit_codes(std::string_view text);

}  // namespace quartet::cli
