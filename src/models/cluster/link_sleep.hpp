// src/models/cluster/link_sleep.hpp
//
// How a link process waits for its program and for MPI without burning a processor.
//
// No MPI can be waited for together with something else, nor without spinning. But what comes over a network
// comes through sockets: those that MPI has opened are watched by their edges, so that what MPI leaves unread
// does not wake again. Where messages come in another way (shared memory has neighbours' bells, see
// link_neighbours.hpp; the hardware of some networks has nothing), it is found out that messages were there
// before their sockets told, and MPI is asked now and then.
#pragma once

#include "src/base/descriptor.hpp"

#include <chrono>
#include <cstddef>
#include <set>
#include <sys/types.h>
#include <utility>

namespace quartet::inline v0::detail {

class link_sleep {
public:
    enum class woken { by_time, by_program, by_mpi };

    /// `program` is readable when the program wakes, `end` when it has ended, `bell` when a neighbour rings.
    /// Before MPI is started: what sockets there are then are not MPI's. Throws std::system_error.
    link_sleep(int program, int end);
    void watch_bell(int bell);

    /// Looks for sockets that MPI has opened since.
    void adopt_sockets();

    /// Sockets have something that MPI has not read.
    bool unread();

    woken sleep(std::chrono::nanoseconds most);

    bool program_has_ended() const noexcept { return program_has_ended_; }

    /// A message was there after a sleep that ended in this way.
    void note_message(woken by) noexcept;
    /// Descriptors are known to tell of messages, or not to; neither is known before the first messages.
    bool can_be_trusted() const noexcept { return trust_ > 0; }
    bool is_blind() const noexcept { return trust_ < 0; }

private:
    void watch(int descriptor);
    void hear(int descriptor) const noexcept;

    descriptor edges_;
    descriptor levels_;
    int program_;
    int end_;
    int bell_ = -1;
    std::set<std::pair<int, ino_t>> known_;
    bool program_has_ended_ = false;
    int trust_ = 0;
};

}  // namespace quartet::inline v0::detail
