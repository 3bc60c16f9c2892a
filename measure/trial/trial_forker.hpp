// measure/trial/trial_forker.hpp
//
// Trials that are forked, not started: those on a cluster, whose way to the other machines only this process
// and its children have. They are forked by a process that was itself forked before anything else happened
// here, so that they are as small and as fresh as others, and have no descriptor and no thread of a run.
#pragma once

#include <quartet/log.hpp>

#include <sys/types.h>

namespace quartet::measure {

/// Forks that process, which ends with this one; nothing if this process is not the root of a cluster. What
/// trials log goes to `log`. To be called once, before there is a second thread, and before signals have
/// handlers. Throws std::system_error.
void prepare_forked_trials(log_handler log);

/// Starts a trial that talks through `socket`, of which the caller keeps its own descriptor: serve_trial() in
/// a child of this process, which leads a process group. This process has to be a subreaper. Throws
/// std::system_error, and std::logic_error where nothing was prepared.
pid_t fork_trial(int socket);

/// Whether there is what forks them.
bool has_forked_trials() noexcept;

}  // namespace quartet::measure
