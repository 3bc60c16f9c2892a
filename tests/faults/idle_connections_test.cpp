// A server may close a connection that nobody uses, at any moment and without a word: no fetch fails for it,
// however many, and none that must not arrive twice does.
#include "tests/faults/fetching.hpp"
#include "tests/faults/hostile_server.hpp"

#include <quartet/quartet.hpp>

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdlib>
#include <string>
#include <vector>

namespace quartet::faults::idle_connections_test {
namespace {

using conformance::any_model;
using connection = hostile_server::connection;
using error_kind = fetch_error::kind;

/// As if the connection were kept, and then it is not.
void answer_and_close(connection& client) {
    if (!client.read_request()) return;
    std::string const body = client.request().starts_with("HEAD ") ? "" : "hello";
    client.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
}

/// The worst moment: when the next request is on its way.
void close_on_the_second_request(connection& client) {
    answer_and_close(client);
    client.read_request();
}

void reset_on_the_second_request(connection& client) {
    close_on_the_second_request(client);
    client.reset();
}

class idle_connections : public any_model {
protected:
    idle_connections() { forget_proxies(); }

    void expect_replies(hostile_server::script script, std::string const& method, std::string const& body) {
        SCOPED_TRACE(method);
        hostile_server const server(script);
        std::vector<asked> const inputs(60, {.url = server.url(), .method = method, .body = body});
        for (int round = 0; round < 2; ++round) {
            for (auto const& each : executor_.map(fetch, inputs))
                ASSERT_EQ(each.status, 200) << each.message;
        }
    }

    executor executor_ = make();
};
QUARTET_SUITE(idle_connections, fetching_rows());

TEST_P(idle_connections, may_be_closed_after_each_reply) {
    for (std::string const method : {"GET", "HEAD", "DELETE", "OPTIONS"})
        expect_replies(answer_and_close, method, "");
    for (std::string const method : {"POST", "PUT", "PATCH"})
        expect_replies(answer_and_close, method, "what is sent");
}

TEST_P(idle_connections, may_be_closed_as_the_next_request_comes) {
    for (auto const script : {close_on_the_second_request, reset_on_the_second_request}) {
        expect_replies(script, "GET", "");
        expect_replies(script, "PUT", std::string(100'000, 'x'));
        expect_replies(script, "POST", std::string(100'000, 'x'));
    }
}

// The server has read it and perhaps done it; that it hung up then is a failure, and not a reason to do it
// twice.
TEST_P(idle_connections, are_none_where_a_request_may_not_arrive_twice) {
    hostile_server const server([](connection& client) {
        while (client.read_request()) {
            if (client.request().starts_with("POST")) return;
            if (!client.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")) return;
        }
    });
    std::size_t requests = 0;
    for (int round = 0; round < 10; ++round) {
        executor_.map(fetch, std::vector<asked>(4, {.url = server.url()}));
        auto const reply =
            executor_.map(fetch, std::vector<asked>{{.url = server.url(), .method = "POST", .body = "x"}})
                .at(0);
        EXPECT_TRUE(reply.has_failed(error_kind::reply)) << reply.status << reply.message;
        requests += 5;
        EXPECT_EQ(server.requests(), requests);
    }
}

TEST_P(idle_connections, serve_what_may_arrive_twice) {
    hostile_server const server([](connection& client) {
        while (client.read_request() && client.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")) {
        }
    });
    auto const all = [&](http_headers const& headers) {
        asked const post{.url = server.url(), .method = "POST", .headers = headers, .body = "x"};
        executor_.map(fetch, std::vector(200, post));
    };
    all({{"Idempotency-Key", "1"}});  // at the same time, some or all of them
    auto const at_first = server.connections();
    all({{"Idempotency-Key", "1"}});
    auto const later = server.connections();
    EXPECT_LT(later - at_first, 200u);
    all({});
    EXPECT_GE(server.connections() - later, 200u);
}

// For a server that never keeps one, a fetch is not tried for ever.
TEST_P(idle_connections, are_told_from_servers_that_only_hang_up) {
    hostile_server const server([](connection& client) { client.read_request(); });
    for (auto const& each : executor_.map(fetch, std::vector<asked>(10, {.url = server.url()})))
        EXPECT_TRUE(each.has_failed(error_kind::reply)) << each.status << each.message;
    EXPECT_LE(server.requests(), 20u);
}

}  // namespace
}  // namespace quartet::faults::idle_connections_test
