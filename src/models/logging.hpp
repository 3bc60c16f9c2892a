// src/models/logging.hpp
//
// How a body's log line reaches the executor's handler when both are in one process.
#pragma once

#include <quartet/context.hpp>
#include <quartet/model.hpp>

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

namespace quartet::detail {

inline std::function<void(worker_info const&, std::string_view)> log_to(log_handler const& handler) {
    if (!handler) return {};
    return [&handler](worker_info const& where, std::string_view line) {
        handler({std::chrono::system_clock::now(), where.name, std::string(line)});
    };
}

}  // namespace quartet::detail
