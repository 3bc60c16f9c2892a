#include "src/io/socket_state.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>

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

void throw_socket_error(std::string const& what, int error) {
    throw std::system_error(error, std::generic_category(), "cannot " + what);
}

void set_no_delay(int socket) noexcept {
    int const on = 1;
    setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

}  // namespace quartet::inline v0::detail
