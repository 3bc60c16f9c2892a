// The start and the end of a server, and the lack of descriptors between them.
#include "server/page.hpp"
#include "tests/server/clients.hpp"
#include "tests/waiting.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <deque>
#include <memory>
#include <poll.h>
#include <string>
#include <sys/resource.h>
#include <sys/wait.h>
#include <system_error>

namespace quartet::listening_test {
namespace {

using namespace std::chrono_literals;
using test::comes_true;
using testing::get_request;
using testing::raw_client;
using testing::running_server;
using testing::without_latency;

void expect_refused(server_options const& options, std::errc why, std::string_view text) {
    try {
        server refused(options);
        FAIL() << "listens on " << refused.url();
    } catch (std::system_error const& error) {
        EXPECT_EQ(error.code(), why) << error.what();
        EXPECT_NE(std::string_view(error.what()).find(text), std::string_view::npos) << error.what();
    }
}

TEST(listening, finds_a_free_port) {
    server first, second;
    EXPECT_NE(first.port(), 0);
    EXPECT_NE(first.port(), second.port());
    EXPECT_EQ(first.url(), "http://127.0.0.1:" + std::to_string(first.port()));
}

TEST(listening, serves_ipv6) {
    auto options = without_latency();
    options.address = "::1";
    try {
        running_server server(options);
        EXPECT_TRUE(server.url("").starts_with("http://[::1]:"));
        EXPECT_EQ(testing::get(server.url("/page")).status, 200);
    } catch (std::system_error const& error) {
        GTEST_SKIP() << error.what();  // a machine without IPv6
    }
}

TEST(listening, names_the_port_that_is_in_use) {
    server first;
    server_options options;
    options.port = first.port();
    expect_refused(options, std::errc::address_in_use, "127.0.0.1:" + std::to_string(first.port()));
}

TEST(listening, names_the_address_that_is_refused) {
    server_options options;
    options.port = 8080;
    options.address = "192.0.2.1";  // from the range for documentation, so of no machine
    expect_refused(options, std::errc::address_not_available, "192.0.2.1:8080");
    options.address = "localhost";
    expect_refused(options, std::errc::invalid_argument, "localhost:8080");
}

TEST(listening, takes_a_port_again_at_once) {
    server_options options = without_latency();
    {
        running_server server(options);
        options.port = server->port();
        raw_client client(server->port());
        client.send(get_request("/page", "Connection: close\r\n"));
        client.read_to_end();
    }
    running_server again(options);
    EXPECT_EQ(testing::get(again.url("/page")).status, 200);
}

TEST(stop, before_run_makes_run_return) {
    server server;
    server.stop();
    server.stop();
    server.run();
}

TEST(stop, drops_replies_under_way) {
    auto options = without_latency();
    options.latency = 1h;
    auto server = std::make_unique<running_server>(options);
    raw_client waiting((*server)->port()), silent((*server)->port());
    waiting.send(get_request("/page"));
    ASSERT_TRUE(comes_true([&] { return (*server)->stats().requests == 1 && (*server)->stats().open == 2; }));
    server.reset();
    EXPECT_EQ(waiting.read_to_end(), "");
    EXPECT_EQ(silent.read_to_end(), "");
}

// A connection accepted just before the stop is known to nobody yet; it, too, must not keep run() going.
TEST(stop, ends_run_at_any_moment_of_a_connect) {
    for (int i = 0; i < 500; ++i) {
        auto server = std::make_unique<running_server>();
        raw_client const client((*server)->port());
        server.reset();
    }
}

TEST(server, needs_no_run_to_be_destroyed) {
    server unused;
}

std::chrono::nanoseconds time_on(clockid_t clock) {
    timespec now{};
    EXPECT_EQ(::clock_gettime(clock, &now), 0);
    return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

/// Uses so much processor time, however long that takes on the clock.
void compute_for(std::chrono::nanoseconds length) {
    auto const end = time_on(CLOCK_THREAD_CPUTIME_ID) + length;
    while (time_on(CLOCK_THREAD_CPUTIME_ID) < end) {
    }
}

/// A process that serves with a limit of open descriptors. Not `server_process`: that raises the limit.
class starved_server {
public:
    explicit starved_server(rlim_t descriptors) : server_(without_latency()) {
        process_ = ::fork();
        if (process_ != 0) return;
        rlimit const limit{descriptors, descriptors};
        ::setrlimit(RLIMIT_NOFILE, &limit);
        server_.run();
        ::_exit(0);
    }
    ~starved_server() {
        ::kill(process_, SIGKILL);
        ::waitpid(process_, nullptr, 0);
    }

    std::chrono::nanoseconds processor_time() const {
        clockid_t clock{};
        EXPECT_EQ(::clock_getcpuclockid(process_, &clock), 0);
        return time_on(clock);
    }

    std::uint16_t port() const { return server_.port(); }

private:
    server server_;
    pid_t process_;
};

bool has_reply(raw_client const& client) {
    pollfd asked{client.descriptor(), POLLIN, 0};
    return ::poll(&asked, 1, 0) == 1;
}

TEST(descriptors, when_used_up_are_waited_for) {
    constexpr std::size_t limit = 60, many = 100;
    starved_server server(limit);
    std::deque<raw_client> clients;
    for (std::size_t i = 0; i < many; ++i) {
        clients.emplace_back(server.port());
        clients.back().send(get_request("/page?bytes=3"));
    }
    auto const answered = [&] {
        return static_cast<std::size_t>(std::count_if(clients.begin(), clients.end(), has_reply));
    };
    ASSERT_TRUE(comes_true([&] { return answered() > 10; }));
    std::this_thread::sleep_for(300ms);
    // What is busy gets about as much of the processors as this, however many others want them.
    auto const before = server.processor_time();
    compute_for(100ms);
    EXPECT_LT(server.processor_time() - before, 50ms) << "it is busy while it has nothing to do";
    EXPECT_LT(answered(), limit) << "there was no lack of descriptors";

    while (!clients.empty()) {  // each that leaves makes room for one that waits
        EXPECT_EQ(clients.front().read_reply().second, "<!d");
        clients.pop_front();
    }
}

}  // namespace
}  // namespace quartet::listening_test
