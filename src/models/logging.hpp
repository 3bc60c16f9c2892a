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
#include <memory>
#include <set>
#include <string>
#include <string_view>

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

/// Ends when `wait_until(deadline)` says that nothing is under way. Whom it waits for it tells after a
/// second, and from then on after ten times as long each: `bodies()` gives them.
void wait_and_tell(auto&& wait_until, auto&& bodies, log_handler const& handler) {
    auto const began = std::chrono::steady_clock::now();
    for (auto patience = std::chrono::seconds(1);; patience *= 10) {
        if (wait_until(began + patience)) return;
        std::set<std::string> told;
        for (stubborn_body const& each : bodies()) {
            if (told.size() == 10) break;
            auto line = fmt::format(
                "the end of the executor waits for {}, which goes on {:%Q %q} after it was "
                "asked to stop; a body sees that by ctx.stop_requested()",
                each.name, patience);
            if (told.insert(each.where.name + line).second) tell(log_to(handler), each.where, line);
        }
    }
}

/// What a loop of this worker does with stalls; none if nobody is to look.
inline std::unique_ptr<stall_watch> watch_stalls(
    std::chrono::nanoseconds limit, worker_info const& where,
    std::function<void(worker_info const&, std::string_view)> const& log, loop_holder* shown = nullptr) {
    if (limit <= limit.zero()) limit = limit.max();
    if (limit == limit.max() && !shown) return nullptr;
    return std::make_unique<stall_watch>(
        limit, [&where, log](std::string const& line) { tell(log, where, line); }, shown);
}

}  // namespace quartet::detail
