// src/io/socket_state.hpp
//
// A socket, as those share it who use it: its object, and the operations that are under way. It is closed
// when the last of them is gone, so that no operation ever meets another file under its number.
#pragma once

#include "src/base/descriptor.hpp"

#include <quartet/socket.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <utility>

namespace quartet::inline v0::detail {

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
    socket_address local() const noexcept;

    /// Wakes those who wait. Any thread.
    void shut() noexcept;

    // ---- For who reads: what came and was not given to anybody yet

    std::string_view buffered() const noexcept { return std::string_view(buffer).substr(given); }
    std::string give(std::size_t count);

    descriptor own;
    std::uint64_t const serial;  // see descriptor_waits.hpp
    socket_address remote;       // of a connection
    std::atomic<bool> is_closed{false};
    bool no_delay = false;  // of what a listener accepts

    std::string buffer;
    std::size_t given = 0;  // of the buffer
    std::atomic<std::uint64_t> read{0};
    std::atomic<std::uint64_t> written{0};

    std::string path;  // of a listener, that goes with it
    pid_t maker = 0;   // of that path
};

/// Throws std::system_error: "cannot " `what`, with the system's words for errno.
[[noreturn]] void throw_socket_error(std::string const& what, int error);

void set_no_delay(int socket) noexcept;

}  // namespace quartet::inline v0::detail
