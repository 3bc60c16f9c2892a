#include "server/counters.hpp"

namespace quartet::server_detail {

server::counters live_counters::snapshot() const {
    auto const get = [](auto const& counter) { return counter.load(std::memory_order_relaxed); };
    return {.connections = get(connections),
            .open = get(open),
            .requests = get(requests),
            .errors = get(errors),
            .slow = get(slow),
            .broken = get(broken),
            .bytes_sent = get(bytes_sent),
            .idle_closed = get(idle_closed),
            .accept_pauses = get(accept_pauses)};
}

}  // namespace quartet::server_detail
