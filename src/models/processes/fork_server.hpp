// src/models/processes/fork_server.hpp
//
// A small single-threaded child that forks worker processes for its parent and reports their ends.
//
// A fork copies only the calling thread, but also every lock the others held at that moment, and nobody is
// left in the child to release them. By the time a dead worker must be replaced the parent may well have
// threads; the fork server never has any. It ends, and with it all workers, when the parent ends in any way.
//
// For one thread at a time.
#pragma once

#include "src/base/descriptor.hpp"
#include "src/base/forking.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <sys/types.h>

namespace quartet::inline v0::detail {

class fork_server {
public:
    /// Names a worker; what is given to spawn() comes back in events.
    using ticket = std::uint64_t;

    struct event {
        enum class kind : std::uint32_t {
            spawned,  ///< the worker runs as `process`
            ended,    ///< the worker ended; `status` as from waitpid, `peak_bytes` its resident set's
            refused,  ///< it could not be forked; `status` is the errno
            gone,     ///< the fork server itself has ended, and so has every worker
        };
        kind what;
        pid_t process;
        ticket worker;
        int status;
        std::size_t peak_bytes;
    };

    /// Forks. `work` is called in each worker, which ends when it returns. Throws std::system_error.
    explicit fork_server(std::function<void(ticket)> const& work);

    /// Kills all workers, waits until they and the fork server are gone.
    ~fork_server();

    fork_server(fork_server const&) = delete;
    fork_server& operator=(fork_server const&) = delete;

    /// Asks for a worker; an event says what became of it.
    void spawn(ticket worker);

    /// Sends a signal to a worker; nothing if it has ended. An event tells of its end.
    void kill(pid_t worker, int signal);

    /// Readable when there is an event, and when the fork server has ended, which is one.
    int descriptor() const noexcept { return socket_->get(); }
    int end_descriptor() const noexcept { return end_.get(); }

    /// The next event, if there is one; does not wait.
    std::optional<event> next_event();

private:
    void send_spawns();
    bool has_ended() const;
    ssize_t receive(event& into) const;

    std::optional<private_descriptor> socket_;
    detail::descriptor end_;  // a pidfd
    std::deque<ticket> to_spawn_;
    std::size_t unanswered_ = 0;
};

}  // namespace quartet::inline v0::detail
