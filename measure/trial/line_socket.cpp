#include "measure/trial/line_socket.hpp"

#include <algorithm>
#include <cerrno>
#include <poll.h>
#include <string_view>
#include <sys/socket.h>
#include <unistd.h>

namespace quartet::measure {

line_socket::~line_socket() {
    close(socket_);
}

bool line_socket::send_line(std::string line) {
    line += '\n';
    for (std::string_view rest = line; !rest.empty();) {
        ssize_t const sent = send(socket_, rest.data(), rest.size(), MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent < 0) return false;
        rest.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
}

std::optional<std::string> line_socket::receive_line() {
    while (!has_line()) {
        if (!receive_some()) return std::nullopt;
    }
    std::string line = received_.substr(0, searched_);
    received_.erase(0, searched_ + 1);
    searched_ = 0;
    return line;
}

bool line_socket::has_line() {
    searched_ = std::min(received_.find('\n', searched_), received_.size());
    return searched_ < received_.size();
}

bool line_socket::other_side_is_gone() const {
    pollfd now{.fd = socket_, .events = POLLRDHUP, .revents = 0};
    return poll(&now, 1, 0) > 0;
}

bool line_socket::receive_some() {
    char buffer[4096];
    ssize_t got = 0;
    do {
        got = recv(socket_, buffer, sizeof buffer, 0);
    } while (got < 0 && errno == EINTR);
    if (got <= 0) return false;
    received_.append(buffer, static_cast<std::size_t>(got));
    return true;
}

}  // namespace quartet::measure
