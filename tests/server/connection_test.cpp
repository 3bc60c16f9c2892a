// How connections live and end: reuse, order, limits, time-outs, and many at once.
#include "server/genre.hpp"
#include "server/page.hpp"
#include "tests/server/clients.hpp"
#include "tests/waiting.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <chrono>
#include <string>
#include <system_error>
#include <vector>

namespace quartet::connection_test {
namespace {

using namespace std::chrono_literals;
using test::comes_true;
using testing::curl_client;
using testing::get_request;
using testing::raw_client;
using testing::running_server;
using testing::without_latency;

TEST(keep_alive, reuses_the_connection) {
    running_server server;
    curl_client client;
    EXPECT_EQ(client.get(server.url("/page")).connects, 1);
    for (auto const* path : {"/page", "/genre?n=1", "/status/204", "/status/304", "/nothing", "/redirect/1"})
        EXPECT_EQ(client.get(server.url(path)).connects, 0) << path;
    EXPECT_EQ(server->stats().connections, 1U);
    EXPECT_EQ(server->stats().requests, 7U);
}

TEST(keep_alive, ends_when_the_client_says_so) {
    running_server server;
    raw_client client(server->port());
    client.send(get_request("/page?bytes=3", "Connection: close\r\n"));
    auto const bytes = client.read_to_end();
    EXPECT_TRUE(bytes.ends_with("\r\n\r\n<!d")) << bytes;
    EXPECT_NE(bytes.find("\r\nConnection: close\r\n"), bytes.npos) << bytes;
}

TEST(keep_alive, is_an_option_in_http_1_0) {
    running_server server;
    raw_client once(server->port());
    once.send("GET /page?bytes=3 HTTP/1.0\r\n\r\n");
    EXPECT_TRUE(once.read_to_end().ends_with("\r\n\r\n<!d"));

    raw_client twice(server->port());
    for (int i = 0; i < 2; ++i) {
        twice.send("GET /page?bytes=3 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
        auto const [head, body] = twice.read_reply();
        EXPECT_NE(head.find("\r\nConnection: keep-alive\r\n"), head.npos) << head;
        EXPECT_EQ(body, "<!d");
    }
}

TEST(connection, answers_pipelined_requests_in_order) {
    running_server server;
    raw_client client(server->port());
    std::string requests;
    for (int n = 0; n < 50; ++n)
        requests += get_request("/genre?n=" + std::to_string(n));
    client.send(requests);
    for (std::uint64_t n = 0; n < 50; ++n)
        EXPECT_EQ(client.read_reply().second, '"' + genre(n) + '"');
}

TEST(connection, answers_head_with_the_head_of_get) {
    running_server server;
    raw_client client(server->port());
    client.send("HEAD /page HTTP/1.1\r\nHost: test\r\n\r\n");
    auto const head = client.read_head();
    client.send(get_request("/page"));
    EXPECT_EQ(client.read_reply(), std::pair(head, page(15'000)));
}

// A body here would be taken for the beginning of the next reply.
TEST(connection, sends_no_body_with_204_and_304) {
    running_server server;
    raw_client client(server->port());
    client.send(get_request("/status/204") + get_request("/status/304") + get_request("/page?bytes=3"));
    for (auto const* status : {"204", "304"}) {
        auto const head = client.read_head();
        EXPECT_TRUE(head.starts_with(std::string("HTTP/1.1 ") + status)) << head;
        EXPECT_EQ(head.find("Content-Length"), head.npos) << head;
    }
    auto const [head, body] = client.read_reply();
    EXPECT_TRUE(head.starts_with("HTTP/1.1 200")) << head;
    EXPECT_EQ(body, "<!d");
}

// What a client sends to a proxy; so the server can play the proxy in a test of the client.
TEST(connection, takes_the_absolute_form_of_a_target) {
    running_server server;
    raw_client client(server->port());
    client.send(get_request("http://example.org/genre?n=7"));
    EXPECT_EQ(client.read_reply().second, '"' + genre(7) + '"');
    client.send(get_request("http://example.org"));
    EXPECT_TRUE(client.read_reply().second.starts_with("quartet's test server"));
}

TEST(connection, takes_a_request_in_single_bytes) {
    running_server server;
    raw_client client(server->port());
    for (char const byte : get_request("/genre?n=3"))
        client.send({&byte, 1});
    EXPECT_EQ(client.read_reply().second, '"' + genre(3) + '"');
}

TEST(connection, takes_a_chunked_body) {
    running_server server;
    raw_client client(server->port());
    client.send(
        "POST /echo HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: "
        "chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
    EXPECT_EQ(nlohmann::json::parse(client.read_reply().second).at("body"), "abcde");
}

TEST(connection, invites_a_body_that_waits_for_it) {
    running_server server;
    raw_client client(server->port());
    client.send("POST /echo HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
    EXPECT_EQ(client.read_head(), "HTTP/1.1 100 Continue\r\n\r\n");
    client.send("body");
    EXPECT_EQ(nlohmann::json::parse(client.read_reply().second).at("body"), "body");
}

std::string post(std::size_t bytes) {
    return "POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: " + std::to_string(bytes) + "\r\n\r\n" +
           std::string(bytes, 'x');
}

TEST(request_limit, lets_a_megabyte_pass) {
    running_server server;
    raw_client client(server->port());
    ASSERT_TRUE(client.send(post(1024 * 1024)));
    EXPECT_EQ(nlohmann::json::parse(client.read_reply().second).at("body").get<std::string>().size(),
              1024U * 1024);
}

// The refusal must arrive although the client sends on: see drain() in connection.cpp.
TEST(request_limit, refuses_more) {
    running_server server;
    raw_client client(server->port());
    client.send(post(2 * 1024 * 1024));
    auto const [head, body] = client.read_reply();
    EXPECT_TRUE(head.starts_with("HTTP/1.1 413 ")) << head;
    EXPECT_NE(head.find("\r\nConnection: close\r\n"), head.npos) << head;
    EXPECT_EQ(client.read_to_end(), "");
}

TEST(request_limit, refuses_a_head_without_end) {
    running_server server;
    raw_client client(server->port());
    client.send(get_request("/page", "X-Long: " + std::string(100'000, 'x') + "\r\n"));
    EXPECT_TRUE(client.read_reply().first.starts_with("HTTP/1.1 431 "));
}

TEST(connection, refuses_what_is_not_http) {
    running_server server;
    for (auto const* bytes : {"hello\r\n\r\n", "GET /page\r\n\r\n", "GET /page HTTP/1.1\r\nno colon\r\n\r\n",
                              "POST /echo HTTP/1.1\r\nContent-Length: x\r\n\r\n"}) {
        raw_client client(server->port());
        client.send(bytes);
        EXPECT_TRUE(client.read_to_end().starts_with("HTTP/1.1 400 ")) << bytes;
    }
    EXPECT_EQ(server->stats().requests, 0U);
}

TEST(connection, outlives_clients_that_leave_at_any_moment) {
    auto options = without_latency();
    options.latency = 5ms;
    running_server server(options);
    for (std::string const& bytes :
         {std::string(), std::string("GET /pa"), get_request("/page"), post(100'000).substr(0, 50'000)})
        raw_client(server->port()).send(bytes);
    EXPECT_TRUE(comes_true([&] { return server->stats().connections == 4 && server->stats().open == 0; }));
    EXPECT_EQ(testing::get(server.url("/page")).status, 200);
}

/// All that the server sends until it closes, however it does: what it has not read resets the connection.
std::string rest_of(raw_client& client) {
    try {
        return client.read_to_end();
    } catch (std::system_error const& error) {
        if (error.code() != std::errc::connection_reset) throw;
        return "";
    }
}

TEST(idle_timeout, closes_who_says_nothing_or_too_little) {
    auto options = without_latency();
    for (options.idle_timeout = 100ms;; options.idle_timeout *= 4) {
        running_server server(options);
        raw_client silent(server->port()), slow(server->port()), after_one(server->port());
        slow.send("GET /page HT");
        after_one.send(get_request("/page?bytes=3"));
        EXPECT_EQ(rest_of(silent), "");
        EXPECT_EQ(rest_of(slow), "");
        auto const answer = rest_of(after_one);
        EXPECT_TRUE(
            comes_true([&] { return server->stats().idle_closed == 3 && server->stats().open == 0; }));
        // Where the machine is so busy that the request came too late, it has to have more time.
        if (answer.empty() && server->stats().requests == 0 && options.idle_timeout < 1min) continue;
        EXPECT_TRUE(answer.ends_with("\r\n\r\n<!d"));
        break;
    }
}

TEST(idle_timeout, closes_who_does_not_read) {
    auto options = without_latency();
    options.idle_timeout = 100ms;
    running_server server(options);
    raw_client client(server->port());
    client.send(get_request("/page?bytes=60000000"));
    EXPECT_TRUE(comes_true([&] { return server->stats().idle_closed == 1 && server->stats().open == 0; }));
}

// The time a reply is delayed on purpose is the server's, not the client's.
TEST(idle_timeout, does_not_count_the_servers_own_delay) {
    // A busy client may be late with its request, or with its end; but not with any time-out.
    bool is_answered = false;
    bool is_closed = true;
    for (auto timeout = 50ms; (!is_answered || is_closed) && timeout < 5s; timeout *= 4) {
        auto options = without_latency();
        options.idle_timeout = timeout;
        running_server server(options);
        auto const delay = std::to_string(8 * timeout.count());
        is_answered = testing::get(server.url("/delay/" + delay)).status == 200;
        is_closed = server->stats().idle_closed > 0;
    }
    EXPECT_TRUE(is_answered);
    EXPECT_FALSE(is_closed);
}

TEST(idle_timeout, leaves_the_others_open) {
    running_server server;
    raw_client client(server->port());
    std::this_thread::sleep_for(300ms);
    client.send(get_request("/page?bytes=3"));
    EXPECT_EQ(client.read_reply().second, "<!d");
    EXPECT_EQ(server->stats().idle_closed, 0U);
}

// One after the other, 200 replies of half a second would take 100 seconds.
TEST(concurrency, serves_200_clients_at_the_same_time) {
    auto options = without_latency();
    options.latency = 500ms;
    running_server server(options);
    auto const start = std::chrono::steady_clock::now();
    std::vector<raw_client> clients;
    for (int i = 0; i < 200; ++i)
        clients.emplace_back(server->port());
    for (std::uint64_t i = 0; i < 200; ++i)
        clients[i].send(get_request("/genre?n=" + std::to_string(i)));
    for (std::uint64_t i = 0; i < 200; ++i)
        EXPECT_EQ(clients[i].read_reply().second, '"' + genre(i) + '"');
    EXPECT_LT(std::chrono::steady_clock::now() - start, 99s);
    EXPECT_EQ(server->stats().open, 200U);
}

TEST(stats, count_the_bytes_on_the_wire) {
    running_server server;
    raw_client client(server->port());
    client.send(get_request("/page", "Connection: close\r\n"));
    auto const size = client.read_to_end().size();
    EXPECT_TRUE(comes_true([&] { return server->stats().bytes_sent == size; }));
}

}  // namespace
}  // namespace quartet::connection_test
