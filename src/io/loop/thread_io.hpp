// src/io/loop/thread_io.hpp
//
// An io_context of each thread that needs one for blocking bodies: it is run by its thread while a body there
// waits for an operation of Asio.
#pragma once

#include <boost/asio/io_context.hpp>

namespace quartet::inline v0::detail {

/// That of this thread, made by the first call; it lives as long as the thread. Throws
/// boost::system::system_error if the system refuses.
boost::asio::io_context& thread_io();

/// Null if there is none yet.
boost::asio::io_context* find_thread_io() noexcept;

}  // namespace quartet::inline v0::detail
