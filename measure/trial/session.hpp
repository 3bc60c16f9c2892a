// measure/trial/session.hpp
//
// The rounds of a measurement: every round runs each configuration once, each in a process of its own, and
// the figures of all rounds make the results. Prints nothing; an observer hears what goes on. For one
// thread; forks, so the caller should have no others.
#pragma once

#include "measure/results/results.hpp"
#include "measure/trial/stopping.hpp"
#include "measure/trial/trial_process.hpp"

#include <quartet/spec.hpp>
#include <quartet/workload/parameter.hpp>
#include <quartet/workload/registry.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace quartet::measure {

/// One workload under one model.
struct configuration {
    workload const* what;
    parameter_values parameters;
    model_spec model;
};

/// A server that trials ask.
struct asked_server {
    std::string url{};
    pid_t process = 0;  ///< which does not count as noise, nor do its children
};

struct session_options {
    stopping_plan stopping{};
    std::size_t warmup = 1;  ///< rounds before those that count
    std::uint64_t seed = 0;  ///< of the order of trials
    bool log = false;
    std::chrono::seconds between_reports{5};  ///< least time between reports, except after rounds
    bool pictures = false;       ///< a last round, which does not count, records all that can be drawn
    asked_server test_server{};  ///< none if no configuration needs it
    std::map<std::string, asked_server> own_servers{};  ///< of workloads, by their names
    std::filesystem::path scratch{};                    ///< an empty folder; each trial gets a new one in it
    int stop_descriptor = -1;                           ///< readable: kill the running trial and end

    /// The one that a workload's trials ask.
    asked_server const& server_of(std::string const& workload) const {
        auto const own = own_servers.find(workload);
        return own == own_servers.end() ? test_server : own->second;
    }
};

/// What a session has found out so far.
struct session_results {
    std::vector<measurement> measurements;  ///< one per configuration, in their order
    measure::conditions conditions;
};

/// What the session is about to do.
struct trial_announcement {
    configuration const& which;
    std::size_t round;   ///< from 1; 0 is a warm-up, or the one for pictures
    std::size_t rounds;  ///< that count, at the most
    /// How long the rest will take at the most, this trial included, going by the trials so far; empty before
    /// there were any.
    std::optional<std::chrono::duration<double>> left;
};

/// Told of the course of a session. The functions here do nothing.
class session_observer {
public:
    virtual ~session_observer() = default;

    virtual void trial_begins(trial_announcement const&) {}

    /// Called after each round, and in between when some seconds have passed, with the results so far: to be
    /// kept in case the session is cut short.
    virtual void progressed(session_results const&) {}
};

/// The spec of a configuration with its number, where none was asked for: the workload's default, or the CPUs
/// this process may use.
model_spec resolve(model_spec asked, workload const& what, preset which);

/// Runs rounds until the plan says that it is enough, or the stop descriptor is readable. Throws
/// std::system_error.
session_results run_session(std::vector<configuration> const& configurations, session_options const& options,
                            session_observer& observer);

}  // namespace quartet::measure
