// server/faults.hpp
//
// What happens to a reply on purpose: how late it comes, whether it is an error, whether it is cut off.
//
// A pure function of the options and the number of the request, so that a run can be repeated.
#pragma once

#include "server/server.hpp"

#include <chrono>
#include <cstdint>

namespace quartet::server_detail {

struct fate {
    std::chrono::nanoseconds delay{0};  ///< latency, jitter and slowness together
    bool error = false;
    bool slow = false;
    bool broken = false;
};

fate fate_of(std::uint64_t request_number, server_options const& options);

/// Throws std::invalid_argument, naming the option, if one is out of its range.
void check(server_options const& options);

}  // namespace quartet::server_detail
