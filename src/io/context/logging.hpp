// src/io/context/logging.hpp
//
// How a body's log line reaches the executor's handler when both are in one process, and what contexts log
// themselves.
#pragma once

#include <quartet/context.hpp>
#include <quartet/log.hpp>

#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <string>
#include <string_view>

namespace quartet::inline v0::detail {

/// Takes a line of a worker's; may be empty.
using log_function = std::function<void(worker_info const&, std::string_view)>;

/// What the body that runs is called, for people; may be empty.
using name_function = std::function<std::string()>;

/// Drops what a handler throws: it is not the body's, and there is nothing else to report it to.
inline void hand_over(log_handler const& handler, log_record const& record) noexcept {
    try {
        handler(record);
    } catch (...) {
    }
}

inline log_function log_to(log_handler const& handler) {
    if (!handler) return {};
    return [&handler](worker_info const& worker, std::string_view line) {
        hand_over(handler, {std::chrono::system_clock::now(), worker.name, std::string(line)});
    };
}

/// A line of quartet's own: to the log, or without a handler on standard error.
inline void tell(log_function const& log, worker_info const& worker, std::string_view line) {
    if (log) return log(worker, line);
    fmt::print(stderr, "quartet: {}: {}\n", worker.name, line);
}

/// A body is deaf that goes on after so many of its operations in a row were ended, since it is to end.
constexpr std::uint32_t deaf_after = 1000;
/// How long each operation of a deaf body takes.
constexpr auto pause_of_the_deaf = std::chrono::milliseconds(1);

inline std::string describe_deafness(std::string_view body) {
    return fmt::format(
        "{} goes on after {} of its waits have ended by a stop or a time limit: what catches "
        "everything has to let quartet::cancelled pass (throw;)",
        body, deaf_after);
}

}  // namespace quartet::inline v0::detail
