// src/models/logging.hpp
//
// How a body's log line reaches the executor's handler when both are in one process.
#pragma once

#include <quartet/context.hpp>
#include <quartet/detail/stall_watch.hpp>
#include <quartet/model.hpp>

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace quartet::detail {

inline std::function<void(worker_info const&, std::string_view)> log_to(log_handler const& handler) {
    if (!handler) return {};
    return [&handler](worker_info const& where, std::string_view line) {
        handler({std::chrono::system_clock::now(), where.name, std::string(line)});
    };
}

/// What a loop of this worker does with stalls; none if nobody is to look.
inline std::optional<stall_watch> watch_stalls(
    std::chrono::nanoseconds limit, worker_info const& where,
    std::function<void(worker_info const&, std::string_view)> const& log) {
    if (limit <= limit.zero()) return std::nullopt;
    return stall_watch(limit, [&where, log](std::string const& line) {
        if (log) return log(where, line);
        fmt::print(stderr, "quartet: {}: {}\n", where.name, line);
    });
}

}  // namespace quartet::detail
