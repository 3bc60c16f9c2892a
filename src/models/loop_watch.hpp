// src/models/loop_watch.hpp
//
// The watch over the event loop of a worker.
#pragma once

#include "src/io/context/logging.hpp"

#include <quartet/detail/io/stall_watch.hpp>

#include <chrono>
#include <memory>
#include <string>

namespace quartet::inline v0::detail {

/// Watches a loop of this worker, and logs stalls. Null if it is not to be watched.
inline std::unique_ptr<stall_watch> watch_stalls(std::chrono::nanoseconds limit, worker_info const& worker,
                                                 log_function const& log, loop_holder* shown = nullptr) {
    if (limit <= limit.zero()) limit = limit.max();
    if (limit == limit.max() && !shown) return nullptr;
    return std::make_unique<stall_watch>(
        limit, [&worker, log](std::string const& line) { tell(log, worker, line); }, shown);
}

}  // namespace quartet::inline v0::detail
