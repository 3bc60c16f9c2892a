#include <quartet/socket_address.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <arpa/inet.h>
#include <cstddef>
#include <cstring>
#include <memory>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdexcept>
#include <sys/un.h>

namespace quartet::inline v0 {
namespace {

constexpr std::size_t before_path = offsetof(sockaddr_un, sun_path);

}  // namespace

socket_address::socket_address(sockaddr const* address, socklen_t size) noexcept
    : size_(std::min<socklen_t>(size, sizeof storage_)) {
    std::memcpy(&storage_, address, size_);
}

socket_address::socket_address(std::string const& host, std::uint16_t port) {
    addrinfo wanted{};
    wanted.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE;
    wanted.ai_socktype = SOCK_STREAM;
    if (host.empty()) wanted.ai_family = AF_INET6;
    addrinfo* found = nullptr;
    auto const service = std::to_string(port);
    bool const is_text = host.find('\0') == std::string::npos;
    if (!is_text || getaddrinfo(host.empty() ? nullptr : host.c_str(), service.c_str(), &wanted, &found) != 0)
        throw std::invalid_argument(fmt::format(
            "quartet: '{}' is no numeric address, such as 127.0.0.1 or ::1; names are looked up by "
            "context::resolve",
            host));
    *this = socket_address(found->ai_addr, found->ai_addrlen);
    freeaddrinfo(found);
}

socket_address::socket_address(unix_path const& where) {
    std::string const& path = where.text();
    sockaddr_un address{};
    if (path.empty() || path.size() >= sizeof address.sun_path)
        throw std::invalid_argument(
            fmt::format("quartet: the path of a Unix socket has 1 to {} bytes, and '{}' has {}",
                        sizeof address.sun_path - 1, path, path.size()));
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    *this = socket_address(reinterpret_cast<sockaddr const*>(&address),
                           static_cast<socklen_t>(before_path + path.size() + 1));
}

std::string socket_address::host() const {
    if (family() == AF_UNIX) {
        auto const& address = reinterpret_cast<sockaddr_un const&>(storage_);
        if (size_ <= before_path) return {};
        std::string path(address.sun_path, size_ - before_path);
        if (path.front() != '\0') path.resize(std::min(path.size(), path.find('\0')));
        return path;
    }
    char text[NI_MAXHOST] = "";
    if (size_ == 0 || getnameinfo(native(), size_, text, sizeof text, nullptr, 0, NI_NUMERICHOST) != 0)
        return {};
    return text;
}

std::uint16_t socket_address::port() const noexcept {
    if (family() == AF_INET) return ntohs(reinterpret_cast<sockaddr_in const&>(storage_).sin_port);
    if (family() == AF_INET6) return ntohs(reinterpret_cast<sockaddr_in6 const&>(storage_).sin6_port);
    return 0;
}

std::string socket_address::text() const {
    if (family() == AF_UNIX) return size_ <= before_path ? "a Unix socket" : host();
    if (family() == AF_INET6) return fmt::format("[{}]:{}", host(), port());
    return size_ == 0 ? "no address" : fmt::format("{}:{}", host(), port());
}

bool operator==(socket_address const& a, socket_address const& b) noexcept {
    return a.size_ == b.size_ && std::memcmp(&a.storage_, &b.storage_, a.size_) == 0;
}

}  // namespace quartet::inline v0
