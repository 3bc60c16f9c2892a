// tests/faults/hostile_server.hpp
//
// A TCP server that does to its clients what a script says. Plain sockets: an HTTP library would be too well
// behaved.
//
// It has threads, so make it after the executor: one that forks workers does so first.
#pragma once

#include <arpa/inet.h>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <netinet/in.h>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <sys/time.h>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <vector>

namespace quartet::faults {

class hostile_server {
public:
    /// One client. All members return false once the client has gone or the server ends.
    class connection {
    public:
        connection(int socket, hostile_server& server) : socket_(socket), server_(server) {
            timeval const soon{.tv_sec = 0, .tv_usec = 10'000};  // how often it looks whether the server ends
            setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof soon);
            setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &soon, sizeof soon);
        }
        connection(connection const&) = delete;
        connection& operator=(connection const&) = delete;
        ~connection() { close(socket_); }

        /// The next request up to its end, which is also that of its body if it has a Content-Length.
        bool read_request() {
            constexpr std::string_view end = "\r\n\r\n";
            while (received_.find(end) == received_.npos) {
                if (!receive()) return false;
            }
            auto const head = received_.find(end) + end.size();
            constexpr std::string_view length = "\r\nContent-Length: ";
            auto const at = received_.find(length);
            auto const size = head + (at < head ? std::stoul(received_.substr(at + length.size())) : 0);
            while (received_.size() < size) {
                if (!receive()) return false;
            }
            request_ = received_.substr(0, size);
            received_.erase(0, size);
            ++server_.requests_;
            return true;
        }

        /// The last one read, as it came.
        std::string const& request() const { return request_; }

        /// The path that it asked for.
        std::string path() const {
            auto const begin = request_.find(' ') + 1;
            return request_.substr(begin, request_.find(' ', begin) - begin);
        }

        bool send(std::string_view text) {
            while (!text.empty()) {
                auto const sent = ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
                if (sent > 0) text.remove_prefix(static_cast<std::size_t>(sent));
                if (sent < 0 && errno != EAGAIN && errno != EINTR) return false;
                if (server_.ends_) return false;
            }
            return true;
        }

        /// Takes what comes and says nothing, until the client goes.
        void be_silent() {
            while (receive()) {
            }
        }

        bool wait_a_moment() {
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
            return !server_.ends_;
        }

        /// Closes so that the client is told of a reset.
        void reset() {
            linger const at_once{.l_onoff = 1, .l_linger = 0};
            setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        }

    private:
        bool receive() {
            char piece[4096];
            while (!server_.ends_) {
                auto const got = recv(socket_, piece, sizeof piece, 0);
                if (got > 0) received_.append(piece, static_cast<std::size_t>(got));
                if (got >= 0) return got > 0;
                if (errno != EAGAIN && errno != EINTR) return false;
            }
            return false;
        }

        int socket_;
        hostile_server& server_;
        std::string received_;
        std::string request_;
    };

    using script = void (*)(connection&);

    /// Does `what` to each client, each on a thread of its own.
    explicit hostile_server(script what) : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        auto* const plain = reinterpret_cast<sockaddr*>(&address);
        if (bind(listener_, plain, size) != 0 || listen(listener_, 100) != 0 ||
            getsockname(listener_, plain, &size) != 0)
            throw std::system_error(errno, std::generic_category(), "no server");
        url_ = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/";
        thread_ = std::jthread([this, what] { serve(what); });
    }
    hostile_server(hostile_server const&) = delete;
    hostile_server& operator=(hostile_server const&) = delete;
    ~hostile_server() {
        ends_ = true;
        shutdown(listener_, SHUT_RDWR);  // ends the accept
        thread_.join();
        close(listener_);
    }

    std::string const& url() const { return url_; }
    std::size_t connections() const { return connections_; }
    std::size_t requests() const { return requests_; }

private:
    void serve(script what) {
        std::vector<std::jthread> clients;
        while (!ends_) {
            int const client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
            if (client < 0) continue;
            ++connections_;
            clients.emplace_back([this, client, what] {
                connection with(client, *this);
                what(with);
            });
        }
    }

    int listener_;
    std::string url_;
    std::atomic<bool> ends_ = false;
    std::atomic<std::size_t> connections_ = 0;
    std::atomic<std::size_t> requests_ = 0;
    std::jthread thread_;
};

/// Answers every request, as a server that is not hostile does.
inline void be_friendly(hostile_server::connection& client) {
    while (client.read_request() && client.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")) {
    }
}

}  // namespace quartet::faults
