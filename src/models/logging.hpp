// src/models/logging.hpp
//
// How a body's log line reaches the executor's handler when both are in one process.
#pragma once

#include <quartet/context.hpp>
#include <quartet/detail/stall_watch.hpp>
#include <quartet/model.hpp>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <optional>
#include <ranges>
#include <string>
#include <string_view>
#include <vector>

namespace quartet::detail {

/// What a handler throws is nobody's: not the body's, and there is no place to tell of it.
inline void hand_over(log_handler const& handler, log_record const& record) noexcept {
    try {
        handler(record);
    } catch (...) {
    }
}

inline std::function<void(worker_info const&, std::string_view)> log_to(log_handler const& handler) {
    if (!handler) return {};
    return [&handler](worker_info const& where, std::string_view line) {
        hand_over(handler, {std::chrono::system_clock::now(), where.name, std::string(line)});
    };
}

/// A line of quartet's own: to the log, or without a handler on standard error.
inline void tell(std::function<void(worker_info const&, std::string_view)> const& log,
                 worker_info const& where, std::string_view line) {
    if (log) return log(where, line);
    fmt::print(stderr, "quartet: {}: {}\n", where.name, line);
}

/// So many operations of a body in a row that end before they begin, since it is to end, and it does not.
constexpr std::uint32_t deaf_after = 1000;
/// From then on each takes so long.
constexpr auto pause_of_the_deaf = std::chrono::milliseconds(1);

inline std::string describe_deafness(std::string_view body) {
    return fmt::format(
        "{} goes on after {} of its waits have ended by a stop or a time limit: what catches "
        "everything has to let quartet::cancelled pass (throw;)",
        body, deaf_after);
}

/// What a thread's body is called that keeps an executor from ending.
struct stubborn_body {
    worker_info where;
    std::string name;
};

/// How long the end of an executor waits for bodies on threads until it names them.
constexpr auto patience = std::chrono::seconds(1);

inline void tell_of(std::vector<stubborn_body> const& bodies, log_handler const& handler) {
    for (auto const& each : bodies | std::views::take(10))
        tell(log_to(handler), each.where,
             fmt::format("the end of the executor waits for {}, which goes on {:%Q %q} after it was asked to "
                         "stop; a body sees that by ctx.stop_requested()",
                         each.name, patience));
}

/// What a loop of this worker does with stalls; none if nobody is to look.
inline std::optional<stall_watch> watch_stalls(
    std::chrono::nanoseconds limit, worker_info const& where,
    std::function<void(worker_info const&, std::string_view)> const& log, loop_holder* shown = nullptr) {
    if (limit <= limit.zero()) limit = limit.max();
    if (limit == limit.max() && !shown) return std::nullopt;
    return stall_watch(
        limit, [&where, log](std::string const& line) { tell(log, where, line); }, shown);
}

}  // namespace quartet::detail
