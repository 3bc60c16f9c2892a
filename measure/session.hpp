// measure/session.hpp
//
// The rounds of a measurement: every round runs each configuration once, each in a process of its own, and
// the figures of all rounds make the results. Prints nothing; an observer hears what goes on. For one
// thread; forks, so the caller should have no others.
#pragma once

#include "measure/results.hpp"
#include "measure/trial_process.hpp"

#include <quartet/parameter.hpp>
#include <quartet/spec.hpp>
#include <quartet/workload.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace quartet::measure {

/// One workload under one model.
struct configuration {
    workload const* what;
    parameter_values parameters;
    model_spec model;
};

struct session_options {
    std::size_t rounds = 2;
    std::uint64_t seed = 0;  ///< of the order of trials
    bool log = false;
    std::filesystem::path scratch;  ///< an empty folder; each trial gets a new one in it
    int stop_descriptor = -1;       ///< readable: kill the running trial and throw `interrupted`
};

/// Hears of the course of a session.
class session_observer {
public:
    virtual ~session_observer() = default;

    /// `left`: how long the rest will take, this trial included, going by the trials so far; empty before
    /// there were any.
    virtual void trial_begins(configuration const& which, std::size_t number, std::size_t of,
                              std::optional<std::chrono::duration<double>> left) = 0;
};

/// The spec of a configuration with its number, where none was asked for: the workload's default, or the CPUs
/// this process may use.
model_spec resolve(model_spec asked, workload const& what, preset which);

/// Runs all rounds. One measurement per configuration, in their order. `server_url` is that of the test
/// server, empty if no configuration needs it. Throws `interrupted`, std::system_error.
std::vector<measurement> run_session(std::vector<configuration> const& configurations,
                                     std::string const& server_url, session_options const& options,
                                     session_observer& observer);

/// Whether a measurement is without fault: no failed tasks, right end state, right checksum.
bool is_good(measurement const& of);

}  // namespace quartet::measure
