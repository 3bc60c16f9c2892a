// Connecting to a host, whose addresses race (RFC 8305), and the look-up of its name.
//
// The sockets that try to connect lie in an epoll set, so that the race waits for one descriptor whatever
// the context is, and for one moment: when the next address is to be tried. With one address left it waits
// for its socket.

#include "src/io/http/name_resolver.hpp"
#include "src/io/loop/poll_descriptor.hpp"
#include "src/io/sockets/socket_state.hpp"

#include <quartet/context.hpp>
#include <quartet/outcome.hpp>
#include <quartet/socket.hpp>
#include <quartet/structured.hpp>

#include <fmt/format.h>

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <system_error>
#include <utility>
#include <vector>

namespace quartet::inline v0 {
namespace detail {
namespace {

/// The families of the addresses in turn, beginning with that of the first; each in its order.
std::vector<socket_address> interleaved(std::vector<socket_address> const& all) {
    std::vector<socket_address> first_family;
    std::vector<socket_address> others;
    for (auto const& each : all)
        (each.family() == all.front().family() ? first_family : others).push_back(each);
    std::vector<socket_address> mixed;
    for (std::size_t i = 0; mixed.size() < all.size(); ++i) {
        if (i < first_family.size()) mixed.push_back(first_family[i]);
        if (i < others.size()) mixed.push_back(others[i]);
    }
    return mixed;
}

class race {
public:
    race(std::string target, std::vector<socket_address> const& addresses)
        : target_(std::move(target)), addresses_(interleaved(addresses)) {}

    bool has_more() const noexcept { return next_ < addresses_.size(); }
    bool is_under_way() const noexcept { return !attempts_.empty(); }

    /// Has the next address tried; its socket, if that has connected at once.
    std::shared_ptr<socket_state> begin_next() {
        socket_address const& to = addresses_[next_++];
        descriptor socket(::socket(to.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
        if (socket.get() < 0) return note_failure(to, errno);
        int result = 0;
        do {
            result = ::connect(socket.get(), to.native(), to.native_size());
        } while (result != 0 && errno == EINTR);
        if (result == 0) return connected(std::move(socket), to);
        if (errno != EINPROGRESS) return note_failure(to, errno);
        if (has_more() || is_under_way()) watch(socket.get());
        attempts_.push_back({std::move(socket), to});
        return nullptr;
    }

    /// What is ready when an attempt has ended.
    int descriptor_to_watch() {
        if (attempts_.size() == 1 && !has_more()) return attempts_.front().socket.get();
        return set_.get();
    }
    readiness wanted() const noexcept { return attempts_.size() == 1 && !has_more() ? writable : readable; }

    /// The socket of an attempt that has connected; takes those out that have failed.
    std::shared_ptr<socket_state> collect() {
        for (auto each = attempts_.begin(); each != attempts_.end();) {
            if (!poll_descriptor(each->socket.get(), writable)) {
                ++each;
                continue;
            }
            attempt ended = std::move(*each);
            each = attempts_.erase(each);
            int error = 0;
            socklen_t size = sizeof error;
            if (getsockopt(ended.socket.get(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
            if (error == 0) return connected(std::move(ended.socket), ended.to);
            note_failure(ended.to, error);
        }
        return nullptr;
    }

    /// "cannot connect to localhost:80 (tried [::1]:80: Network is unreachable, 127.0.0.1:80): Connection
    /// refused"
    [[noreturn]] void fail() const {
        std::string tried;
        if (addresses_.size() > 1) tried = " (tried " + failures_ + last_failed_.text() + ")";
        throw_socket_error("connect to " + target_ + tried, last_error_);
    }

private:
    struct attempt {
        descriptor socket;
        socket_address to;
    };

    void watch(int socket) {
        if (set_.get() < 0) set_ = descriptor(epoll_create1(EPOLL_CLOEXEC));
        epoll_event event{};
        event.events = EPOLLOUT;
        if (set_.get() < 0 || epoll_ctl(set_.get(), EPOLL_CTL_ADD, socket, &event) != 0)
            throw_socket_error("connect to " + target_, errno);
    }

    static std::shared_ptr<socket_state> connected(descriptor socket, socket_address const& to) {
        auto made = std::make_shared<socket_state>(std::move(socket));
        made->remote = to;
        return made;
    }

    std::nullptr_t note_failure(socket_address const& to, int error) {
        if (last_error_ != 0)
            failures_ +=
                fmt::format("{}: {}, ", last_failed_.text(), std::generic_category().message(last_error_));
        last_failed_ = to;
        last_error_ = error;
        return nullptr;
    }

    std::string target_;
    std::vector<socket_address> addresses_;
    std::size_t next_ = 0;
    std::vector<attempt> attempts_;
    descriptor set_;
    std::string failures_;
    socket_address last_failed_;
    int last_error_ = 0;
};

/// Waits until an attempt has ended, or for the time that an address has for itself.
task<void> wait_for_an_end(context& ctx, race& under_way, std::chrono::nanoseconds time) {
    int const descriptor = under_way.descriptor_to_watch();
    if (!under_way.has_more()) {
        co_await ctx.ready(descriptor, under_way.wanted());
        co_return;
    }
    try {
        co_await ctx.with_timeout(time, ctx.ready(descriptor, under_way.wanted()));
    } catch (timed_out const&) {
        co_return;  // the next one is tried as well
    }
}

task<std::shared_ptr<socket_state>> win_race(context& ctx, std::string target,
                                             std::vector<socket_address> addresses, connect_options options) {
    race under_way(std::move(target), addresses);
    std::shared_ptr<socket_state> winner;
    for (;;) {
        if (under_way.has_more()) winner = under_way.begin_next();
        if (winner) break;
        if (under_way.is_under_way()) {
            co_await wait_for_an_end(ctx, under_way, options.attempt_delay);
            winner = under_way.collect();
            if (winner) break;
        } else if (!under_way.has_more()) {
            under_way.fail();
        }
    }
    if (options.no_delay && winner->remote.family() != AF_UNIX) set_no_delay(winner->get());
    co_return winner;
}

task<connection> connect_to(context& ctx, std::string target, std::vector<socket_address> addresses,
                            connect_options options) {
    co_return socket_state::as_connection(
        co_await win_race(ctx, std::move(target), std::move(addresses), options));
}

/// `name` is that of the host; empty if there is none.
task<connection> connect_by_name(context& ctx, std::string name, std::uint16_t port,
                                 std::vector<socket_address> addresses, connect_options options,
                                 std::shared_ptr<tls_context const> tls) {
    auto made = co_await win_race(ctx, with_port(name, port), std::move(addresses), options);
    made->host = std::move(name);
    if (tls) {
        made->begin_tls(std::move(tls), tls_session::side::client);
        co_await handshake_operation(ctx, made);
    }
    co_return socket_state::as_connection(std::move(made));
}

std::vector<socket_address> at_port(std::vector<std::string> const& hosts, std::uint16_t port) {
    std::vector<socket_address> addresses;
    for (auto const& each : hosts)
        addresses.emplace_back(each, port);
    return addresses;
}

/// Nothing if it is a name.
std::optional<socket_address> as_numeric(std::string const& host, std::uint16_t port) {
    try {
        return socket_address(host, port);
    } catch (std::invalid_argument const&) {
        return std::nullopt;
    }
}

void require_host(std::string const& host) {
    if (host.empty() || host.find('\0') != std::string::npos)
        throw std::invalid_argument("quartet: a host is a name or an address, and this one is none");
}

}  // namespace
}  // namespace detail

task<std::vector<socket_address>> context::resolve(std::string host, std::uint16_t port) {
    detail::require_host(host);
    if (auto const numeric = detail::as_numeric(host, port)) co_return std::vector{*numeric};
    std::optional<detail::name_lookup> look_up;  // left when the wait is over, whatever ends it
    std::shared_ptr<detail::name_answer const> answer;
    co_await suspend([&](resumer<void> done) {
        look_up.emplace([done] { done(); });
        answer = look_up->ask(host);
        if (answer) done();
    });
    if (!answer) answer = look_up->ask(host);
    if (!answer || !answer->error.empty())
        throw std::runtime_error(
            fmt::format("cannot look up '{}': {}", host, answer ? answer->error : "no answer"));
    co_return detail::at_port(answer->addresses, port);
}

task<connection> context::connect(std::string host, std::uint16_t port, connect_options options) {
    auto const addresses = co_await resolve(host, port);
    co_return co_await detail::connect_by_name(*this, host, port, addresses, options, nullptr);
}

task<connection> context::connect(std::string host, std::uint16_t port, tls_client tls,
                                  connect_options options) {
    auto const made = co_await detail::context_of(*this, std::move(tls));
    auto const addresses = co_await resolve(host, port);
    co_return co_await detail::connect_by_name(*this, host, port, addresses, options, made);
}

task<connection> context::connect(std::string host, std::uint16_t port, tls_client tls) {
    return connect(std::move(host), port, std::move(tls), connect_options{});
}

task<connection> connect_first(context& ctx, std::vector<socket_address> addresses, connect_options options) {
    if (addresses.empty()) throw std::invalid_argument("quartet: there is no address to connect to");
    auto target = addresses.front().text();
    return detail::connect_to(ctx, std::move(target), std::move(addresses), options);
}

task<connection> context::connect(std::string host, std::uint16_t port) {
    return connect(std::move(host), port, connect_options{});
}

task<connection> context::connect(unix_path path) {
    socket_address const to(path);
    return detail::connect_to(*this, to.text(), std::vector{to}, connect_options{});
}

task<listener> context::listen(std::string host, std::uint16_t port, listen_options options) {
    if (host.empty()) co_return listener(host, port, options);
    auto const addresses = co_await resolve(host, port);
    co_return listener(addresses.front(), options);
}

task<listener> context::listen(std::string host, std::uint16_t port) {
    return listen(std::move(host), port, listen_options{});
}

task<listener> context::listen(std::string host, std::uint16_t port, tls_server tls, listen_options options) {
    auto made = co_await listen(std::move(host), port, options);
    made.offer(tls);
    co_return made;
}

task<listener> context::listen(std::string host, std::uint16_t port, tls_server tls) {
    return listen(std::move(host), port, std::move(tls), listen_options{});
}

}  // namespace quartet::inline v0
