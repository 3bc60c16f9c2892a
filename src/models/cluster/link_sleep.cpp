#include "src/models/cluster/link_sleep.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <dirent.h>
#include <iterator>
#include <memory>
#include <optional>
#include <span>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <system_error>

namespace quartet::inline v0::detail {
namespace {

constexpr int trust_after = 8;  // messages that descriptors told of, before they are trusted again

descriptor make_epoll() {
    descriptor made(epoll_create1(EPOLL_CLOEXEC));
    if (made.get() < 0)
        throw std::system_error(errno, std::generic_category(), "quartet: cannot wait for descriptors");
    return made;
}

bool add(descriptor const& set, int number, std::uint32_t events) noexcept {
    epoll_event about{};
    about.events = events;
    about.data.fd = number;
    return epoll_ctl(set.get(), EPOLL_CTL_ADD, number, &about) == 0;
}

std::optional<ino_t> socket_at(int number) noexcept {
    struct stat about {};
    if (fstat(number, &about) != 0 || !S_ISSOCK(about.st_mode)) return {};
    return about.st_ino;
}

/// Calls `each` with the number and the inode of every socket of this process.
template <class Function>
void for_each_socket(Function&& each) {
    std::unique_ptr<DIR, int (*)(DIR*)> const all(opendir("/proc/self/fd"), closedir);
    if (!all) return;
    while (dirent const* const entry = readdir(all.get())) {
        int number = -1;
        char const* const end = entry->d_name + std::strlen(entry->d_name);
        if (std::from_chars(entry->d_name, end, number).ec != std::errc() || number < 0) continue;
        if (auto const inode = socket_at(number)) each(number, *inode);
    }
}

int wait_for(int set, std::span<epoll_event> events, std::chrono::nanoseconds most) noexcept {
    auto const seconds = std::chrono::duration_cast<std::chrono::seconds>(most);
    timespec const limit{.tv_sec = seconds.count(), .tv_nsec = (most - seconds).count()};
    auto const count = static_cast<int>(events.size());
    int const ready = epoll_pwait2(set, events.data(), count, &limit, nullptr);
    if (ready >= 0 || errno != ENOSYS) return ready;
    auto const milliseconds = std::chrono::ceil<std::chrono::milliseconds>(most).count();
    return epoll_wait(set, events.data(), count, static_cast<int>(milliseconds));
}

}  // namespace

link_sleep::link_sleep(int program, int end)
    : edges_(make_epoll()), levels_(make_epoll()), program_(program), end_(end) {
    for_each_socket([this](int number, ino_t inode) { known_.emplace(number, inode); });
    watch(program);
    watch(end);
}

void link_sleep::watch(int number) {
    if (!add(edges_, number, EPOLLIN))
        throw std::system_error(errno, std::generic_category(), "quartet: cannot wait for a descriptor");
}

void link_sleep::watch_bell(int bell) {
    bell_ = bell;
    if (auto const inode = socket_at(bell)) known_.emplace(bell, *inode);
    watch(bell);
}

void link_sleep::adopt_sockets() {
    for_each_socket([this](int number, ino_t inode) {
        if (known_.contains({number, inode})) return;
        // One that is there already is refused, and one that was closed has left the sets by itself.
        if (!add(edges_, number, EPOLLIN | EPOLLOUT | EPOLLET)) return;
        add(levels_, number, EPOLLIN);
    });
}

bool link_sleep::unread() {
    epoll_event one{};
    return epoll_wait(levels_.get(), &one, 1, 0) > 0;
}

link_sleep::woken link_sleep::sleep(std::chrono::nanoseconds most) {
    std::array<epoll_event, 32> events{};
    int const count = wait_for(edges_.get(), events, most);
    auto by = woken::by_time;
    for (int each = 0; each < count; ++each) {
        int const number = events[static_cast<std::size_t>(each)].data.fd;
        if (number == end_) {
            program_has_ended_ = true;
            epoll_ctl(edges_.get(), EPOLL_CTL_DEL, end_, nullptr);
        } else if (number == program_) {
            hear(number);
            if (by == woken::by_time) by = woken::by_program;
        } else {
            if (number == bell_) hear(number);
            by = woken::by_mpi;
        }
    }
    return by;
}

void link_sleep::hear(int number) const noexcept {
    char ignored = 0;
    while (recv(number, &ignored, 1, MSG_DONTWAIT) >= 0) {
    }
}

void link_sleep::note_message(woken by) noexcept {
    if (by == woken::by_mpi)
        trust_ = std::min(trust_ + 1, trust_after);
    else if (by == woken::by_time)
        trust_ = -trust_after;
}

}  // namespace quartet::inline v0::detail
