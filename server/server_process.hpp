// server/server_process.hpp
//
// A server in a process of its own, so that its time and memory are not counted as the client's.
#pragma once

#include "server/forked_server.hpp"
#include "server/server.hpp"

#include <cstdint>
#include <string>
#include <sys/types.h>

namespace quartet {

/// See forked_server for when to create it, and when it ends.
class server_process {
public:
    /// Returns when the server listens. Throws what `server` throws, with the same text, or std::system_error
    /// if the system refuses a process; then none is left.
    explicit server_process(server_options const& options = {});

    pid_t id() const { return process_.id(); }
    std::uint16_t port() const { return process_.port(); }
    std::string const& url() const { return process_.url(); }

private:
    server_detail::forked_server process_;
};

}  // namespace quartet
