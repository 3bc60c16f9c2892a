// include/quartet/socket.hpp
//
// Sockets: connections over TCP or to Unix sockets, listeners, datagrams.
//
//     auto there = co_await ctx.connect("localhost", 8080);
//     co_await there.write(ctx, "hello\n");
//     there.finish();
//     std::string const reply = co_await there.read_to_end(ctx);
//
//     quartet::listener door("127.0.0.1", 8080);
//     while (auto next = co_await door.accept(ctx)) co_await serve(ctx, std::move(*next));
//
// They can be made in one body and handed to another, or be made outside; what waits takes the context of
// the body that waits. It begins with a system call that does not block, and the body goes on at once if that
// was enough (on an event loop others have a turn after a hundred such ones). A stop, a time limit and a
// sibling that ends it make a wait end early, with `cancelled`. What went wrong is a std::system_error that
// says with whom: "cannot read from 127.0.0.1:80: Connection reset by peer". A peer that is gone is never a
// SIGPIPE.
//
// All of it goes over TLS as well, see tls.hpp.
//
// One body may read from a connection while another one writes to it; two that read, or two that write, at
// the same time mix. A listener and a datagram_socket may be used by any number of bodies and threads.
//
// Under `processes` bodies use what they make, and listeners that were made before the executor; connections
// do not cross. Under the fake model sockets are real ones, and what happens at them takes no time.
#pragma once

#include <quartet/context.hpp>
#include <quartet/detail/io/operations/socket_operation.hpp>
#include <quartet/socket_address.hpp>
#include <quartet/task.hpp>
#include <quartet/tls.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace quartet::inline v0 {

struct connect_options {
    /// What is written goes out at once (TCP_NODELAY), instead of waiting to be joined by more.
    bool no_delay = true;

    /// How long an address has for itself before the next one is tried as well.
    std::chrono::nanoseconds attempt_delay = std::chrono::milliseconds(250);
};

struct listen_options {
    int backlog = 4096;       ///< how many may wait to be accepted; the system may allow fewer
    bool no_delay = true;     ///< of the connections that are accepted, as for connect_options
    bool reuse_port = false;  ///< others may listen there as well, each gets a part (SO_REUSEPORT)
};

/// Thrown when the other side has ended its data too early. What had come stays in the connection's buffer,
/// for read_some.
class connection_ended : public std::runtime_error {
public:
    connection_ended(std::string const& what, std::size_t received)
        : std::runtime_error(what), received_(received) {}

    /// How many bytes there were of what was asked for.
    std::size_t received() const noexcept { return received_; }

private:
    std::size_t received_;
};

/// One that was moved from or closed can be destroyed and assigned to; all else throws std::logic_error.
///
/// Nothing is lost when a wait is broken off: what had come and was not given to anybody stays in the
/// connection's buffer, for the next read, and bytes_written() tells how much of the data that was to be
/// written has been: the other side gets that, and nothing after it but what is written next. Over TLS up to
/// 64 KiB of it may be encrypted and not sent yet. They go out before anything else, with whatever is done
/// next; a write of nothing waits until they have. A connection that is closed before is cut there.
class connection {
public:
    connection(connection&&) noexcept;
    connection& operator=(connection&&) noexcept;

    /// Closes it. What has been written is still sent.
    ~connection();

    // ---- TLS. Over it reads give what was decrypted, and an end that was not said so (close_notify) is a
    // tls_error: what came may be cut.

    /// Has all that follows go over TLS, as STARTTLS and the like ask for: done when the handshake is. The
    /// server must be the one that was connected to by name, unless options say another. Nobody else may read
    /// or write meanwhile. Throws tls_error, also if the other side has sent more already than was read: in
    /// plain text anybody may have put that there. Throws std::logic_error if it goes over TLS already.
    task<void> start_tls(context& ctx, tls_client as);
    task<void> start_tls(context& ctx, tls_server as);

    /// Waits until both sides have agreed. Of a connection that a listener with TLS has accepted this is done
    /// by the first read or write as well: a client that is slow with it holds up nobody else. Broken off,
    /// it goes on with the next that is done. Throws std::logic_error without TLS.
    detail::handshake_operation handshake(context& ctx);

    /// What was agreed on; nothing without TLS and before the handshake is over.
    std::optional<tls_info> tls() const;

    // ---- Data

    /// Some bytes, as soon as there are any: how many; 0 at the end, or if `into` is empty.
    detail::read_operation read_some(context& ctx, std::span<char> into);

    /// The same as a string of up to `most` bytes; empty at the end.
    detail::read_text_operation read_some(context& ctx, std::size_t most = std::size_t{64} << 10);

    /// So many bytes. Throws connection_ended if the end comes before.
    task<std::string> read_exactly(context& ctx, std::size_t count);

    /// What comes up to `delimiter`, and that. Nothing if the end comes before any byte; connection_ended
    /// if it comes later. Throws std::length_error if the first `limit` bytes have no delimiter; they stay in
    /// the buffer.
    task<std::optional<std::string>> read_until(context& ctx, std::string delimiter,
                                                std::size_t limit = std::size_t{64} << 10);

    /// All that comes until the end. Throws std::length_error if that is more than `limit` bytes; they stay
    /// in the buffer.
    task<std::string> read_to_end(context& ctx, std::size_t limit = std::size_t{64} << 20);

    /// Writes all of it. The data must live until it is done: a temporary within the co_await expression
    /// does.
    detail::write_operation write(context& ctx, std::string_view data);

    /// One after another, in as few packets as they fit into.
    detail::write_operation write(context& ctx, std::span<std::string_view const> parts);

    /// Nothing more is written: the other side reads an end. Reading goes on. Throws std::system_error. Over
    /// TLS too it does not wait; if a write was broken off and left no room, the next read sends the end.
    void finish();

    /// A body that still reads it finds the end, one that writes an error.
    void close() noexcept;

    /// Whether it is open, on this side.
    bool is_open() const noexcept { return state_ != nullptr; }

    socket_address local() const;
    socket_address remote() const;

    std::uint64_t bytes_read() const;     ///< that came from the system, those in the buffer too
    std::uint64_t bytes_written() const;  ///< that the system has taken; over TLS as they were before it

    /// The descriptor, which stays the connection's. It is non-blocking. Over TLS it tells nothing of whether
    /// there is something to read.
    int native() const;

private:
    friend struct detail::socket_state;
    explicit connection(std::shared_ptr<detail::socket_state> made) noexcept;
    std::shared_ptr<detail::socket_state> const& opened() const;

    std::shared_ptr<detail::socket_state> state_;
};

/// Connects to the first of these addresses that answers, as context::connect does to those of a name. Throws
/// std::invalid_argument if there are none.
task<connection> connect_first(context& ctx, std::vector<socket_address> addresses,
                               connect_options options = {});

class listener {
public:
    /// At a numeric address of this machine; "" is all of them, over IPv6 and IPv4. At port 0 the system
    /// chooses one, see address(). Throws std::invalid_argument, and std::system_error: "cannot listen at
    /// 127.0.0.1:80: Permission denied".
    listener(std::string const& host, std::uint16_t port, listen_options options = {});

    /// At a path, which goes with the listener. One at which nobody listens any more is replaced.
    explicit listener(unix_path const& path, listen_options options = {});

    /// Whom it accepts it offers TLS, and nothing else.
    listener(std::string const& host, std::uint16_t port, tls_server const& tls, listen_options options = {});

    listener(listener&&) noexcept;
    listener& operator=(listener&&) noexcept;
    ~listener();

    /// The next who connects; nothing once the listener is closed.
    ///
    /// While the process or the system has no descriptor left, who connects waits: the body's log is told,
    /// and it is tried again every 50 ms.
    task<std::optional<connection>> accept(context& ctx);

    /// Nobody connects any more; who waits in accept gets nothing. Any thread.
    void close() noexcept;

    socket_address address() const;
    std::uint16_t port() const { return address().port(); }

    /// The descriptor, which stays the listener's. It is non-blocking.
    int native() const;

private:
    friend class context;
    listener(socket_address const& where, listen_options options);
    void offer(tls_server const& tls) noexcept;
    detail::socket_state& opened() const;

    std::shared_ptr<detail::socket_state> state_;
};

/// Sends and receives over UDP. What is sent may be lost, doubled, or come in another order.
class datagram_socket {
public:
    /// At a numeric address of this machine; at port 0 the system chooses one. Throws as listener does.
    explicit datagram_socket(std::string const& host = "", std::uint16_t port = 0);
    datagram_socket(datagram_socket&&) noexcept;
    datagram_socket& operator=(datagram_socket&&) noexcept;
    ~datagram_socket();

    /// The data must live until it is sent. Throws std::system_error, for what is too long too (EMSGSIZE).
    detail::send_to_operation send_to(context& ctx, std::string_view data, socket_address const& to);

    /// The next datagram, of which more than `most` bytes are lost.
    detail::receive_from_operation receive_from(context& ctx, std::size_t most = 65'536);

    /// Who waits in receive_from gets an error. Any thread.
    void close() noexcept;

    socket_address address() const;
    std::uint16_t port() const { return address().port(); }
    int native() const;  ///< stays the socket's; non-blocking

private:
    std::shared_ptr<detail::socket_state> const& opened() const;

    std::shared_ptr<detail::socket_state> state_;
};

}  // namespace quartet::inline v0
