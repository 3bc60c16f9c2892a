// src/models/zygote.hpp
//
// A small single-threaded child that forks worker processes for its parent and reports their ends.
//
// A fork copies only the calling thread, but also every lock the others held at that moment, and nobody is
// left in the child to release them. By the time a dead worker must be replaced the parent may well have
// threads; the zygote never has any. It ends, and with it all workers, when the parent ends in any way.
//
// For one thread at a time.
#pragma once

#include "src/core/forking.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <sys/types.h>

namespace quartet::detail {

class zygote {
public:
    /// What the zygote calls; the numbers are those given to spawn().
    struct callbacks {
        std::function<void(std::size_t number)> worker;   ///< in the worker, which ends when it returns
        std::function<bool(std::size_t number)> is_busy;  ///< in the zygote: is this worker one to kill?
    };

    struct event {
        enum class kind : std::uint32_t {
            spawned,  ///< the worker runs as `process`
            ended,    ///< the worker ended; `status` as from waitpid, `peak_bytes` its resident set's
            refused,  ///< it could not be forked; `status` is the errno
            killed,   ///< the answer to kill_busy(): it is done
            gone,     ///< the zygote itself has ended, and so has every worker
        };
        kind what;
        std::uint32_t number;
        pid_t process;
        int status;
        std::size_t peak_bytes;
    };

    /// Forks. Throws std::system_error.
    explicit zygote(callbacks calls);

    /// Kills all workers, waits until they and the zygote are gone.
    ~zygote();

    zygote(zygote const&) = delete;
    zygote& operator=(zygote const&) = delete;

    /// Asks for a worker; an event says what became of it.
    void spawn(std::size_t number);

    /// Kills the workers that are busy, by SIGKILL. Until an event says that it is done it may hit workers
    /// that have become busy since.
    void kill_busy();

    /// Kills one worker, by SIGKILL; nothing if it has ended. An event tells of its end.
    void kill(pid_t worker);

    /// Whether an event after kill_busy() is still to come.
    bool kills_unanswered() const noexcept { return kills_unanswered_ > 0; }

    /// Spawns that no event has answered yet.
    std::size_t unanswered() const noexcept { return to_spawn_.size() + unanswered_; }

    /// Readable when there is an event.
    int descriptor() const noexcept { return socket_->get(); }

    /// The next event, if there is one; does not wait.
    std::optional<event> next_event();

private:
    void send_spawns();
    bool has_ended() const;

    std::optional<private_descriptor> socket_;
    pid_t process_ = -1;
    std::deque<std::uint32_t> to_spawn_;
    std::size_t unanswered_ = 0;
    std::size_t kills_unanswered_ = 0;
};

}  // namespace quartet::detail
