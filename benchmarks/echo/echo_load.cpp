// benchmarks/echo/echo_load.cpp
//
// The clients of the echo benchmark: so many connections to a port of loopback, each with one message under
// way, from one thread by epoll. Prints the seconds that all the round trips took.
//
//     echo_load PORT CONNECTIONS ROUND_TRIPS
#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdexcept>
#include <string>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>
#include <vector>

namespace {

constexpr std::size_t message_bytes = 64;

void require(bool holds, char const* call) {
    if (!holds) throw std::system_error(errno, std::generic_category(), call);
}

int connect_to(std::uint16_t port) {
    int const line = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    require(line >= 0, "socket");
    sockaddr_in there{};
    there.sin_family = AF_INET;
    there.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    there.sin_port = htons(port);
    require(connect(line, reinterpret_cast<sockaddr*>(&there), sizeof there) == 0, "connect");
    int const yes = 1;
    require(setsockopt(line, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes) == 0, "setsockopt");
    return line;
}

void ask(int line) {
    static std::array<char, message_bytes> const message{};
    require(send(line, message.data(), message.size(), MSG_NOSIGNAL) == std::ssize(message), "send");
}

/// How many bytes came.
std::size_t take(int line) {
    std::array<char, message_bytes> answer;
    auto const count = recv(line, answer.data(), answer.size(), 0);
    require(count > 0, "recv");
    return static_cast<std::size_t>(count);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 4) throw std::invalid_argument("echo_load PORT CONNECTIONS ROUND_TRIPS");
    auto const port = static_cast<std::uint16_t>(std::stoi(argv[1]));
    auto const connections = std::stoul(argv[2]);
    auto const round_trips = std::stoul(argv[3]);

    int const set = epoll_create1(EPOLL_CLOEXEC);
    std::vector<int> lines;
    std::vector<std::size_t> missing(connections, message_bytes);
    for (std::size_t i = 0; i < connections; ++i) {
        lines.push_back(connect_to(port));
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.u64 = i;
        require(epoll_ctl(set, EPOLL_CTL_ADD, lines.back(), &event) == 0, "epoll_ctl");
    }

    auto const start = std::chrono::steady_clock::now();
    for (int const line : lines)
        ask(line);
    std::size_t asked = connections;
    for (std::size_t answered = 0; answered < round_trips;) {
        std::array<epoll_event, 256> events{};
        int const count = epoll_wait(set, events.data(), static_cast<int>(events.size()), 10'000);
        if (count == 0) throw std::runtime_error("no answer for ten seconds");
        for (int n = 0; n < count; ++n) {
            auto const which = events[static_cast<std::size_t>(n)].data.u64;
            missing[which] -= take(lines[which]);
            if (missing[which] > 0) continue;
            missing[which] = message_bytes;
            ++answered;
            if (asked < round_trips) ask(lines[which]);
            ++asked;
        }
    }
    std::chrono::duration<double> const took = std::chrono::steady_clock::now() - start;
    std::printf("%.6f\n", took.count());
}
