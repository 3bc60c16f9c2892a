#include "server/faults.hpp"

#include "server/page.hpp"
#include "tests/server/clients.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace quartet::faults_test {
namespace {

using namespace std::chrono_literals;
using server_detail::fate;
using server_detail::fate_of;
using testing::get;
using testing::running_server;
using testing::without_latency;

constexpr std::uint64_t many = 100'000;

template <typename Predicate>
double share(server_options const& options, Predicate holds) {
    std::uint64_t count = 0;
    for (std::uint64_t n = 1; n <= many; ++n)
        count += holds(fate_of(n, options)) ? 1 : 0;
    return static_cast<double>(count) / many;
}

TEST(fate, keeps_the_rates) {
    server_options options;
    options.error_rate = 0.25;
    options.slow_rate = 0.1;
    options.broken_rate = 0.01;
    EXPECT_NEAR(share(options, [](fate f) { return f.error; }), 0.25, 0.01);
    EXPECT_NEAR(share(options, [](fate f) { return f.slow; }), 0.1, 0.01);
    EXPECT_NEAR(share(options, [](fate f) { return f.broken; }), 0.01, 0.002);
}

TEST(fate, is_kind_at_rate_zero_and_certain_at_rate_one) {
    server_options options;
    EXPECT_EQ(share(options, [](fate f) { return f.error || f.slow || f.broken; }), 0);
    options.error_rate = options.slow_rate = options.broken_rate = 1;
    EXPECT_EQ(share(options, [](fate f) { return f.error && f.slow && f.broken; }), 1);
}

// With one draw for all, every slow reply would be an error too.
TEST(fate, draws_each_fault_by_itself) {
    server_options options;
    options.error_rate = options.slow_rate = options.broken_rate = 0.5;
    EXPECT_NEAR(share(options, [](fate f) { return f.error && f.slow; }), 0.25, 0.01);
    EXPECT_NEAR(share(options, [](fate f) { return f.error && f.broken; }), 0.25, 0.01);
    EXPECT_NEAR(share(options, [](fate f) { return f.slow && f.broken; }), 0.25, 0.01);
}

TEST(fate, repeats_with_the_seed_and_changes_with_another) {
    server_options options;
    options.error_rate = 0.5;
    auto const errors = [&](std::uint64_t seed) {
        options.seed = seed;
        std::vector<bool> result;
        for (std::uint64_t n = 1; n <= 100; ++n)
            result.push_back(fate_of(n, options).error);
        return result;
    };
    EXPECT_EQ(errors(1), errors(1));
    EXPECT_NE(errors(1), errors(2));
}

TEST(fate, spreads_the_latency_over_the_jitter) {
    server_options options;
    options.latency = 20ms;
    options.jitter = 5ms;
    EXPECT_EQ(share(options, [](fate f) { return f.delay >= 15ms && f.delay <= 25ms; }), 1);
    EXPECT_NEAR(share(options, [](fate f) { return f.delay < 17500us; }), 0.25, 0.01);
    EXPECT_NEAR(share(options, [](fate f) { return f.delay > 22500us; }), 0.25, 0.01);
}

TEST(fate, has_exactly_the_latency_without_jitter) {
    server_options options;
    options.latency = 20ms;
    EXPECT_EQ(share(options, [](fate f) { return f.delay == 20ms; }), 1);
}

TEST(fate, never_answers_before_the_question) {
    server_options options;
    options.latency = 1ms;
    options.jitter = 10ms;
    EXPECT_EQ(share(options, [](fate f) { return f.delay >= 0ns; }), 1);
    EXPECT_GT(share(options, [](fate f) { return f.delay == 0ns; }), 0.4);
}

TEST(fate, adds_slow_by_to_the_latency) {
    server_options options;
    options.slow_rate = 1;
    options.slow_by = 3s;
    EXPECT_EQ(fate_of(1, options).delay, 3s + 20ms);
}

void expect_refused(server_options const& options, std::string_view name) {
    try {
        server refused(options);
        FAIL() << name << " was accepted";
    } catch (std::invalid_argument const& error) {
        EXPECT_NE(std::string_view(error.what()).find(name), std::string_view::npos) << error.what();
    }
}

TEST(server_options, are_refused_by_name_when_out_of_range) {
    auto const with = [](auto change) {
        server_options options;
        change(options);
        return options;
    };
    expect_refused(with([](auto& o) { o.error_rate = 1.5; }), "error_rate");
    expect_refused(with([](auto& o) { o.slow_rate = -0.1; }), "slow_rate");
    expect_refused(with([](auto& o) { o.broken_rate = std::stod("nan"); }), "broken_rate");
    expect_refused(with([](auto& o) { o.latency = -1ms; }), "latency");
    expect_refused(with([](auto& o) { o.jitter = 2h; }), "jitter");
    expect_refused(with([](auto& o) { o.slow_by = -1ms; }), "slow_by");
    expect_refused(with([](auto& o) { o.idle_timeout = 0s; }), "idle_timeout");
    expect_refused(with([](auto& o) { o.page_bytes = page_bytes_max + 1; }), "page_bytes");
}

/// The statuses of 40 requests, one after the other.
std::vector<long> statuses(server_options const& options) {
    running_server server(options);
    testing::curl_client client;
    std::vector<long> result;
    for (int i = 0; i < 40; ++i)
        result.push_back(client.get(server.url("/page?bytes=10")).status);
    return result;
}

TEST(error_rate, makes_the_same_replies_500_in_each_run) {
    auto options = without_latency();
    options.error_rate = 0.3;
    auto const first = statuses(options);
    EXPECT_EQ(first, statuses(options));
    auto const errors = std::count(first.begin(), first.end(), 500);
    EXPECT_GT(errors, 3);
    EXPECT_LT(errors, 30);
    EXPECT_EQ(std::count(first.begin(), first.end(), 200), 40 - errors);
}

TEST(error_rate, of_zero_makes_none) {
    EXPECT_EQ(statuses(without_latency()), std::vector<long>(40, 200));
}

TEST(error_rate, is_counted) {
    auto options = without_latency();
    options.error_rate = 1;
    running_server server(options);
    EXPECT_EQ(get(server.url("/page")).status, 500);
    EXPECT_EQ(server->stats().errors, 1U);
    EXPECT_EQ(server->stats().requests, 1U);
}

TEST(broken_rate, cuts_the_body_and_closes) {
    auto options = without_latency();
    options.broken_rate = 1;
    running_server server(options);
    auto const reply = get(server.url("/page"));
    EXPECT_EQ(reply.code, CURLE_PARTIAL_FILE);
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.body, page(7'500));
    EXPECT_NE(reply.head.find("Content-Length: 15000"), std::string::npos);
    EXPECT_EQ(server->stats().broken, 1U);
}

TEST(broken_rate, cuts_the_head_where_there_is_no_body) {
    auto options = without_latency();
    options.broken_rate = 1;
    running_server server(options);
    testing::raw_client client(server->port());
    client.send(testing::get_request("/status/204"));
    auto const bytes = client.read_to_end();
    EXPECT_TRUE(bytes.starts_with("HTTP/1.1 204")) << bytes;
    EXPECT_EQ(bytes.find("\r\n\r\n"), bytes.npos) << bytes;
}

TEST(broken_rate, of_zero_leaves_replies_whole) {
    running_server server;
    for (int i = 0; i < 20; ++i) {
        auto const reply = get(server.url("/page"));
        EXPECT_EQ(reply.code, CURLE_OK);
        EXPECT_EQ(reply.body.size(), 15'000U);
    }
    EXPECT_EQ(server->stats().broken, 0U);
}

std::chrono::nanoseconds time_of(running_server& server, std::string_view path) {
    auto const start = std::chrono::steady_clock::now();
    EXPECT_EQ(get(server.url(path)).status, 200);
    return std::chrono::steady_clock::now() - start;
}

TEST(slow_rate, delays_a_reply) {
    auto options = without_latency();
    options.slow_rate = 1;
    options.slow_by = 200ms;
    running_server server(options);
    EXPECT_GE(time_of(server, "/page"), 200ms);
    EXPECT_EQ(server->stats().slow, 1U);
}

TEST(slow_rate, of_zero_delays_none) {
    auto options = without_latency();
    options.slow_by = 1h;
    running_server server(options);
    EXPECT_LT(time_of(server, "/page"), testing::patience);
    EXPECT_EQ(server->stats().slow, 0U);
}

TEST(latency, is_waited_for) {
    auto options = without_latency();
    options.latency = 150ms;
    running_server server(options);
    EXPECT_GE(time_of(server, "/page"), 150ms);
    EXPECT_GE(time_of(server, "/genre?n=1"), 150ms);
}

}  // namespace
}  // namespace quartet::faults_test
