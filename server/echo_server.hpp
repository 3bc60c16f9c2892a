// server/echo_server.hpp
//
// A TCP server that gives back what it is sent, after a chosen time: a message of so many bytes as a whole.
//
// One thread, the one inside run(), does all the work. A connection costs the bytes of a message, some 2 KB
// and a descriptor.
#pragma once

#include "server/forked_server.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <sys/types.h>

namespace quartet {

struct echo_options {
    std::string address = "127.0.0.1";  ///< IPv4 or IPv6, in numbers
    std::uint16_t port = 0;             ///< 0: any free one
    std::size_t bytes = 64;             ///< of a message, 1 at least
    std::chrono::nanoseconds delay{0};  ///< between a message and its answer
};

class echo_server {
public:
    /// Listens; connections wait in the backlog until run(). Throws std::system_error, with address and
    /// port in its text, if the system refuses them.
    explicit echo_server(echo_options options = {});

    /// Must not be called while run() is running.
    ~echo_server();

    echo_server(echo_server const&) = delete;
    echo_server& operator=(echo_server const&) = delete;

    std::uint16_t port() const;

    /// "127.0.0.1:8080".
    std::string where() const;

    /// Serves until stop(); to be called once.
    void run();

    /// Makes run() return soon, also one that is yet to be called. May be called from any thread.
    void stop();

private:
    struct state;
    std::unique_ptr<state> state_;
};

/// An echo_server in a process of its own, so that its time and memory are not counted as the client's. See
/// forked_server for when to create it, and when it ends.
class echo_process {
public:
    /// Returns when the server listens. Throws what echo_server throws, or std::system_error if the system
    /// refuses a process; then none is left.
    explicit echo_process(echo_options const& options = {});

    pid_t id() const { return process_.id(); }
    std::uint16_t port() const { return process_.port(); }
    std::string const& where() const { return process_.url(); }

private:
    server_detail::forked_server process_;
};

}  // namespace quartet
