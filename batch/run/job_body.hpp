// batch/run/job_body.hpp
//
// The body that each try of a job is, under whatever model: a command runs, and what it writes is kept or put
// in place.
#pragma once

#include "batch/run/kept_output.hpp"

#include <quartet/command.hpp>
#include <quartet/context.hpp>
#include <quartet/task.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace quartet::batch {

enum class output_use {
    kept,     ///< given to who asked for the job
    in_file,  ///< its standard output makes the file
    by_job,   ///< it makes the file itself, by the name that it was given: {out}
};

/// What to do. Crosses to other processes.
struct job_request {
    std::uint64_t number = 0;
    std::vector<std::string> arguments{};
    std::string folder{};                  ///< where it runs; empty: where this program is
    std::chrono::milliseconds timeout{0};  ///< zero: no limit
    output_use use = output_use::kept;
    std::string place{};   ///< the file's name, if there is to be one
    bool lasting = false;  ///< the file is to outlive a loss of power

    template <class Archive>
    void serialize(Archive& archive) {
        archive(number, arguments, folder, timeout, use, place, lasting);
    }
};

/// What became of it.
struct job_report {
    double started = 0;  ///< seconds since 1970
    double seconds = 0;
    bool cancelled = false;  ///< a stop ended it
    std::string problem{};   ///< why it could not be started, or its output not be kept
    bool no_room = false;    ///< for want of processes, descriptors or memory: there may be some later
    command_result end{};    ///< without its outputs; of use if there was neither stop nor problem
    std::string place{};     ///< of the file, if it is in place
    kept_output output{};
    kept_output errors{};

    bool ok() const { return !cancelled && problem.empty() && end.ok(); }

    template <class Archive>
    void serialize(Archive& archive) {
        archive(started, seconds, cancelled, problem, no_room, end, place, output, errors);
    }
};

/// Throws nothing but for want of memory: what goes wrong is in the report.
task<job_report> run_job(context& ctx, job_request const& what);

}  // namespace quartet::batch
