// measure/trial/trial.hpp
//
// One run of one workload under one model, measured from inside the process that was started for it. The
// other side, which starts that process and watches it, is trial_process.hpp.
#pragma once

#include "measure/results/results.hpp"

#include <quartet/backend/model.hpp>
#include <quartet/workload/task_digest.hpp>
#include <quartet/workload/task_order.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace quartet::measure {

/// What a trial is to do. Crosses to its process as JSON.
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

/// What came of it. Crosses back as JSON.
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
    double tracing_seconds = 0;    ///< processor time that heap tracing cost
    double recording_seconds = 0;  ///< processor time that task records cost
    task_table records;
    std::vector<worker_use> workers;
    std::vector<task_digest> digests;  ///< if they were asked for

    bool operator==(trial_result const&) const = default;
};

std::string to_json(trial_request const& request);
std::string to_json(trial_result const& result);
/// Both throw std::invalid_argument.
trial_request trial_request_from_json(std::string_view text);
trial_result trial_result_from_json(std::string_view text);

/// For whoever samples memory from outside.
struct trial_hooks {
    std::function<void()> at_start;  ///< what is measured begins now; may be called again
    std::function<void()> at_end;    ///< the workload has run, its workers still live
};

/// The memory that a trial has for the tasks' records from its start to its end.
std::size_t recording_bytes(trial_request const& request) noexcept;

/// Runs the workload in this process. Throws nothing but std::bad_alloc: errors are in the result.
trial_result run_trial(trial_request const& request, log_handler log, trial_hooks const& hooks);

}  // namespace quartet::measure
