// tests/server/clients.hpp
//
// What the tests of the server need at the other end: a server on a thread, libcurl for what a real client
// sees, and a bare socket for what no real client would send.
#pragma once

#include "server/server.hpp"

#include <curl/curl.h>
#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <memory>
#include <netinet/in.h>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <sys/time.h>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace quartet::testing {

/// Nothing here should take a second, where the machine is not busy; a test that waits this long has failed.
inline constexpr std::chrono::seconds patience{200};

inline server_options without_latency() {
    server_options options;
    options.latency = options.latency.zero();
    return options;
}

class running_server {
public:
    explicit running_server(server_options const& options = without_latency())
        : server_(options), thread_([this] { server_.run(); }) {}
    ~running_server() {
        server_.stop();
        thread_.join();
    }
    server* operator->() { return &server_; }
    std::string url(std::string_view path) const { return server_.url().append(path); }

private:
    server server_;
    std::thread thread_;
};

struct curl_reply {
    CURLcode code = CURLE_OK;
    long status = 0;
    long redirects = 0;
    long connects = 0;  ///< connections made for this request
    std::string head;
    std::string body;
};

/// One easy handle, so connections are reused between requests.
class curl_client {
public:
    curl_client() : easy_(curl_easy_init(), curl_easy_cleanup) {
        set(CURLOPT_NOSIGNAL, 1L);
        set(CURLOPT_TIMEOUT, static_cast<long>(patience.count()));
        set(CURLOPT_NOPROXY, "*");
        set(CURLOPT_WRITEFUNCTION, append);
        set(CURLOPT_HEADERFUNCTION, append);
    }

    template <typename Value>
    void set(CURLoption option, Value value) {
        if (curl_easy_setopt(easy_.get(), option, value) != CURLE_OK) throw std::logic_error("bad option");
    }

    curl_reply get(std::string const& url) {
        curl_reply reply;
        set(CURLOPT_URL, url.c_str());
        set(CURLOPT_WRITEDATA, &reply.body);
        set(CURLOPT_HEADERDATA, &reply.head);
        reply.code = curl_easy_perform(easy_.get());
        curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &reply.status);
        curl_easy_getinfo(easy_.get(), CURLINFO_REDIRECT_COUNT, &reply.redirects);
        curl_easy_getinfo(easy_.get(), CURLINFO_NUM_CONNECTS, &reply.connects);
        return reply;
    }

private:
    static std::size_t append(char const* bytes, std::size_t size, std::size_t count, void* text) {
        static_cast<std::string*>(text)->append(bytes, size * count);
        return size * count;
    }

    std::unique_ptr<CURL, void (*)(CURL*)> easy_;
};

inline curl_reply get(std::string const& url) {
    return curl_client().get(url);
}

/// A socket that says what it is told to.
class raw_client {
public:
    explicit raw_client(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        timeval const limit{patience.count(), 0};
        ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (::connect(fd_, reinterpret_cast<sockaddr const*>(&address), sizeof address) != 0)
            throw std::system_error(errno, std::system_category(), "connect");
    }
    ~raw_client() {
        if (fd_ >= 0) ::close(fd_);
    }
    raw_client(raw_client&& other) noexcept
        : fd_(std::exchange(other.fd_, -1)), unread_(std::move(other.unread_)) {}
    raw_client& operator=(raw_client&&) = delete;

    int descriptor() const { return fd_; }

    /// False if the server does not take it.
    bool send(std::string_view bytes) {
        while (!bytes.empty()) {
            auto const sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (sent <= 0) return false;
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        }
        return true;
    }

    /// Everything until the server closes. Throws std::system_error on a reset or when patience ends.
    std::string read_to_end() {
        while (receive()) {
        }
        return std::exchange(unread_, {});
    }

    /// So many bytes. Throws as read_to_end.
    std::string read_bytes(std::size_t count) {
        while (unread_.size() < count)
            must_receive();
        return take(count);
    }

    /// Head and body of the next reply, with the body's length as the head gives it.
    std::pair<std::string, std::string> read_reply() {
        auto head = take(through("\r\n\r\n"));
        auto const field = head.find("Content-Length: ");
        auto const length = field == head.npos ? 0 : std::stoul(head.substr(field + 16));
        while (unread_.size() < length)
            must_receive();
        return {std::move(head), take(length)};
    }

    /// A head without its body, as HEAD gets it.
    std::string read_head() { return take(through("\r\n\r\n")); }

private:
    bool receive() {
        char bytes[16384];
        auto const got = ::recv(fd_, bytes, sizeof bytes, 0);
        if (got < 0) throw std::system_error(errno, std::system_category(), "recv");
        unread_.append(bytes, static_cast<std::size_t>(got));
        return got > 0;
    }
    void must_receive() {
        if (!receive()) throw std::runtime_error("the server closed in the middle of: " + unread_);
    }
    std::size_t through(std::string_view mark) {
        while (unread_.find(mark) == unread_.npos)
            must_receive();
        return unread_.find(mark) + mark.size();
    }
    std::string take(std::size_t bytes) {
        auto result = unread_.substr(0, bytes);
        unread_.erase(0, bytes);
        return result;
    }

    int fd_;
    std::string unread_;
};

inline std::string get_request(std::string_view path, std::string_view fields = "") {
    return std::string("GET ")
        .append(path)
        .append(" HTTP/1.1\r\nHost: test\r\n")
        .append(fields)
        .append("\r\n");
}

}  // namespace quartet::testing
