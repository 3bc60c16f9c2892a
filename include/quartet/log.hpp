// include/quartet/log.hpp
//
// What bodies log, and the function that gets it.
#pragma once

#include <chrono>
#include <functional>
#include <string>

namespace quartet::inline v0 {

/// A line that a body logged.
struct log_record {
    std::chrono::system_clock::time_point time;
    std::string worker;
    std::string line;
};

/// Called for every logged line: on the body's thread; under `processes` in the parent, on a thread of the
/// executor's; for what the end of an executor has to say, on the thread that ends it; where a body holds an
/// event loop, on the thread that watches loops. So under `threads`, and if loops are watched
/// (executor_options::stall_limit), from several threads at the same time. What it throws is dropped. Must
/// not wait for calls of the executor.
using log_handler = std::function<void(log_record const&)>;

}  // namespace quartet::inline v0
