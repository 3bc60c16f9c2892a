// src/io/commands/running_process.hpp
//
// A child process that has been started and not yet reaped, held by a descriptor (pidfd), so that nobody
// else can be signalled or reaped in its place. For one thread.
//
// Its descendants are found by what /proc says of the children of each thread; one that has left its
// parent, as daemons do, is not found, and none is if the kernel does not say (CONFIG_PROC_CHILDREN).
#pragma once

#include "src/base/descriptor.hpp"
#include "src/io/commands/keeper.hpp"

#include <optional>
#include <sys/resource.h>
#include <sys/types.h>
#include <vector>

namespace quartet::inline v0::detail {

class running_process {
public:
    /// Takes over a child, or what a keeper has started. If no descriptor is left for it, kills and reaps it
    /// and throws std::system_error. One that is gone, as others may wait for it too, has ended.
    explicit running_process(pid_t id, std::optional<keeper> kept = std::nullopt);

    /// Kills and reaps it, with its descendants, if that has not been done.
    ~running_process();

    running_process(running_process const&) = delete;
    running_process& operator=(running_process const&) = delete;

    /// Readable when it has ended.
    descriptor const& pidfd() const noexcept { return self_; }

    void signal(int number) const noexcept;

    /// To all of the process group that it leads, in its own session or as what made it has arranged.
    void signal_group(int number) const noexcept;

    /// Whether another process is in that group. One that has ended is in none.
    bool has_in_group(descriptor const& other) const;

    /// Neither kills nor reaps it: it is another's.
    void disown() noexcept { self_ = descriptor(); }

    /// A descriptor for each living descendant; fewer if there are not enough descriptors or memory.
    std::vector<descriptor> descendants() const noexcept;

    /// Its end, as waitpid gives it. Waits if it has not ended; called once. Nothing if somebody else has
    /// waited for it, or it was thrown away as SIGCHLD is ignored, and the kernel (before 6.15) does not say.
    /// What it used goes to `used`, if that is known.
    std::optional<int> reap(rusage* used = nullptr) noexcept;

private:
    pid_t id_;
    std::optional<keeper> keeper_;
    descriptor self_;
};

/// The children of a process, as far as the kernel says.
std::vector<pid_t> children_of(pid_t parent);

/// A descriptor for each living descendant, parents first.
std::vector<descriptor> descendants_of(pid_t parent);

/// A descriptor for a process, closed on exec; -1 with errno if there is none.
int open_pidfd(pid_t id) noexcept;

/// The number of the process that a descriptor stands for; 0 if it has ended.
pid_t id_of(descriptor const& process);

/// Sends a signal to the process that a descriptor stands for; nothing if it is gone.
void send_signal(descriptor const& process, int number) noexcept;

}  // namespace quartet::inline v0::detail
