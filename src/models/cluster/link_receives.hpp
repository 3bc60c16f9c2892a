// src/models/cluster/link_receives.hpp
//
// What a link process receives: each message right into a block of shared memory, delivered in the order in
// which its rank has sent it.
#pragma once

#include "src/models/cluster/link_sends.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <vector>

namespace quartet::inline v0::detail {

class link_receives {
public:
    link_receives(quartet_mpi_table const& mpi, shared_heap& heap, std::size_t ranks)
        : mpi_(&mpi), heap_(&heap), ranks_(ranks) {}

    /// Takes a block over, with a message of a rank.
    std::function<void(std::size_t from, shared_block&, std::uint64_t bytes)> deliver{};
    /// Told when the receiving of one begins or ends: its sender may have to do something for it.
    std::function<void(std::size_t from, std::uint64_t bytes)> touched = [](std::size_t, std::uint64_t) {};
    /// MPI says that one can't be received.
    std::function<void(std::size_t)> failed = [](std::size_t) {};

    /// Begins to receive what has come, if it `may`, and sees what has ended. False if nothing has changed.
    bool advance(bool may);

    /// Gives up a message that has come in part.
    void drop(std::size_t rank);

    bool under_way() const noexcept { return requests_ > 0; }

    /// The size of a message for which there is no memory just now; 0 if there is none.
    std::uint64_t starving() const noexcept { return starving_; }
    /// One that has begun to be received in this advance().
    bool saw_one() const noexcept { return saw_one_; }

private:
    struct message {
        shared_block* block;  // null before its first part
        std::uint64_t bytes;
        std::uint64_t begun = 0;
        std::size_t requests = 0;
        bool all_begun = false;
        bool abandoned = false;
    };
    struct request {
        quartet_mpi_request handle;
        std::uint64_t bytes;
    };
    struct source {
        std::deque<message> messages{};
        std::deque<request> requests{};
        bool busy = false;
    };

    bool accept(quartet_mpi_arrival const& arrival);
    bool accept_whole(source& from, quartet_mpi_arrival const& arrival, bool abandoned);
    bool accept_size(source& from, quartet_mpi_arrival const& arrival);
    bool accept_part(source& from, quartet_mpi_arrival const& arrival);
    bool receive(source& from, message& into, quartet_mpi_arrival const& arrival);
    message* open_one(source& from) noexcept;
    void abandon(source& from);
    shared_block* take(std::uint64_t bytes);
    bool complete();
    void end_request(std::size_t rank, bool well);
    void pop_ended(std::size_t rank);

    quartet_mpi_table const* mpi_;
    shared_heap* heap_;
    std::vector<source> ranks_;
    std::vector<std::size_t> busy_;
    std::vector<quartet_mpi_request> asked_;
    std::vector<std::int8_t> said_;
    std::size_t requests_ = 0;
    std::uint64_t bytes_ = 0;  // of requests
    std::uint64_t starving_ = 0;
    bool saw_one_ = false;
};

}  // namespace quartet::inline v0::detail
