// src/io/sync/shared_event.hpp
//
// The eventfd by which the event loops of all processes hear of a change: it is written to and never read,
// and lies in epoll sets that report edges, so each write is one for every process that watches.
#pragma once

#include <sys/eventfd.h>
#include <sys/stat.h>

namespace quartet::inline v0::detail {

/// -1 with errno if the system refuses.
inline int make_shared_event() noexcept {
    return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
}

/// Whether the descriptor is still an event: a body may have closed it, and its number may belong to a file
/// by now. Files, sockets and pipes have a type; eventfds, and what else lies in no file system, have none.
inline bool is_event(int descriptor) noexcept {
    struct stat what {};
    return fstat(descriptor, &what) == 0 && (what.st_mode & S_IFMT) == 0;
}

/// Requires that it is one. Refused only if it is full, and then loops are awake.
inline void signal_event(int descriptor) noexcept {
    eventfd_write(descriptor, 1);
}

}  // namespace quartet::inline v0::detail
