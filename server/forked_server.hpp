// server/forked_server.hpp
//
// A server in a process of its own: what server_process and echo_process have in common.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <sys/types.h>

namespace quartet::server_detail {

/// Runs in the child: listens, calls its argument once with the port and how the server is to be called, and
/// serves for ever.
using serving =
    std::function<void(std::function<void(std::uint16_t port, std::string_view url)> const& listening)>;

/// The process is a fork of the caller, without exec: create it before the program has a second thread,
/// because a lock that another thread held at the fork would stay locked in the child for ever. Early also
/// keeps it small. It ends with the object, and also when the thread that created the object ends in any
/// way, SIGKILL included. It is in a process group of its own, so a Ctrl-C in the terminal does not reach
/// it before its clients are done; it holds none of the caller's descriptors but standard error.
class forked_server {
public:
    /// Returns when the server listens. Throws what `what` throws before, with the same text, or
    /// std::system_error if the system refuses a process; then none is left.
    explicit forked_server(serving const& what);

    /// Ends exactly this process and waits for its end, which takes milliseconds.
    ~forked_server();

    forked_server(forked_server const&) = delete;
    forked_server& operator=(forked_server const&) = delete;

    pid_t id() const { return id_; }
    std::uint16_t port() const { return port_; }
    std::string const& url() const { return url_; }

private:
    pid_t id_ = -1;
    std::uint16_t port_ = 0;
    std::string url_;
};

}  // namespace quartet::server_detail
