#include "src/models/processes/wake_channel.hpp"

#include <cerrno>
#include <sys/socket.h>
#include <system_error>

namespace quartet::inline v0::detail {

wake_channel::wake_channel() {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0)
        throw std::system_error(errno, std::generic_category(),
                                "cannot make a socket pair for worker processes");
    write_end_ = descriptor(ends[1]);
    read_end_.emplace(ends[0]);
}

void wake_channel::wake() const noexcept {
    send(write_end_.get(), "", 1, MSG_DONTWAIT | MSG_NOSIGNAL);  // if there is no room, it wakes anyway
}

void wake_channel::hear() const noexcept {
    char ignored = 0;
    while (recv(read_end_->get(), &ignored, 1, MSG_DONTWAIT) > 0) {
    }
}

}  // namespace quartet::inline v0::detail
