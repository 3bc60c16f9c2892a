// server/listening.hpp
//
// What the servers have in common: Asio's types as they use them, and how they listen.
#pragma once

// clang-format off: before Boost 1.74, whose awaitable.hpp forgets it
#include <utility>
// clang-format on

#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <cstdint>
#include <string>

namespace quartet::server_detail {

namespace asio = boost::asio;

// The concrete executor spares every operation a virtual call and often an allocation.
using executor = asio::io_context::executor_type;
using socket = asio::basic_stream_socket<asio::ip::tcp, executor>;
using timer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                         asio::wait_traits<std::chrono::steady_clock>, executor>;
using asio_task = asio::awaitable<void, executor>;

/// Awaits an operation, and leaves in `error` what failed.
inline auto into(boost::system::error_code& error) {
    return asio::redirect_error(asio::use_awaitable_t<executor>(), error);
}

using acceptor = asio::basic_socket_acceptor<asio::ip::tcp, executor>;

/// After an accept that has failed: out of descriptors, one waits until a connection has ended.
inline constexpr auto accept_pause = std::chrono::milliseconds(10);

/// Listens at a numeric address; many may connect at the same moment. Throws std::system_error, with address
/// and port in its text, if the system refuses it.
void listen(acceptor& with, std::string const& address, std::uint16_t port);

/// "127.0.0.1:8080", "[::1]:8080".
std::string authority(asio::ip::tcp::endpoint const& of);

}  // namespace quartet::server_detail
