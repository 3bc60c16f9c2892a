// Replies to fetches: whatever bytes a server answers with, a fetch ends, with a reply or with a fetch_error
// that says why. The first byte of the input chooses what asks and how the server behaves; the rest is its
// answer, to each request that comes.
//
// The server is on the loopback, and is its own proxy, so that wherever a redirect leads, it leads there.
#include "tests/fuzz/require.hpp"

#include <quartet/quartet.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <mutex>
#include <netinet/in.h>
#include <poll.h>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <utility>

using namespace quartet;
using fuzz::require;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t most_bytes = std::size_t{1} << 20;

enum choice : std::uint8_t {
    on_a_loop = 1,
    keeps_connection = 2,
    in_two_pieces = 4,
    resets = 8,
    by_head = 16,
    by_put = 32,
    keeps_open = 64,  ///< as long as the client does
};

class server {
public:
    server() : listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        auto* const plain = reinterpret_cast<sockaddr*>(&address);
        require(bind(listener_, plain, size) == 0 && listen(listener_, 64) == 0, "the server listens");
        getsockname(listener_, plain, &size);
        port_ = ntohs(address.sin_port);
        std::thread([this] { accept_all(); }).detach();  // as old as the program
    }

    void answer_with(std::string text, std::uint8_t how) {
        std::lock_guard const lock(mutex_);
        answer_ = std::move(text);
        how_ = how;
    }

    std::string address() const { return "http://127.0.0.1:" + std::to_string(port_); }

private:
    void accept_all() {
        for (;;) {
            int const client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
            if (client >= 0) std::thread([this, client] { serve(client); }).detach();
        }
    }

    void serve(int client) {
        while (read_request(client)) {
            std::string answer;
            std::uint8_t how = 0;
            {
                std::lock_guard const lock(mutex_);
                answer = answer_;
                how = how_;
            }
            std::size_t const first = how & in_two_pieces ? answer.size() / 2 : answer.size();
            send_all(client, std::string_view(answer).substr(0, first));
            send_all(client, std::string_view(answer).substr(first));
            if (how & resets) {
                linger const at_once{.l_onoff = 1, .l_linger = 0};
                setsockopt(client, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
            }
            if (!(how & keeps_open)) break;
        }
        close(client);
    }

    /// Up to the blank line; a body is not looked at.
    static bool read_request(int client) {
        std::string got;
        std::array<char, 4096> piece;
        while (got.find("\r\n\r\n") == got.npos) {
            auto const more = recv(client, piece.data(), piece.size(), 0);
            if (more <= 0) return false;
            got.append(piece.data(), static_cast<std::size_t>(more));
        }
        return true;
    }

    static void send_all(int client, std::string_view text) {
        while (!text.empty()) {
            auto const sent = send(client, text.data(), text.size(), MSG_NOSIGNAL);
            if (sent <= 0) return;
            text.remove_prefix(static_cast<std::size_t>(sent));
        }
    }

    int listener_;
    std::uint16_t port_ = 0;
    std::mutex mutex_;
    std::string answer_;
    std::uint8_t how_ = 0;
};

server& the_server() {
    static auto* const only = [] {
        auto* const made = new server;
        for (char const* const name : {"http_proxy", "https_proxy", "all_proxy"})
            setenv(name, made->address().c_str(), 1);
        for (char const* const name : {"no_proxy", "NO_PROXY", "HTTPS_PROXY", "ALL_PROXY"})
            unsetenv(name);
        return made;
    }();
    return *only;
}

executor& who_asks(bool on_loop) {
    static auto* const blocking = new executor(make_executor("single"));
    static auto* const loop = new executor(make_executor("async:4", {.stall_limit = 0s}));
    return on_loop ? *loop : *blocking;
}

http_request ask(std::uint8_t how) {
    http_request made(the_server().address() + "/");
    if (how & by_head) made.method = "HEAD";
    if (how & by_put) {
        made.method = "PUT";
        made.body = "a body";
    }
    made.timeout = how & keeps_open ? 50ms : 20s;  // who keeps a half answer open is not waited for
    made.max_redirects = 3;
    made.most_bytes = most_bytes;
    made.reuse_connection = how & keeps_connection;
    return made;
}

void check(http_response const& reply) {
    require(reply.status >= 0 && reply.status < 1000, "a status has three digits");
    require(reply.body.size() <= most_bytes, "a reply is no longer than allowed");
    static_cast<void>(reply.header("content-length"));
}

void check(fetch_error const& why, std::uint8_t how) {
    std::string_view const text = why.what();
    require(!text.empty(), "an error says why");
    require(text.find_first_of("\r\n") == text.npos, "an error is one line");
    require(how & keeps_open || why.what_kind() != fetch_error::kind::timeout,
            "a fetch does not wait for a server that has closed");
}

/// Whatever else is thrown is a finding.
task<void> fetch(context& ctx, std::uint8_t how) {
    try {
        check(co_await ctx.fetch(ask(how)));
    } catch (fetch_error const& why) {
        check(why, how);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    if (size == 0) return 0;
    std::uint8_t const how = data[0];
    the_server().answer_with({reinterpret_cast<char const*>(data + 1), size - 1}, how);
    who_asks(how & on_a_loop)
        .map([](context& ctx, int each) { return fetch(ctx, static_cast<std::uint8_t>(each)); },
             std::array<int, 1>{how});
    return 0;
}
