// src/models/cluster/link_sends.hpp
//
// What a link process sends: queues of blocks, one for each rank, sent by MPI right from where they lie.
//
// Large messages go in parts, since a count of MPI's is an int, and so that what a rank which does not
// receive holds on to is bounded: MPI may read a part that was begun at any time, so it stays until MPI has
// done with it; all else can be forgotten.
#pragma once

#include "src/models/cluster/link_memory.hpp"
#include "src/models/cluster/mpi_table.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <vector>

namespace quartet::inline v0::detail {

struct link_limits {
    std::size_t part = std::size_t{80} << 20;     ///< bytes that are sent at once
    std::size_t window = std::size_t{160} << 20;  ///< bytes to one rank that MPI has at once
    std::size_t requests = 64;                    ///< messages that MPI has at once, for each rank
};

/// Tags of MPI's messages. MPI keeps the order of one rank's messages over all tags, for one that takes any.
enum class link_tag : std::int32_t {
    whole = 1,  ///< a message
    size,       ///< the size of a message that comes in parts, as a std::uint64_t
    part,
};

class link_sends {
public:
    link_sends(quartet_mpi_table const& mpi, shared_heap& heap, std::atomic<std::uint64_t>& unsent,
               std::size_t ranks, link_limits limits = {});

    /// Told of each rank to which something was begun, and of one where MPI says that it can't be reached.
    std::function<void(std::size_t)> begun = [](std::size_t) {};
    std::function<void(std::size_t)> failed = [](std::size_t) {};

    /// Takes the block over, whose bytes are in `unsent`; or which nobody waits for (`forgotten`).
    void add(std::size_t to, shared_block& block, std::uint64_t bytes, bool forgotten = false);

    /// Begins what may begin, and sees what has ended. False if nothing has changed.
    bool advance();

    /// Forgets what is queued to a rank; what MPI has begun to send goes on.
    void drop(std::size_t rank);

    /// Nothing is queued to it, or under way.
    bool is_empty(std::size_t rank) const noexcept { return ranks_[rank].messages.empty(); }

    /// Messages that are not forgotten, to all.
    std::size_t count() const noexcept { return count_; }
    /// Whether MPI has something.
    bool under_way() const noexcept;

private:
    struct message {
        shared_block* block;
        std::uint64_t bytes;
        std::uint64_t begun = 0;   // bytes of requests that were made
        std::uint64_t ended = 0;   // bytes of those that have ended
        std::size_t requests = 0;  // under way
        bool is_begun = false;     // a request was made
        bool all_begun = false;
        bool forgotten = false;
    };
    struct request {
        quartet_mpi_request handle;
        std::uint64_t bytes;  // of the message
    };
    struct queue {
        std::deque<message> messages{};  // requests are of the first of them
        std::deque<request> requests{};  // in order
        std::size_t next = 0;            // the first message that is not all begun
        std::uint64_t bytes = 0;         // of requests
        bool busy = false;
    };

    bool begin(std::size_t rank, queue& to);
    bool begin_part(std::size_t rank, queue& to, message& next);
    bool request_of(std::size_t rank, queue& to, void const* bytes, std::uint64_t count, link_tag tag);
    bool complete();
    void end_request(queue& to);
    void forget(message& which);
    void pop_ended(queue& to);

    quartet_mpi_table const* mpi_;
    shared_heap* heap_;
    std::atomic<std::uint64_t>* unsent_;
    link_limits limits_;
    std::vector<queue> ranks_;
    std::vector<std::size_t> busy_;  // ranks that have messages
    std::vector<quartet_mpi_request> asked_;
    std::vector<std::int8_t> said_;
    std::size_t count_ = 0;
};

}  // namespace quartet::inline v0::detail
