// server/descriptor_limit.hpp
//
// The soft limit of open descriptors is usually 1024, kept so low for the sake of programs that use
// select(). A server or client with thousands of connections raises it first. One system call.
#pragma once

#include <sys/resource.h>

namespace quartet {

/// Raises the limit of this process as far as it may without privileges. False if the system refuses;
/// then all works as before, with fewer connections.
inline bool raise_descriptor_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return false;
    limit.rlim_cur = limit.rlim_max;
    return ::setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

}  // namespace quartet
