// However many fetches want an address, a few threads look it up; one name that can't be found, or not soon,
// holds up no other, and each fetch keeps to its time limit while it waits.
//
// getaddrinfo is this file's own: libcurl and the library call it instead of the system's.
#include "tests/faults/checks.hpp"
#include "tests/faults/fetching.hpp"
#include "tests/faults/hostile_server.hpp"
#include "tests/faults/limits.hpp"

#include <quartet/quartet.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <arpa/inet.h>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <netdb.h>
#include <netinet/in.h>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

std::atomic<bool> released = false;    // the look-ups of names that begin with "stuck"
std::atomic<std::size_t> at_work = 0;  // look-ups
std::atomic<std::size_t> most_at_work = 0;
std::atomic<std::size_t> look_ups = 0;

struct own_answer {
    addrinfo info{};
    sockaddr_in address{};
};

void wait_for_release() {
    while (!released)
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

}  // namespace

// 127.0.0.1 for every name, but for those that begin with "none". In static storage: never freed.
extern "C" int getaddrinfo(char const* name, char const*, addrinfo const*, addrinfo** result) {
    ++look_ups;
    std::size_t const now = ++at_work;
    for (std::size_t most = most_at_work; most < now && !most_at_work.compare_exchange_weak(most, now);) {
    }
    std::string_view const wanted(name);
    std::this_thread::sleep_for(std::chrono::milliseconds(2));  // so that those who ask come together
    if (wanted.starts_with("stuck")) wait_for_release();
    --at_work;
    if (wanted.starts_with("none")) return EAI_NONAME;
    auto* const answer = new own_answer;
    answer->address.sin_family = AF_INET;
    answer->address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    answer->info.ai_family = AF_INET;
    answer->info.ai_socktype = SOCK_STREAM;
    answer->info.ai_addrlen = sizeof answer->address;
    answer->info.ai_addr = reinterpret_cast<sockaddr*>(&answer->address);
    *result = &answer->info;
    return 0;
}
extern "C" void freeaddrinfo(addrinfo* list) {
    delete reinterpret_cast<own_answer*>(list);
}

namespace quartet::faults {
namespace {

using conformance::any_model;
using conformance::by_spec;
using connection = hostile_server::connection;
using error_kind = fetch_error::kind;
using namespace std::chrono_literals;

constexpr std::size_t few = 20;  // threads

/// Those whose threads and look-ups can be counted from here.
std::vector<conformance::row> rows_of_one_process() {
    return {by_spec("single", "single", 0), by_spec("threads_40", "threads:40", 0),
            by_spec("async_300", "async:300", 0), by_spec("threads_4_async_100", "threads:4+async:100", 0)};
}

class host_names : public any_model {
protected:
    host_names() {
        forget_proxies();
        released = false;
        most_at_work = 0;
        look_ups = 0;
    }
    ~host_names() override {
        released = true;
        while (at_work > 0)
            std::this_thread::sleep_for(1ms);
    }

    /// The server by another name: each test has its own, since names are remembered.
    std::string url(std::string const& name, hostile_server const& server) const {
        auto const port = server.url().substr(server.url().rfind(':'));
        return "http://" + name + "." + std::to_string(reinterpret_cast<std::uintptr_t>(this)) + "." +
               std::to_string(getpid()) + ".test" + port;
    }

    executor executor_ = make();
    hostile_server server_{be_friendly};
};
QUARTET_SUITE(host_names, rows_of_one_process());

TEST_P(host_names, are_looked_up_once_for_many_fetches) {
    auto const one = url("one" + std::string(GetParam().name), server_);
    std::vector<asked> const inputs(300, {.url = one});
    for (int round = 0; round < 2; ++round) {
        for (auto const& each : executor_.map(fetch, inputs))
            ASSERT_EQ(each.status, 200) << each.message;
    }
    EXPECT_EQ(look_ups, 1u);
}

TEST_P(host_names, are_looked_up_a_few_at_a_time) {
    std::vector<asked> inputs;
    for (int n = 0; n < 300; ++n)
        inputs.push_back({.url = url(GetParam().name + "n" + std::to_string(n), server_)});
    for (auto const& each : executor_.map(fetch, inputs))
        ASSERT_EQ(each.status, 200) << each.message;
    EXPECT_EQ(look_ups, 300u);
    EXPECT_LE(most_at_work, few);
}

TEST_P(host_names, that_are_not_found_fail_alone) {
    std::vector<asked> inputs;
    for (int n = 0; n < 60; ++n)
        inputs.push_back({.url = url((n % 2 ? "none" : "some") + GetParam().name, server_)});
    auto const replies = executor_.map(fetch, inputs);
    for (std::size_t n = 0; n < inputs.size(); ++n) {
        if (n % 2 == 0) {
            EXPECT_EQ(replies[n].status, 200) << replies[n].message;
            continue;
        }
        EXPECT_TRUE(replies[n].has_failed(error_kind::resolve)) << replies[n].error << replies[n].message;
        EXPECT_TRUE(replies[n].message.starts_with("GET " + inputs[n].url + ": ")) << replies[n].message;
        EXPECT_TRUE(replies[n].says("Name or service not known")) << replies[n].message;
    }
}

// One that answers never, as where the name server is gone.
TEST_P(host_names, that_are_stuck_hold_up_nobody) {
    std::vector<asked> inputs{{.url = url("stuck" + GetParam().name, server_), .timeout_ms = 300}};
    for (int n = 0; n < 30; ++n)
        inputs.push_back({.url = url("other" + GetParam().name + std::to_string(n % 3), server_)});
    inputs.push_back(inputs.front());
    auto const began = std::chrono::steady_clock::now();
    auto const replies = executor_.map(fetch, inputs);
    EXPECT_LT(std::chrono::steady_clock::now() - began, 30s);
    for (std::size_t n = 0; n < inputs.size(); ++n) {
        if (n > 0 && n + 1 < inputs.size()) {
            EXPECT_EQ(replies[n].status, 200) << replies[n].message;
        } else {
            EXPECT_TRUE(replies[n].has_failed(error_kind::timeout)) << replies[n].error << replies[n].message;
        }
    }
}

TEST_P(host_names, that_are_stuck_end_at_a_limit_of_their_body) {
    auto const body = [](context& ctx, std::vector<std::string> const& urls) -> task<bool> {
        bool is_late = false;
        try {
            co_await ctx.with_timeout(50ms, ctx.fetch(urls[0]));
        } catch (timed_out const&) {
            is_late = true;
        }
        co_return is_late && (co_await ctx.fetch(urls[1])).status == 200;
    };
    std::vector<std::string> const urls{url("stuck2" + GetParam().name, server_),
                                        url("free" + GetParam().name, server_)};
    auto const began = std::chrono::steady_clock::now();
    EXPECT_EQ(executor_.map(body, std::vector(3, urls)), std::vector(3, true));
    EXPECT_LT(std::chrono::steady_clock::now() - began, 30s);
}

TEST_P(host_names, that_nobody_waits_for_any_more_are_found_later) {
    auto const stuck = url("stuck3" + GetParam().name, server_);
    auto const early = executor_.map(fetch, std::vector<asked>{{.url = stuck, .timeout_ms = 50}}).at(0);
    EXPECT_TRUE(early.has_failed(error_kind::timeout)) << early.error << early.message;
    released = true;
    EXPECT_EQ(executor_.map(fetch, std::vector<asked>{{.url = stuck}}).at(0).status, 200);
    EXPECT_EQ(look_ups, 1u);
}

TEST_P(host_names, of_redirects_and_proxies_are_looked_up_alike) {
    hostile_server const redirecting([](connection& client) {
        while (client.read_request() && client.send("HTTP/1.1 302 Found\r\nLocation: http:/" + client.path() +
                                                    "\r\nContent-Length: 0\r\n\r\n")) {
        }
    });
    auto const to = url("to" + GetParam().name, server_);
    std::vector<asked> const inputs(100, {.url = redirecting.url() + to.substr(std::strlen("http://"))});
    for (auto const& each : executor_.map(fetch, inputs))
        ASSERT_EQ(each.status, 200) << each.message;
    EXPECT_EQ(look_ups, 1u);

    setenv("http_proxy", url("proxy" + GetParam().name, server_).c_str(), 1);
    for (auto const& each : executor_.map(fetch, std::vector<asked>(100, {.url = "http://somewhere.test/"})))
        EXPECT_EQ(each.status, 200) << each.message;
    EXPECT_EQ(look_ups, 2u);
    setenv("no_proxy", "elsewhere, .test ", 1);
    auto const around = executor_.map(fetch, std::vector<asked>{{.url = "http://none.test/"}}).at(0);
    EXPECT_TRUE(around.has_failed(error_kind::resolve)) << around.error << around.message;
    unsetenv("no_proxy");
    unsetenv("http_proxy");
}

// Nobody listens at port 1: who gets as far as that has found the address. A server of this process would
// lack threads too.
TEST_P(host_names, are_looked_up_where_threads_are_few) {
    executor_.map(fetch, std::vector<asked>(300, {.url = server_.url()}));  // it has all its threads
    for (std::size_t const further : {3u, 0u}) {
        std::vector<asked> inputs;
        for (int n = 0; n < 60; ++n) {
            auto const name = GetParam().name + std::to_string(further) + "x" + std::to_string(n);
            inputs.push_back({.url = "http://" + name + ".test:1/"});
        }
        std::optional<task_limit> limit;
        try {
            limit.emplace(further);
        } catch (std::runtime_error const& why) {
            GTEST_SKIP() << why.what();
        }
        for (auto const& each : executor_.map(fetch, inputs))
            EXPECT_TRUE(each.has_failed(error_kind::connect)) << each.error << each.message;
    }
}

// A process that was forked while names were looked up has its own threads and locks for that.
TEST(host_names_of_workers, are_looked_up_in_each) {
    if (!conformance::may_fork_beside_threads) GTEST_SKIP() << "no fork beside threads under a sanitizer";
    released = false;
    auto waiting = make_executor("threads:2");
    auto pending = waiting.submit(fetch, asked{.url = "http://stuck.forked.test:1/", .timeout_ms = 600'000});
    while (at_work == 0)
        std::this_thread::sleep_for(1ms);
    auto workers = make_executor("processes:2");
    hostile_server const server(be_friendly);
    auto const port = server.url().substr(server.url().rfind(':'));
    for (auto const& each :
         workers.map(fetch, std::vector<asked>(20, {.url = "http://worker.forked.test" + port})))
        EXPECT_EQ(each.status, 200) << each.message;
    released = true;
    EXPECT_TRUE(pending.get().has_failed(error_kind::connect));
}

}  // namespace
}  // namespace quartet::faults
