// Each tries by one system call. EAGAIN is the one answer that makes it wait.

#include "src/io/sockets/socket_state.hpp"

#include <quartet/context.hpp>
#include <quartet/detail/io/operations/socket_operation.hpp>

#include <climits>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <netinet/in.h>
#include <optional>
#include <sys/socket.h>

namespace quartet::inline v0::detail {
namespace {

constexpr std::size_t scratch_bytes = std::size_t{64} << 10;

}  // namespace

std::span<char> socket_scratch() {
    static thread_local std::unique_ptr<char[]> const room =
        std::make_unique_for_overwrite<char[]>(scratch_bytes);
    return {room.get(), scratch_bytes};
}

socket_operation::socket_operation(context& owner, std::shared_ptr<socket_state> of,
                                   readiness wanted) noexcept
    : descriptor_operation(owner, of->get(), wanted, of->serial), state_(std::move(of)) {}

// ---- Reading

std::optional<std::size_t> socket_operation::receive(std::span<char> into) {
    socket_state& from = state();
    if (from.tls) [[unlikely]]
        return receive_encrypted(into);
    if (is_drained()) return std::nullopt;
    for (;;) {
        auto const count = ::recv(from.get(), into.data(), into.size(), MSG_DONTWAIT);
        if (count >= 0) {
            auto const came = static_cast<std::size_t>(count);
            if (came > 0 && came < into.size() && from.is_tcp()) set_drained();
            from.read.fetch_add(came, std::memory_order_relaxed);
            return came;
        }
        if (errno == EAGAIN) return std::nullopt;
        if (errno != EINTR) throw_socket_error("read from " + from.peer(), errno);
    }
}

bool read_operation::try_now(readiness) {
    if (into_.empty()) return true;
    if (auto const there = state().buffered(); !there.empty()) {
        auto const given = state().give(std::min(there.size(), into_.size()));
        count_ = given.copy(into_.data(), into_.size());
        return true;
    }
    auto const count = receive(into_);
    count_ = count.value_or(0);
    return count.has_value();
}

bool read_text_operation::try_now(readiness) {
    if (most_ == 0) return true;
    if (auto const there = state().buffered(); !there.empty()) {
        text_ = state().give(std::min(there.size(), most_));
        return true;
    }
    auto const room = socket_scratch().first(std::min(most_, scratch_bytes));
    auto const count = receive(room);
    if (count) text_.assign(room.data(), *count);
    return count.has_value();
}

bool fill_operation::try_now(readiness) {
    std::string& to = state().buffer;
    to.erase(0, std::exchange(state().given, 0));
    std::optional<std::size_t> count;
    if (count_wanted_ <= scratch_bytes) {
        count = receive(socket_scratch());
        if (count) to.append(socket_scratch().data(), *count);
    } else {
        auto const before = to.size();
        to.resize(before + std::min(count_wanted_, most_bytes_at_once));
        try {
            count = receive(std::span(to).subspan(before));
        } catch (...) {
            to.resize(before);
            throw;
        }
        to.resize(before + count.value_or(0));
    }
    came_ = count.value_or(0) > 0;
    return count.has_value();
}

// ---- Writing

namespace {

/// As send(2). One part alone goes by the cheaper call.
ssize_t send(int socket, std::span<iovec> parts) {
    constexpr int flags = MSG_DONTWAIT | MSG_NOSIGNAL;
    if (parts.size() == 1) return ::send(socket, parts.front().iov_base, parts.front().iov_len, flags);
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = parts.size();
    return ::sendmsg(socket, &message, flags);
}

}  // namespace

write_operation::write_operation(context& owner, std::shared_ptr<socket_state> to, std::string_view data)
    : socket_operation(owner, std::move(to), writable),
      one_{.iov_base = const_cast<char*>(data.data()), .iov_len = data.size()} {}

write_operation::write_operation(context& owner, std::shared_ptr<socket_state> to,
                                 std::span<std::string_view const> parts)
    : socket_operation(owner, std::move(to), writable) {
    for (auto const each : parts)
        more_.push_back({.iov_base = const_cast<char*>(each.data()), .iov_len = each.size()});
}

void write_operation::take_off(std::size_t written) noexcept {
    for (auto const all = parts(); at_ < all.size(); ++at_) {
        auto& each = all[at_];
        auto const of_this = std::min(written, each.iov_len);
        each.iov_base = static_cast<char*>(each.iov_base) + of_this;
        each.iov_len -= of_this;
        written -= of_this;
        if (each.iov_len > 0) return;
    }
}

// A body that writes much to one who reads it all at once does not hold up the others of its loop: after a
// quarter of a mebibyte it waits as if there were no room.
bool write_operation::try_now(readiness) {
    if (state().tls) [[unlikely]]
        return write_encrypted();
    std::size_t written_now = 0;
    take_off(0);  // parts that are empty
    while (at_ < parts().size()) {
        if (written_now >= most_bytes_at_once) return may_go_on();
        auto const rest = parts().subspan(at_).first(std::min<std::size_t>(parts().size() - at_, IOV_MAX));
        auto const count = send(state().get(), rest);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0 && errno == EAGAIN) return false;
        if (count < 0) throw_socket_error("write to " + state().peer(), errno);
        auto const written = static_cast<std::size_t>(count);
        state().written.fetch_add(written, std::memory_order_relaxed);
        written_now += written;
        take_off(written);
    }
    return true;
}

// ---- Accepting

namespace {

/// What accept(2) passes on of a connection that is gone already.
bool concerns_the_other_side(int error) noexcept {
    constexpr std::array gone{EINTR,     ECONNABORTED, EPROTO,       ENETDOWN,   ENOPROTOOPT,
                              EHOSTDOWN, ENONET,       EHOSTUNREACH, ENETUNREACH};
    return std::ranges::find(gone, error) != gone.end();
}

}  // namespace

bool accept_operation::try_now(readiness) {
    for (;;) {
        if (state().is_closed.load()) return true;
        sockaddr_storage storage{};
        socklen_t size = sizeof storage;
        auto* const address = reinterpret_cast<sockaddr*>(&storage);
        descriptor socket(::accept4(state().get(), address, &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
        if (socket.get() >= 0) {
            if (state().no_delay && storage.ss_family != AF_UNIX) set_no_delay(socket.get());
            accepted_ = std::make_shared<socket_state>(std::move(socket));
            accepted_->remote = socket_address(address, size);
            if (state().offers) accepted_->begin_tls(state().offers, tls_session::side::server);
            return true;
        }
        int const why = errno;
        if (why == EAGAIN) return false;
        if (concerns_the_other_side(why) || state().is_closed.load()) continue;
        throw_socket_error("accept a connection at " + state().local().text(), why);
    }
}

// ---- Datagrams

bool send_to_operation::try_now(readiness) {
    for (;;) {
        if (state().is_closed.load()) throw_socket_error("send to " + to_.text(), EBADF);
        auto const count = ::sendto(state().get(), data_.data(), data_.size(), MSG_DONTWAIT | MSG_NOSIGNAL,
                                    to_.native(), to_.native_size());
        if (count >= 0) return true;
        if (errno == EAGAIN) return false;
        if (errno != EINTR) throw_socket_error("send to " + to_.text(), errno);
    }
}

bool receive_from_operation::try_now(readiness) {
    auto const room = socket_scratch();
    for (;;) {
        if (state().is_closed.load()) throw_socket_error("receive at a socket that was closed", EBADF);
        sockaddr_storage storage{};
        iovec into{.iov_base = room.data(), .iov_len = std::min(most_, room.size())};
        msghdr message{};
        message.msg_name = &storage;
        message.msg_namelen = sizeof storage;
        message.msg_iov = &into;
        message.msg_iovlen = 1;
        auto const count = ::recvmsg(state().get(), &message, MSG_DONTWAIT);
        if (count >= 0) {
            received_.data.assign(room.data(), static_cast<std::size_t>(count));
            received_.from = socket_address(reinterpret_cast<sockaddr*>(&storage), message.msg_namelen);
            received_.truncated = (message.msg_flags & MSG_TRUNC) != 0;
            return true;
        }
        if (errno == EAGAIN) return false;
        if (errno != EINTR) throw_socket_error("receive at " + state().local().text(), errno);
    }
}

}  // namespace quartet::inline v0::detail
