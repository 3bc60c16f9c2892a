// measure/probes/thread_activity.hpp
//
// What a thread of another process is doing at this moment, by what the kernel shows of it: its state
// (/proc/PID/task/TID/stat), the system call it is in with its arguments (syscall), and what the descriptor
// is that it waits for (/proc/PID/fd, fdinfo). Sources: proc(5), and the kernel's
// Documentation/filesystems/proc.rst. Any thread.
#pragma once

#include <cstddef>
#include <string_view>
#include <sys/types.h>

namespace quartet::measure {

/// Ordered by how much each tells about a program with several threads.
enum class activity {
    computing,  ///< it runs, or wants to
    disk,       ///< it can't be interrupted, or waits for a file
    network,    ///< for a socket, or any of several descriptors with a socket among them
    lock,       ///< for another thread
    process,    ///< for a child, a pipe, or a socket of this machine
    sleep,      ///< for some time to go by
    input,      ///< for a terminal
    other,      ///< a signal, or what is not known
};
inline constexpr std::size_t activities = 8;

std::string_view to_string(activity what) noexcept;

struct thread_look {
    bool alive = false;  ///< it has not ended
    activity what = activity::other;
    bool sees_calls = true;  ///< false: without the right to look, only its state was known
};

/// Some 20 microseconds; a little more for a thread that waits for several descriptors.
thread_look look_at(pid_t process, pid_t thread);

}  // namespace quartet::measure
