#include "src/io/loop/poll_descriptor.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <poll.h>
#include <sys/epoll.h>
#include <system_error>

namespace quartet::inline v0::detail {

static_assert(unsigned{EPOLLIN} == POLLIN && unsigned{EPOLLOUT} == POLLOUT && unsigned{EPOLLERR} == POLLERR &&
              unsigned{EPOLLHUP} == POLLHUP);

readiness readiness_of(unsigned events) noexcept {
    readiness holds;
    if (events & (POLLIN | POLLERR | POLLHUP)) holds |= readable;
    if (events & (POLLOUT | POLLERR | POLLHUP)) holds |= writable;
    return holds;
}

unsigned events_of(readiness wanted) noexcept {
    unsigned const to_read = wanted & readable ? unsigned{POLLIN} : 0;
    unsigned const to_write = wanted & writable ? unsigned{POLLOUT} : 0;
    return to_read | to_write;
}

std::string cannot_wait_for(int descriptor) {
    return fmt::format("cannot wait for descriptor {}", descriptor);
}

readiness poll_descriptor(int descriptor, readiness wanted, std::chrono::nanoseconds most) {
    // poll(2) passes over negative numbers.
    if (descriptor < 0) throw std::system_error(EBADF, std::generic_category(), cannot_wait_for(descriptor));
    pollfd asked{.fd = descriptor, .events = static_cast<short>(events_of(wanted)), .revents = 0};
    auto const length = std::max<std::int64_t>(most.count(), 0);
    timespec const time{.tv_sec = length / 1'000'000'000, .tv_nsec = length % 1'000'000'000};
    int const answers = ::ppoll(&asked, 1, &time, nullptr);
    if (answers < 0 && errno != EINTR)
        throw std::system_error(errno, std::generic_category(), cannot_wait_for(descriptor));
    if (answers <= 0) return {};
    if (asked.revents & POLLNVAL)
        throw std::system_error(EBADF, std::generic_category(), cannot_wait_for(descriptor));
    return readiness_of(static_cast<unsigned>(asked.revents)) & wanted;
}

}  // namespace quartet::inline v0::detail
