// server/server_process.hpp
//
// A server in a process of its own, so that its time and memory are not counted as the client's.
//
// The process is a fork of the caller, without exec: create it before the program has a second thread,
// because a lock that another thread held at the fork would stay locked in the child for ever. Early also
// keeps it small. It ends with the object, and also when the thread that created the object ends in any
// way, SIGKILL included. It is in a process group of its own, so a Ctrl-C in the terminal does not reach
// it before its clients are done; it holds none of the caller's descriptors but standard error.
#pragma once

#include "server/server.hpp"

#include <cstdint>
#include <string>
#include <sys/types.h>

namespace quartet {

class server_process {
public:
    /// Returns when the server listens. Throws what `server` throws, with the same text, or std::system_error
    /// if the system refuses a process; then none is left.
    explicit server_process(server_options const& options = {});

    /// Ends exactly this process and waits for its end, which takes milliseconds.
    ~server_process();

    server_process(server_process const&) = delete;
    server_process& operator=(server_process const&) = delete;

    pid_t id() const { return id_; }
    std::uint16_t port() const { return port_; }
    std::string const& url() const { return url_; }

private:
    pid_t id_ = -1;
    std::uint16_t port_ = 0;
    std::string url_;
};

}  // namespace quartet
