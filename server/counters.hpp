// server/counters.hpp
//
// What a server has counted so far, as the thread of its loop writes it.
#pragma once

#include "server/server.hpp"

#include <atomic>
#include <cstdint>

namespace quartet::server_detail {

/// Written by the thread of the loop only, read by any; so relaxed order is enough.
struct live_counters {
    std::atomic<std::uint64_t> connections{0}, open{0}, requests{0}, errors{0}, slow{0}, broken{0},
        bytes_sent{0}, idle_closed{0}, accept_pauses{0};

    server::counters snapshot() const;
};

}  // namespace quartet::server_detail
