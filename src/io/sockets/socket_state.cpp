#include "src/io/sockets/socket_state.hpp"

#include <quartet/context.hpp>

#include <fmt/format.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace quartet::inline v0::detail {

std::uint64_t socket_state::next_serial() noexcept {
    static constinit std::atomic<std::uint64_t> last{0};
    return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

socket_state::~socket_state() {
    if (!path.empty() && maker == getpid()) ::unlink(path.c_str());
}

socket_address socket_state::local() const noexcept {
    sockaddr_storage storage{};
    socklen_t size = sizeof storage;
    auto* const address = reinterpret_cast<sockaddr*>(&storage);
    if (getsockname(get(), address, &size) != 0) return {};
    return {address, size};
}

void socket_state::begin_tls(std::shared_ptr<tls_context const> context, tls_session::side as) {
    bool const is_client = as == tls_session::side::client;
    std::string name = is_client ? context->server_name() : std::string();
    if (is_client && name.empty()) name = host.empty() && remote.family() != AF_UNIX ? remote.host() : host;
    auto whom = is_client && !host.empty() ? with_port(host, remote.port()) : peer();
    tls = std::make_unique<tls_session>(std::move(context), as, get(), std::move(whom), std::move(name));
}

void socket_state::shut() noexcept {
    is_closed.store(true);
    ::shutdown(get(), SHUT_RDWR);
}

std::string socket_state::give(std::size_t count) {
    std::string what;
    if (given == 0 && count == buffer.size()) {
        what.swap(buffer);
        return what;
    }
    what = buffered().substr(0, count);
    given += what.size();
    if (given == buffer.size()) {
        buffer.clear();
        given = 0;
    }
    return what;
}

task<std::shared_ptr<tls_context const>> context_of(context& ctx, tls_client as) {
    auto made = tls_context::of(as);
    if (!made) made = tls_context::usual_client();
    if (!made) made = co_await ctx.offload([] { return tls_context::make_usual_client(); });
    co_return made;
}

void throw_socket_error(std::string const& what, int error) {
    throw std::system_error(error, std::generic_category(), "cannot " + what);
}

std::string with_port(std::string const& host, std::uint16_t port) {
    bool const is_ipv6 = host.find(':') != std::string::npos;
    return is_ipv6 ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

void set_no_delay(int socket) noexcept {
    int const on = 1;
    setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

}  // namespace quartet::inline v0::detail
