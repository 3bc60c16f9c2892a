// src/models/executor_end.hpp
//
// An executor ends when its bodies have ended. If that takes long, the log tells which bodies it waits for.
#pragma once

#include "src/io/context/logging.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <chrono>
#include <set>
#include <string>

namespace quartet::inline v0::detail {

/// A body that keeps an executor from ending.
struct unended_body {
    worker_info worker;
    std::string name;
};

/// Waits until `wait_until(deadline)` says that nothing is under way. Logs the bodies that it waits for,
/// which `bodies()` gives, after a second, and then each time ten times as long has passed.
void wait_and_tell(auto&& wait_until, auto&& bodies, log_handler const& handler) {
    auto const began = std::chrono::steady_clock::now();
    for (auto waited = std::chrono::seconds(1);; waited *= 10) {
        if (wait_until(began + waited)) return;
        std::set<std::string> told;
        for (unended_body const& each : bodies()) {
            if (told.size() == 10) break;
            auto line = fmt::format(
                "the end of the executor waits for {}, which goes on {:%Q %q} after it was "
                "asked to stop; a body sees that by ctx.stop_requested()",
                each.name, waited);
            if (told.insert(each.worker.name + line).second) tell(log_to(handler), each.worker, line);
        }
    }
}

}  // namespace quartet::inline v0::detail
