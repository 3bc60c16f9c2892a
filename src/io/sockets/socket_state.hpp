// src/io/sockets/socket_state.hpp
//
// A socket, as those share it who use it: its object, and the operations that are under way. It is closed
// when the last of them is gone, so that no operation ever meets another file under its number.
#pragma once

#include "src/base/descriptor.hpp"
#include "src/io/sockets/tls_session.hpp"

#include <quartet/socket.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <utility>

namespace quartet::inline v0::detail {

/// What one try may receive or send: others have their turn behind it.
inline constexpr std::size_t most_bytes_at_once = std::size_t{256} << 10;

struct socket_state {
    explicit socket_state(descriptor socket) : own(std::move(socket)), serial(next_serial()) {}
    socket_state(socket_state const&) = delete;
    socket_state& operator=(socket_state const&) = delete;
    ~socket_state();

    static std::uint64_t next_serial() noexcept;
    static connection as_connection(std::shared_ptr<socket_state> state) noexcept {
        return connection(std::move(state));
    }

    int get() const noexcept { return own.get(); }
    std::string peer() const { return remote.text(); }

    /// Whether it is a stream whose reads fall short for want of data alone: those of a Unix socket do at
    /// each message with descriptors, too.
    bool is_tcp() const noexcept {
        auto const family = remote.native()->sa_family;
        return family == AF_INET || family == AF_INET6;
    }

    socket_address local() const noexcept;

    /// From now on all goes over TLS. Nobody else may use the connection meanwhile.
    void begin_tls(std::shared_ptr<tls_context const> context, tls_session::side as);

    /// Wakes those who wait. Any thread.
    void shut() noexcept;

    // ---- For who reads: what came and was not given to anybody yet

    std::string_view buffered() const noexcept { return std::string_view(buffer).substr(given); }
    std::string give(std::size_t count);

    // What each read and write looks at stands first, near together.
    descriptor own;
    std::atomic<bool> is_closed{false};
    bool no_delay = false;             // of what a listener accepts
    std::uint64_t const serial;        // see descriptor_waits.hpp
    std::unique_ptr<tls_session> tls;  // of a connection, if it has
    std::atomic<std::uint64_t> read{0};
    std::atomic<std::uint64_t> written{0};
    std::size_t given = 0;  // of the buffer
    std::string buffer;
    socket_address remote;  // of a connection

    std::shared_ptr<tls_context const> offers;  // of a listener: to those who connect
    std::string host;                           // that was connected to; empty if that was an address

    std::string path;  // of a listener, that goes with it
    pid_t maker = 0;   // of that path
};

/// What a client's TLS is made with; the usual one is made beside an event loop.
task<std::shared_ptr<tls_context const>> context_of(context& ctx, tls_client as);

/// Room of the thread, for what is received before it is known how much that is: 64 KiB.
std::span<char> socket_scratch();

/// Throws std::system_error: "cannot " `what`, with the system's words for errno.
[[noreturn]] void throw_socket_error(std::string const& what, int error);

/// "localhost:80", "[::1]:80"
std::string with_port(std::string const& host, std::uint16_t port);

void set_no_delay(int socket) noexcept;

}  // namespace quartet::inline v0::detail
