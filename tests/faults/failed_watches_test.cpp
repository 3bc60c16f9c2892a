// The system refuses to watch a socket, or libcurl to take a transfer: that fetch fails and says so, and the
// loop goes on with the others and with those that come later.
//
// epoll_ctl and curl_multi_add_handle are this file's own, for the library calls them instead of the
// system's.
#include "tests/faults/checks.hpp"
#include "tests/faults/fetching.hpp"
#include "tests/faults/hostile_server.hpp"

#include <quartet/quartet.hpp>

#include <curl/curl.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <dlfcn.h>
#include <string>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <system_error>
#include <unistd.h>
#include <vector>

namespace {

std::atomic<int> adds_to_refuse = 0;     // of EPOLL_CTL_ADD
std::atomic<int> changes_to_refuse = 0;  // of EPOLL_CTL_MOD for sockets
std::atomic<int> transfers_to_refuse = 0;

/// True for as many calls as were ordered.
bool takes_one(std::atomic<int>& orders) {
    int left = orders;
    while (left > 0 && !orders.compare_exchange_weak(left, left - 1)) {
    }
    return left > 0;
}

bool is_socket(int descriptor) {
    struct stat what {};
    return fstat(descriptor, &what) == 0 && S_ISSOCK(what.st_mode);
}

}  // namespace

// A change of what is no socket is Asio's, to wake a loop that waits. The system has nothing to refuse there,
// and the loop would sleep on.
extern "C" int epoll_ctl(int set, int operation, int descriptor, epoll_event* event) noexcept {
    bool const refused =
        (operation == EPOLL_CTL_ADD && takes_one(adds_to_refuse)) ||
        (operation == EPOLL_CTL_MOD && is_socket(descriptor) && takes_one(changes_to_refuse));
    if (refused) {
        errno = ENOSPC;  // fs.epoll.max_user_watches
        return -1;
    }
    return static_cast<int>(syscall(SYS_epoll_ctl, set, operation, descriptor, event));
}

extern "C" CURLMcode curl_multi_add_handle(CURLM* multi, CURL* handle) {
    if (takes_one(transfers_to_refuse)) return CURLM_INTERNAL_ERROR;
    static auto const real =
        reinterpret_cast<CURLMcode (*)(CURLM*, CURL*)>(dlsym(RTLD_NEXT, "curl_multi_add_handle"));
    return real(multi, handle);
}

namespace quartet::faults {
namespace {

using conformance::any_model;
using conformance::by_spec;
using connection = hostile_server::connection;
using error_kind = fetch_error::kind;
using namespace std::chrono_literals;

class failed_watches : public any_model {
protected:
    failed_watches() { forget_proxies(); }
    ~failed_watches() override { adds_to_refuse = changes_to_refuse = transfers_to_refuse = 0; }

    std::vector<answered> fetch_several() {
        auto const began = std::chrono::steady_clock::now();
        auto replies =
            executor_.map(fetch, std::vector<asked>(10, {.url = server_.url(), .timeout_ms = 200'000}));
        EXPECT_LT(std::chrono::steady_clock::now() - began, 100s)
            << "they were not left to their time limits";
        return replies;
    }

    /// At most so many fail, with these words; then nothing does.
    void expect_failures(std::size_t most, std::string const& words) {
        std::size_t failures = 0;
        for (auto const& each : fetch_several()) {
            if (each.status == 200) continue;
            ++failures;
            EXPECT_TRUE(each.has_failed(error_kind::other)) << each.error << each.message;
            EXPECT_TRUE(each.says(words)) << each.message;
            EXPECT_TRUE(each.message.starts_with("GET " + server_.url() + ": ")) << each.message;
        }
        EXPECT_GE(failures, 1u);
        EXPECT_LE(failures, most);
        for (int round = 0; round < 3; ++round) {
            for (auto const& each : fetch_several())
                EXPECT_EQ(each.status, 200) << each.message;
        }
    }

    executor executor_ = make();
    hostile_server server_{be_friendly};
};
QUARTET_SUITE(failed_watches, (std::vector{by_spec("async", "async", 0), by_spec("async_1", "async:1", 0),
                                           by_spec("threads_2_async_10", "threads:2+async:10", 0)}));

TEST_P(failed_watches, end_one_fetch) {
    executor_.map(fetch,
                  std::vector<asked>(1, {.url = "ftp://none/"}));  // the loop has all it needs but sockets
    adds_to_refuse = 1;
    expect_failures(1, "No space left on device");
}

TEST_P(failed_watches, end_several) {
    executor_.map(fetch, std::vector<asked>(1, {.url = "ftp://none/"}));
    adds_to_refuse = 4;
    expect_failures(4, "No space left on device");
    adds_to_refuse = 1;
    fetch_several();
    changes_to_refuse = 2;
    fetch_several();
    adds_to_refuse = changes_to_refuse = 0;  // connections that are kept ask for nothing
    for (auto const& each : fetch_several())
        EXPECT_EQ(each.status, 200) << each.message;
}

// All that a new loop wants to watch: its first fetches and files fail, or it does without.
TEST_P(failed_watches, of_anything_else_are_no_hang) {
    for (int refused = 1; refused <= 6; ++refused) {
        adds_to_refuse = refused;
        fetch_several();
        adds_to_refuse = 0;
        for (auto const& each : fetch_several())
            EXPECT_EQ(each.status, 200) << each.message;
    }
}

// A loop that could watch nothing would never hear of its first task.
TEST_P(failed_watches, refuse_a_new_loop) {
    adds_to_refuse = 1'000'000;
    try {
        make().map(fetch, std::vector<asked>{{.url = server_.url()}});
        ADD_FAILURE() << "it has a loop";
    } catch (std::system_error const& error) {
        EXPECT_EQ(error.code(), std::errc::no_space_on_device) << error.what();
    }
    adds_to_refuse = 0;
    EXPECT_EQ(make().map(fetch, std::vector<asked>{{.url = server_.url()}}).at(0).status, 200);
}

TEST_P(failed_watches, end_commands) {
    auto const run = [](context& ctx, std::string const& line) -> task<std::string> {
        co_return (co_await ctx.run(command::shell(line))).output;
    };
    std::vector<std::string> const lines(3, "echo x");
    for (int refused = 1; refused <= 5; ++refused) {
        adds_to_refuse = refused;
        for (auto const& each : executor_.try_map(run, lines)) {
            EXPECT_TRUE(each || tells(each.error(), "No space left on device", ""));
        }
        adds_to_refuse = 0;
        EXPECT_EQ(executor_.map(run, lines), std::vector<std::string>(3, "x\n"));
    }
}

TEST_P(failed_watches, are_not_the_only_thing_that_libcurl_may_refuse) {
    transfers_to_refuse = 3;
    expect_failures(3, "the HTTP client failed");
}

class refused_transfers : public failed_watches {};
QUARTET_SUITE(refused_transfers,
              (std::vector{by_spec("single", "single", 0), by_spec("threads_3", "threads:3", 0)}));

TEST_P(refused_transfers, fail_and_say_so) {
    transfers_to_refuse = 3;
    expect_failures(3, "the HTTP client failed");
}

}  // namespace
}  // namespace quartet::faults
