#include "server/echo_server.hpp"

#include "tests/server/clients.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <string>
#include <system_error>
#include <thread>
#include <unistd.h>

namespace quartet::echo_server_test {
namespace {

using testing::raw_client;

class running_echo {
public:
    explicit running_echo(echo_options const& options)
        : server_(options), thread_([this] { server_.run(); }) {}
    ~running_echo() {
        server_.stop();
        thread_.join();
    }
    echo_server* operator->() { return &server_; }

private:
    echo_server server_;
    std::thread thread_;
};

TEST(echo_server, gives_back_whole_messages) {
    running_echo server({.bytes = 4});
    raw_client client(server->port());
    client.send("ab");
    client.send("cdef");
    EXPECT_EQ(client.read_bytes(4), "abcd");
    client.send("gh");
    EXPECT_EQ(client.read_bytes(4), "efgh");
}

TEST(echo_server, serves_many_at_the_same_time) {
    running_echo server({.bytes = 1});
    raw_client first(server->port()), second(server->port());
    second.send("b");
    EXPECT_EQ(second.read_bytes(1), "b");
    first.send("a");
    EXPECT_EQ(first.read_bytes(1), "a");
}

TEST(echo_server, answers_after_the_time_that_it_is_told) {
    running_echo server({.bytes = 1, .delay = std::chrono::milliseconds(50)});
    raw_client client(server->port());
    auto const began = std::chrono::steady_clock::now();
    client.send("a");
    EXPECT_EQ(client.read_bytes(1), "a");
    EXPECT_GE(std::chrono::steady_clock::now() - began, std::chrono::milliseconds(50));
}

TEST(echo_server, says_where_it_is) {
    running_echo server({});
    EXPECT_EQ(server->where(), "127.0.0.1:" + std::to_string(server->port()));
    try {
        echo_server const second({.port = server->port()});
        FAIL() << "two listen at one port";
    } catch (std::system_error const& refused) {
        EXPECT_EQ(refused.code().value(), EADDRINUSE);
        EXPECT_NE(std::string(refused.what()).find(server->where()), std::string::npos) << refused.what();
    }
}

TEST(echo_process, is_another_process_and_ends_with_the_object) {
    pid_t id = 0;
    {
        echo_process process({.bytes = 2});
        id = process.id();
        EXPECT_NE(id, ::getpid());
        EXPECT_EQ(process.where(), "127.0.0.1:" + std::to_string(process.port()));
        raw_client client(process.port());
        client.send("hi");
        EXPECT_EQ(client.read_bytes(2), "hi");
    }
    EXPECT_EQ(::kill(id, 0), -1);
    EXPECT_EQ(errno, ESRCH);
}

}  // namespace
}  // namespace quartet::echo_server_test
