// batch/run/batch_summary.hpp
//
// What a batch says of itself: while it runs, and at its end.
#pragma once

#include "batch/control/limit_change.hpp"
#include "batch/run/duration_histogram.hpp"
#include "batch/run/time_left.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace quartet::batch {

struct batch_status {
    std::uint64_t done = 0;
    std::uint64_t failed = 0;
    std::uint64_t left_out = 0;  ///< as a journal has them
    std::size_t running = 0;
    std::size_t waiting = 0;               ///< for a further try
    std::optional<std::uint64_t> total{};  ///< of all inputs, once it is known
    double elapsed = 0;                    ///< seconds
    double rate = 0;                       ///< jobs that have ended a second, of the last ten seconds
    std::optional<time_left::estimate> left{};
    std::string slowest{};  ///< of the running ones, as one would type it
    double slowest_seconds = 0;
};

/// A job that failed, or took long.
struct job_note {
    std::uint64_t number = 0;
    std::string command{};
    double seconds = 0;
    std::uint32_t tries = 1;
    std::string reason{};      ///< "exited with code 3"
    std::string last_lines{};  ///< of its standard error
};

/// Why a batch ended before its inputs did.
enum class batch_end {
    all_run,
    halted,       ///< by the rule
    interrupted,  ///< by a signal
    reader_gone,  ///< who read the output has gone
    broken,       ///< inputs could not be read, or the journal not be written
};

struct batch_summary {
    static constexpr std::size_t most_notes = 10;

    std::uint64_t done = 0;
    std::uint64_t failed = 0;
    std::uint64_t cancelled = 0;
    std::uint64_t left_out = 0;
    std::uint64_t tries = 0;  ///< all of them
    double seconds = 0;       ///< from begin to end
    double job_seconds = 0;   ///< of all tries, added up
    double cpu_user = 0;
    double cpu_system = 0;
    std::size_t peak_bytes = 0;  ///< of the largest job; 0 if none was larger than this program
    std::size_t most_running = 0;
    std::string at_once{};                ///< how many, and why: "8 at once: more made each slower"
    std::vector<limit_change> changes{};  ///< of that number
    duration_histogram durations{};       ///< of jobs that ended well
    std::vector<job_note> failures{};     ///< the first of them
    std::vector<job_note> slowest{};      ///< the slowest first
    batch_end end = batch_end::all_run;
    int signal = 0;     ///< that interrupted it
    std::string why{};  ///< of batch_end::halted and broken, in words
};

}  // namespace quartet::batch
