// cli/measuring/timing_method.hpp
//
// How `quartet time` measures: its options, as they are typed and as they are meant.
#pragma once

#include "measure/commands/command_session.hpp"

#include <CLI/CLI.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace quartet::cli {

/// As it is typed.
struct timing_options {
    std::string rounds;
    std::size_t warmup = 1;
    std::string time_per_row = "3s";
    std::string precision;
    std::string budget;
    std::string margin = "3%";
    std::optional<std::uint64_t> seed;
    std::string limit;
    std::string ignored;  ///< empty: a failure is one
    std::string output = "null";
    std::string input;
    bool in_turn = false;
};

void add_timing_options(CLI::App& command, timing_options& options);

struct timing_method {
    measure::command_session_options session;  ///< but its commands, and what stops it
    double margin = 0;
    std::string output;  ///< as results tell it; empty for what is usual
};

/// Throws usage_error.
timing_method choose_timing(timing_options const& options);

}  // namespace quartet::cli
