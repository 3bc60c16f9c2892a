// measure/trial/trial_protocol.hpp
//
// What the tool and a trial's process say to each other, in lines (line_socket.hpp) through a socket pair,
// whose end in the trial is descriptor 3:
//
//     tool                          trial
//     the request           ->
//                           <-      "starting": the clock is about to start. More than once if the workload
//                                   starts it again
//     "go on"               ->
//                           <-      "measured": the workload has run, its workers still live
//     "go on"               ->
//                           <-      the result, when its workers have ended
//
// After "starting" the tool samples memory afresh, after "measured" it takes the last sample; the trial waits
// for that. Both are of one program, so no version is spoken of. Plain values.
#pragma once

#include "measure/results/fields.hpp"

#include <quartet/workload/task_digest.hpp>
#include <quartet/workload/task_order.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace quartet::measure {

/// The first argument of a program that is started as a trial.
inline constexpr std::string_view trial_argument = "trial";

inline constexpr int trial_descriptor = 3;

inline constexpr std::string_view trial_is_starting = "starting";
inline constexpr std::string_view trial_has_measured = "measured";
inline constexpr std::string_view go_on = "go on";

/// What a trial is to do.
struct trial_request {
    std::string workload;
    std::string spec;
    std::map<std::string, std::string> parameters;  ///< all of them, by name within the workload
    std::string scratch;
    std::string server_url;
    bool trace_heap = false;
    bool for_pictures = false;  ///< its times don't count: every task and every wait is recorded
    bool log = false;
    task_order order{};
    bool keep_digests = false;  ///< of what each task gives

    bool operator==(trial_request const&) const = default;
};

/// What came of it.
struct trial_result {
    std::string error;  ///< why there is nothing else: an exception's text; empty if the workload ran
    std::uint64_t tasks = 0;
    std::uint64_t failed = 0;
    std::vector<std::string> failures;
    std::string checksum;
    std::string verification;
    std::vector<lap> laps;
    trial_figures figures;  ///< as far as they are known inside
    std::optional<std::uint64_t> heap_current_bytes;
    std::optional<std::uint64_t> heap_peak_bytes;
    double beside_cpu_seconds = 0;  ///< processor time on this machine that no process of the trial has used
    double tracing_seconds = 0;     ///< processor time that heap tracing cost
    double recording_seconds = 0;   ///< processor time that task records cost
    task_table records;
    std::vector<worker_use> workers;
    std::vector<task_digest> digests;  ///< if they were asked for

    bool operator==(trial_result const&) const = default;
};

/// The values as a line, and back. The reading ones throw std::invalid_argument that says which member is
/// wrong.
std::string line_of(trial_request const& request);
std::string line_of(trial_result const& result);
trial_request trial_request_of(std::string_view line);
trial_result trial_result_of(std::string_view line);

}  // namespace quartet::measure
