// server/own_process.hpp
//
// How a forked child cuts what ties it to its parent. System calls only, no memory: they may stand between
// fork and exec.
#pragma once

#include <sys/types.h>

namespace quartet::server_detail {

/// The calling process gets `signal` when the thread that forked it ends, and ends at once if `parent` is no
/// longer its parent. A change of the user takes this back, so it comes after that.
void die_with(pid_t parent, int signal);

/// The parent's handlers would write to the parent's memory and pipes, which are now copies. Interrupts and
/// broken pipes are ignored, no signal is blocked.
void forget_signal_handlers();

/// Keeps standard error and `kept`, which becomes descriptor 3.
void close_others(int kept);

}  // namespace quartet::server_detail
