// The members of connections, listeners and datagram sockets.

#include "src/io/sockets/socket_state.hpp"

#include <quartet/detail/base/misuse.hpp>
#include <quartet/socket.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <netinet/in.h>
#include <stdexcept>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace quartet::inline v0 {
namespace {

using detail::descriptor;
using detail::socket_state;
using detail::throw_socket_error;
using detail::tls_session;

constexpr auto until_accept_is_tried_again = std::chrono::milliseconds(50);

// ---- Reading, byte by byte known: what was not given to anybody stays in the buffer

std::string what_came(socket_state const& from, std::size_t count, std::string_view wanted) {
    return fmt::format("{} ended the connection after {} of {}", from.peer(), count, wanted);
}

task<std::string> read_exactly_from(context& ctx, std::shared_ptr<socket_state> from, std::size_t count) {
    while (from->buffered().size() < count) {
        auto const missing = count - from->buffered().size();
        if (co_await detail::fill_operation(ctx, from, missing)) continue;
        auto const came = from->buffered().size();
        throw connection_ended(what_came(*from, came, fmt::format("{} bytes", count)), came);
    }
    co_return from->give(count);
}

/// How many bytes there are up to the end of the first delimiter; 0 if it is not there. Looks at what is
/// behind `seen`, and notes how far it has looked.
std::size_t end_of_first(std::string_view text, std::string_view delimiter, std::size_t& seen) {
    auto const overlap = delimiter.size() - 1;
    auto const found = text.find(delimiter, seen > overlap ? seen - overlap : 0);
    seen = text.size();
    return found == std::string_view::npos ? 0 : found + delimiter.size();
}

task<std::optional<std::string>> read_until_from(context& ctx, std::shared_ptr<socket_state> from,
                                                 std::string delimiter, std::size_t limit) {
    if (delimiter.empty()) throw std::invalid_argument("quartet: read_until needs a delimiter");
    for (std::size_t seen = 0;;) {
        auto const length = end_of_first(from->buffered(), delimiter, seen);
        if (length > limit || (length == 0 && seen >= limit))
            throw std::length_error(fmt::format(
                "{} has sent {} bytes without the delimiter that was waited for", from->peer(), limit));
        if (length > 0) co_return from->give(length);
        if (co_await detail::fill_operation(ctx, from, 1)) continue;
        if (seen == 0) co_return std::nullopt;
        throw connection_ended(what_came(*from, seen, "bytes that have no delimiter"), seen);
    }
}

task<std::string> read_to_end_from(context& ctx, std::shared_ptr<socket_state> from, std::size_t limit) {
    // g++ 12 loses its way in `do ... while (co_await ...)`.
    for (bool more = true; more;) {
        if (from->buffered().size() > limit)
            throw std::length_error(fmt::format("{} has sent more than {} bytes", from->peer(), limit));
        more = co_await detail::fill_operation(ctx, from, std::max<std::size_t>(from->buffered().size(), 1));
    }
    co_return from->give(from->buffered().size());
}

// ---- TLS

/// What came before TLS came from anybody: taken for what is said under its protection, it would let him put
/// his words into the other side's mouth (CVE-2011-0411, CVE-2021-23222).
task<void> start_tls_over(context& ctx, std::shared_ptr<socket_state> over,
                          std::shared_ptr<detail::tls_context const> context, tls_session::side own) {
    if (over->tls) detail::misuse("this connection goes over TLS already");
    if (auto const left = over->buffered().size(); left > 0)
        throw tls_error(tls_error::kind::protocol,
                        fmt::format("cannot start TLS with {}: {} bytes that it has sent in plain text are "
                                    "unread, and must not come before",
                                    over->peer(), left));
    over->begin_tls(std::move(context), own);
    co_await detail::handshake_operation(ctx, over);
}

task<void> start_tls_as_client(context& ctx, std::shared_ptr<socket_state> over, tls_client as) {
    auto const made = co_await detail::context_of(ctx, std::move(as));
    co_await start_tls_over(ctx, std::move(over), made, tls_session::side::client);
}

// ---- Accepting

/// That pass when somebody closes a descriptor or gives memory back.
bool is_shortage(std::error_code const& code) noexcept {
    int const error = code.value();
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

task<std::optional<connection>> accept_at(context& ctx, std::shared_ptr<socket_state> at) {
    for (bool told = false;; told = true) {
        std::string shortage;
        try {
            auto next = co_await detail::accept_operation(ctx, at);
            if (!next) co_return std::nullopt;
            co_return socket_state::as_connection(std::move(next));
        } catch (std::system_error const& why) {
            if (!is_shortage(why.code())) throw;
            shortage = why.what();
        }
        if (!told) ctx.log(shortage + "; who connects waits");
        co_await ctx.sleep_for(until_accept_is_tried_again);
    }
}

// ---- Making

void set_option(int socket, int level, int name, int value) noexcept {
    setsockopt(socket, level, name, &value, sizeof value);
}

descriptor open_socket(socket_address const& where, int type, std::string const& what) {
    descriptor made(::socket(where.family(), type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (made.get() < 0) throw_socket_error(what, errno);
    return made;
}

/// Where "" is: over IPv6 and IPv4, if there is IPv6.
socket_address all_addresses(std::uint16_t port) {
    descriptor const any(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
    return any.get() >= 0 ? socket_address("", port) : socket_address("0.0.0.0", port);
}

socket_address of_this_machine(std::string const& host, std::uint16_t port) {
    return host.empty() ? all_addresses(port) : socket_address(host, port);
}

bool bind_to(int socket, socket_address const& where) noexcept {
    return ::bind(socket, where.native(), where.native_size()) == 0;
}

/// Removes a path at which a socket lies that nobody listens at any more.
bool remove_left_socket(socket_address const& where) {
    auto const path = where.host();
    struct stat facts {};
    if (::stat(path.c_str(), &facts) != 0 || !S_ISSOCK(facts.st_mode)) return false;
    descriptor const probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (probe.get() < 0) return false;
    if (::connect(probe.get(), where.native(), where.native_size()) == 0 || errno != ECONNREFUSED)
        return false;
    return ::unlink(path.c_str()) == 0;
}

std::shared_ptr<socket_state> listen_at(socket_address const& where, listen_options const& options) {
    auto const what = "listen at " + where.text();
    auto socket = open_socket(where, SOCK_STREAM, what);
    bool const is_unix = where.family() == AF_UNIX;
    if (!is_unix) set_option(socket.get(), SOL_SOCKET, SO_REUSEADDR, 1);
    if (options.reuse_port) set_option(socket.get(), SOL_SOCKET, SO_REUSEPORT, 1);
    if (where.family() == AF_INET6) set_option(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, 0);
    bool bound = bind_to(socket.get(), where);
    if (!bound && errno == EADDRINUSE && is_unix) {
        if (remove_left_socket(where)) {
            bound = bind_to(socket.get(), where);
        } else {
            errno = EADDRINUSE;
        }
    }
    if (!bound) throw_socket_error(what, errno);
    auto made = std::make_shared<socket_state>(std::move(socket));
    if (is_unix) {
        made->path = where.host();
        made->maker = getpid();
    }
    if (::listen(made->get(), options.backlog) != 0) throw_socket_error(what, errno);
    made->no_delay = options.no_delay;
    return made;
}

std::shared_ptr<socket_state> datagrams_at(socket_address const& where) {
    auto const what = "receive at " + where.text();
    auto socket = open_socket(where, SOCK_DGRAM, what);
    if (where.family() == AF_INET6) set_option(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, 0);
    if (!bind_to(socket.get(), where)) throw_socket_error(what, errno);
    return std::make_shared<socket_state>(std::move(socket));
}

/// What still waits is woken; the descriptor is closed behind the last of them.
void drop(std::shared_ptr<socket_state>& state) noexcept {
    if (state && state.use_count() > 1) state->shut();
    state.reset();
}

}  // namespace

// ---- connection

connection::connection(std::shared_ptr<socket_state> made) noexcept : state_(std::move(made)) {}
connection::connection(connection&&) noexcept = default;
connection& connection::operator=(connection&& other) noexcept {
    if (this != &other) {
        close();
        state_ = std::move(other.state_);
    }
    return *this;
}
connection::~connection() {
    close();
}

std::shared_ptr<socket_state> const& connection::opened() const {
    if (!state_) [[unlikely]]
        detail::misuse("this connection was closed or moved from");
    return state_;
}

void connection::close() noexcept {
    if (state_ && state_->tls) state_->tls->close();
    drop(state_);
}

detail::read_operation connection::read_some(context& ctx, std::span<char> into) {
    return {ctx, opened(), into};
}
detail::read_text_operation connection::read_some(context& ctx, std::size_t most) {
    return {ctx, opened(), most};
}
task<std::string> connection::read_exactly(context& ctx, std::size_t count) {
    return read_exactly_from(ctx, opened(), count);
}
task<std::optional<std::string>> connection::read_until(context& ctx, std::string delimiter,
                                                        std::size_t limit) {
    return read_until_from(ctx, opened(), std::move(delimiter), limit);
}
task<std::string> connection::read_to_end(context& ctx, std::size_t limit) {
    return read_to_end_from(ctx, opened(), limit);
}
detail::write_operation connection::write(context& ctx, std::string_view data) {
    return {ctx, opened(), data};
}
detail::write_operation connection::write(context& ctx, std::span<std::string_view const> parts) {
    return {ctx, opened(), parts};
}

void connection::finish() {
    if (opened()->tls) return state_->tls->finish();
    if (::shutdown(opened()->get(), SHUT_WR) != 0)
        throw_socket_error("end what is written to " + state_->peer(), errno);
}

task<void> connection::start_tls(context& ctx, tls_client as) {
    return start_tls_as_client(ctx, opened(), std::move(as));
}
task<void> connection::start_tls(context& ctx, tls_server as) {
    return start_tls_over(ctx, opened(), detail::tls_context::of(as), tls_session::side::server);
}
detail::handshake_operation connection::handshake(context& ctx) {
    if (!opened()->tls) detail::misuse("this connection has no TLS, and so no handshake");
    return {ctx, state_};
}
std::optional<tls_info> connection::tls() const {
    return opened()->tls ? state_->tls->info() : std::nullopt;
}

socket_address connection::local() const {
    return opened()->local();
}
socket_address connection::remote() const {
    return opened()->remote;
}
std::uint64_t connection::bytes_read() const {
    return opened()->read.load(std::memory_order_relaxed);
}
std::uint64_t connection::bytes_written() const {
    return opened()->written.load(std::memory_order_relaxed);
}
int connection::native() const {
    return opened()->get();
}

// ---- listener

listener::listener(socket_address const& where, listen_options options) : state_(listen_at(where, options)) {}
listener::listener(std::string const& host, std::uint16_t port, listen_options options)
    : listener(of_this_machine(host, port), options) {}
listener::listener(unix_path const& path, listen_options options) : listener(socket_address(path), options) {}
listener::listener(std::string const& host, std::uint16_t port, tls_server const& tls, listen_options options)
    : listener(host, port, options) {
    offer(tls);
}
void listener::offer(tls_server const& tls) noexcept {
    state_->offers = detail::tls_context::of(tls);
}
listener::listener(listener&&) noexcept = default;
listener& listener::operator=(listener&& other) noexcept {
    if (this != &other) {
        drop(state_);
        state_ = std::move(other.state_);
    }
    return *this;
}
listener::~listener() {
    drop(state_);
}

socket_state& listener::opened() const {
    if (!state_) [[unlikely]]
        detail::misuse("this listener was moved from");
    return *state_;
}

task<std::optional<connection>> listener::accept(context& ctx) {
    opened();
    return accept_at(ctx, state_);
}
void listener::close() noexcept {
    if (state_) state_->shut();
}
socket_address listener::address() const {
    return opened().local();
}
int listener::native() const {
    return opened().get();
}

// ---- datagram_socket

datagram_socket::datagram_socket(std::string const& host, std::uint16_t port)
    : state_(datagrams_at(of_this_machine(host, port))) {}
datagram_socket::datagram_socket(datagram_socket&&) noexcept = default;
datagram_socket& datagram_socket::operator=(datagram_socket&& other) noexcept {
    if (this != &other) {
        drop(state_);
        state_ = std::move(other.state_);
    }
    return *this;
}
datagram_socket::~datagram_socket() {
    drop(state_);
}

std::shared_ptr<socket_state> const& datagram_socket::opened() const {
    if (!state_) [[unlikely]]
        detail::misuse("this socket was moved from");
    return state_;
}

detail::send_to_operation datagram_socket::send_to(context& ctx, std::string_view data,
                                                   socket_address const& to) {
    return {ctx, opened(), data, to};
}
detail::receive_from_operation datagram_socket::receive_from(context& ctx, std::size_t most) {
    return {ctx, opened(), most};
}
void datagram_socket::close() noexcept {
    if (state_) state_->shut();
}
socket_address datagram_socket::address() const {
    return opened()->local();
}
int datagram_socket::native() const {
    return opened()->get();
}

}  // namespace quartet::inline v0
