#include "src/models/processes/worker_log.hpp"

#include "src/models/processes/worker_process.hpp"

#include <cerrno>
#include <chrono>
#include <string_view>
#include <sys/socket.h>
#include <sys/uio.h>

namespace quartet::inline v0::detail {
namespace {

void send_log(inherited_socket const& socket, worker_info const& worker, std::string_view line) {
    auto const now = std::chrono::system_clock::now().time_since_epoch();
    log_packet head{std::chrono::nanoseconds(now).count(), worker.number};
    line = line.substr(0, log_packet::room);
    iovec parts[] = {{&head, sizeof head}, {const_cast<char*>(line.data()), line.size()}};
    msghdr message{};
    message.msg_iov = parts;
    message.msg_iovlen = 2;
    int const number = socket.get();
    while (number >= 0 && sendmsg(number, &message, MSG_NOSIGNAL) < 0) {
        if (errno == EMSGSIZE && parts[1].iov_len > 0) {
            parts[1].iov_len /= 2;  // where the system's sockets hold less
        } else if (errno != EINTR) {
            return;
        }
    }
}

}  // namespace

log_function log_to_parent(inherited_socket socket) {
    if (!socket) return {};
    return [socket](worker_info const& worker, std::string_view line) { send_log(socket, worker, line); };
}

}  // namespace quartet::inline v0::detail
