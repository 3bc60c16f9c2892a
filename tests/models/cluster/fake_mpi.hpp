// tests/models/cluster/fake_mpi.hpp
//
// An MPI whose messages the test brings and whose requests it ends. One at a time, as its functions have no
// object.
#pragma once

#include "src/models/cluster/mpi_table.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace quartet::detail::fake_mpi {

struct sent {
    std::string bytes;
    std::int32_t to;
    std::int32_t tag;
    std::uint64_t request;
};

struct coming {
    std::int32_t from;
    std::int32_t tag;
    std::string bytes;
};

struct network {
    std::vector<sent> out{};
    std::deque<coming> in{};
    std::vector<std::int8_t> requests{0};  // states, by number
    bool sends_end = true;                 // at once
    bool receives_end = true;
    bool refuses = false;  // to send

    std::uint64_t request(bool ends) {
        requests.push_back(ends ? 1 : 0);
        return requests.size() - 1;
    }
};
inline network net;

inline quartet_mpi_table const& table() {
    static quartet_mpi_table const made{
        .version = quartet_mpi_version,
        .quartet_version = "",
        .start = nullptr,
        .rank = nullptr,
        .size = nullptr,
        .about = nullptr,
        .describe = nullptr,
        .gather = nullptr,
        .send =
            [](void const* bytes, std::uint64_t count, std::int32_t to, std::int32_t tag,
               quartet_mpi_request* begun) {
                if (net.refuses) return 1;
                begun->bits = net.request(net.sends_end);
                net.out.push_back(
                    {std::string(static_cast<char const*>(bytes), count), to, tag, begun->bits});
                return 0;
            },
        .receive =
            [](void* bytes, std::uint64_t count, std::int32_t from, std::int32_t tag,
               quartet_mpi_request* begun) {
                auto const found = std::find_if(net.in.begin(), net.in.end(), [&](coming const& each) {
                    return each.from == from && each.tag == tag;
                });
                if (found == net.in.end() || found->bytes.size() > count) return 1;
                std::memcpy(bytes, found->bytes.data(), found->bytes.size());
                net.in.erase(found);
                begun->bits = net.request(net.receives_end || tag == 2);
                return 0;
            },
        .test =
            [](quartet_mpi_request* requests, std::uint64_t count, std::int8_t* states) {
                for (std::uint64_t each = 0; each < count; ++each)
                    states[each] = net.requests[requests[each].bits];
                return 0;
            },
        .probe =
            [](quartet_mpi_arrival* arrival, std::int32_t* found) {
                *found = net.in.empty() ? 0 : 1;
                if (*found != 0)
                    *arrival = {net.in.front().bytes.size(), net.in.front().from, net.in.front().tag};
                return 0;
            },
        .finish = nullptr,
        .abort = nullptr};
    return made;
}

}  // namespace quartet::detail::fake_mpi
