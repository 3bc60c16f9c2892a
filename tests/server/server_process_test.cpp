// Every process that these tests look at is their own child: as a subreaper they also inherit the children
// of a parent that they kill, and can wait for exactly those.
#include "server/server_process.hpp"

#include "server/page.hpp"
#include "tests/server/clients.hpp"
#include "tests/waiting.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <poll.h>
#include <stdexcept>
#include <string>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <system_error>

namespace quartet::server_process_test {
namespace {

using test::comes_true;
using testing::raw_client;
using testing::without_latency;

bool is_gone(pid_t process) {
    return ::kill(process, 0) != 0 && errno == ESRCH;
}

TEST(server_process, serves) {
    server_process process(without_latency());
    EXPECT_EQ(process.url(), "http://127.0.0.1:" + std::to_string(process.port()));
    EXPECT_EQ(testing::get(process.url() + "/page").body, page(15'000));
}

TEST(server_process, keeps_the_options) {
    auto options = without_latency();
    options.page_bytes = 10;
    options.error_rate = 1;
    server_process process(options);
    EXPECT_EQ(testing::get(process.url() + "/page").status, 500);
}

TEST(server_process, is_another_process_in_another_group) {
    server_process process;
    EXPECT_NE(process.id(), ::getpid());
    EXPECT_EQ(::getpgid(process.id()), process.id());
}

TEST(server_process, ends_with_the_object) {
    pid_t id = 0;
    {
        server_process process;
        id = process.id();
        EXPECT_FALSE(is_gone(id));
    }
    EXPECT_TRUE(is_gone(id));
    EXPECT_EQ(::waitpid(id, nullptr, WNOHANG), -1);
}

TEST(server_process, ends_while_a_client_waits) {
    auto options = without_latency();
    options.latency = std::chrono::hours(1);
    auto process = std::make_unique<server_process>(options);
    raw_client client(process->port());
    client.send(testing::get_request("/page"));
    process.reset();
    EXPECT_THROW(client.read_reply(), std::exception);
}

TEST(server_process, may_be_several) {
    server_process first(without_latency()), second(without_latency());
    EXPECT_NE(first.url(), second.url());
    EXPECT_EQ(testing::get(first.url() + "/page").status, 200);
    EXPECT_EQ(testing::get(second.url() + "/page").status, 200);
}

TEST(server_process, passes_on_why_it_cannot_listen) {
    server_process first;
    server_options options;
    options.port = first.port();
    std::string in_process;
    try {
        server refused(options);
    } catch (std::system_error const& error) {
        in_process = error.what();
    }
    try {
        server_process second(options);
        FAIL() << "listens on " << second.url();
    } catch (std::system_error const& error) {
        EXPECT_EQ(error.code(), std::errc::address_in_use);
        EXPECT_EQ(error.what(), in_process);
    }
    EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), 0) << "the second process is left";
}

TEST(server_process, passes_on_what_is_wrong_with_an_option) {
    server_options options;
    options.error_rate = 2;
    EXPECT_THROW(server_process{options}, std::invalid_argument);
    EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "a process is left";
}

TEST(server_process, ignores_the_interrupt_of_a_terminal) {
    server_process process(without_latency());
    ASSERT_EQ(::kill(process.id(), SIGINT), 0);
    EXPECT_EQ(testing::get(process.url() + "/page").status, 200);
}

// A handler of the caller would run in the server too, and use a copy of the caller's state.
TEST(server_process, forgets_the_callers_handlers_and_mask) {
    auto const handler = +[](int) {};
    auto const before = std::signal(SIGTERM, handler);
    sigset_t blocked, old;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    ::sigprocmask(SIG_BLOCK, &blocked, &old);
    server_process process;
    ::sigprocmask(SIG_SETMASK, &old, nullptr);
    std::signal(SIGTERM, before);

    ASSERT_EQ(::kill(process.id(), SIGTERM), 0);
    siginfo_t ended{};
    auto const look = [&] {
        return ::waitid(P_PID, static_cast<id_t>(process.id()), &ended, WEXITED | WNOHANG | WNOWAIT) == 0 &&
               ended.si_pid == process.id();
    };
    ASSERT_TRUE(comes_true(look));
    EXPECT_EQ(ended.si_status, SIGTERM);
}

// An end of a pipe kept open here would let somebody wait for its end for ever.
TEST(server_process, holds_no_descriptor_of_the_caller) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    server_process process;
    ::close(ends[1]);
    pollfd end{ends[0], POLLIN, 0};
    EXPECT_EQ(::poll(&end, 1, 100'000), 1) << "the pipe is still open somewhere";
    EXPECT_EQ(end.revents, POLLHUP);
    ::close(ends[0]);
}

TEST(server_process, starts_without_standard_streams) {
    auto const child = ::fork();
    if (child == 0) {
        ::close(0);
        ::close(1);
        bool served = false;
        try {
            server_process process(without_latency());
            served = testing::get(process.url() + "/page").status == 200;
        } catch (std::exception const&) {
        }
        ::_exit(served ? 0 : 1);
    }
    int status = -1;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
}

TEST(server_process, dies_with_a_parent_that_is_killed) {
    ASSERT_EQ(::prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    auto const parent = ::fork();
    if (parent == 0) {
        server_process process;
        auto const id = process.id();
        if (::write(ends[1], &id, sizeof id) == sizeof id) ::pause();
        ::_exit(1);
    }
    pid_t orphan = 0;
    ASSERT_EQ(::read(ends[0], &orphan, sizeof orphan), static_cast<ssize_t>(sizeof orphan));
    ::close(ends[0]);
    ::close(ends[1]);
    EXPECT_FALSE(is_gone(orphan));

    ::kill(parent, SIGKILL);
    ASSERT_EQ(::waitpid(parent, nullptr, 0), parent);
    int status = 0;
    bool const ended = comes_true([&] { return ::waitpid(orphan, &status, WNOHANG) == orphan; });
    if (!ended) ::kill(orphan, SIGKILL);
    ASSERT_TRUE(ended);
    EXPECT_TRUE(WIFSIGNALED(status));
    EXPECT_EQ(WTERMSIG(status), SIGKILL);
}

// With SIGCHLD ignored the kernel waits for our children, and the number is free for another process.
TEST(server_process, ends_too_where_somebody_else_waits) {
    auto const before = std::signal(SIGCHLD, SIG_IGN);
    pid_t id = 0;
    {
        server_process process;
        id = process.id();
    }
    std::signal(SIGCHLD, before);
    EXPECT_TRUE(comes_true([&] { return is_gone(id); }));
}

}  // namespace
}  // namespace quartet::server_process_test
