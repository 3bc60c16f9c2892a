// include/quartet/socket_address.hpp
//
// Where a socket is: a numeric address and a port, or a path. Plain values.
#pragma once

#include <cstdint>
#include <string>
#include <sys/socket.h>
#include <utility>

namespace quartet::inline v0 {

/// The path of a Unix socket, 107 bytes at the most. No aggregate: g++ 12 destroys temporaries of those twice
/// in an expression with co_await.
class unix_path {
public:
    explicit unix_path(std::string where) : path_(std::move(where)) {}
    std::string const& text() const noexcept { return path_; }

private:
    std::string path_;
};

class socket_address {
public:
    /// None.
    socket_address() noexcept = default;

    /// "127.0.0.1", "::1", "fe80::1%eth0"; "" is all addresses of this machine. Throws std::invalid_argument
    /// for anything else: context::resolve looks up names.
    socket_address(std::string const& host, std::uint16_t port);

    /// Throws std::invalid_argument for a path that is empty or too long.
    explicit socket_address(unix_path const& path);

    /// As the system has it.
    socket_address(sockaddr const* address, socklen_t size) noexcept;

    std::string host() const;             ///< numeric; of a Unix socket its path, empty if it has none
    std::uint16_t port() const noexcept;  ///< 0 of a Unix socket
    std::string text() const;             ///< "127.0.0.1:80", "[::1]:80", "/run/it.socket"

    int family() const noexcept { return size_ == 0 ? AF_UNSPEC : storage_.ss_family; }
    sockaddr const* native() const noexcept { return reinterpret_cast<sockaddr const*>(&storage_); }
    socklen_t native_size() const noexcept { return size_; }

    friend bool operator==(socket_address const& a, socket_address const& b) noexcept;

private:
    sockaddr_storage storage_{};
    socklen_t size_ = 0;
};

}  // namespace quartet::inline v0
