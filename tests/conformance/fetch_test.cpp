// The same HTTP client in all models, against the test server.
#include "server/genre.hpp"
#include "server/page.hpp"
#include "tests/conformance/models.hpp"
#include "tests/conformance/shared.hpp"
#include "tests/conformance/test_server.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <arpa/inet.h>
#include <chrono>
#include <cstdlib>
#include <list>
#include <netinet/in.h>
#include <stop_token>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace quartet::conformance::fetch_test {
namespace {

using namespace std::chrono_literals;
using error_kind = fetch_error::kind;

/// What crosses instead of the request and the reply, which have no codec of their own.
struct asked {
    std::string url;
    std::string method = "GET";
    http_headers headers{};
    std::string body{};
    int timeout_ms = 250'000;  ///< more than a busy machine needs
    int max_redirects = 10;
    bool reuse = true;
    template <class Archive>
    void serialize(Archive& archive) {
        archive(url, method, headers, body, timeout_ms, max_redirects, reuse);
    }
};

struct answered {
    int status = 0;
    std::string type;
    std::string body;
    int error = -1;  ///< a fetch_error::kind
    std::string message;
    template <class Archive>
    void serialize(Archive& archive) {
        archive(status, type, body, error, message);
    }
};

task<answered> fetch(context& ctx, asked what) {
    answered result;
    try {
        http_request request(what.url);
        request.method = what.method;
        request.headers = what.headers;
        request.body = what.body;
        request.timeout = std::chrono::milliseconds(what.timeout_ms);
        request.max_redirects = what.max_redirects;
        request.reuse_connection = what.reuse;
        auto const reply = co_await ctx.fetch(std::move(request));
        result.status = reply.status;
        result.type = reply.header("CONTENT-type");
        result.body = reply.body;
    } catch (fetch_error const& error) {
        result.error = static_cast<int>(error.what_kind());
        result.message = error.what();
    }
    co_return result;
}

/// A port of 127.0.0.1 that nobody listens at while this lives.
class closed_port {
public:
    closed_port() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        ::bind(socket_, reinterpret_cast<sockaddr*>(&address), size);
        ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
        port_ = ntohs(address.sin_port);
    }
    ~closed_port() { ::close(socket_); }
    std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/"; }

private:
    int socket_;
    int port_;
};

class fetches : public any_model {
protected:
    fetches() {
        for (char const* name : {"http_proxy", "https_proxy", "all_proxy", "HTTPS_PROXY", "ALL_PROXY"})
            unsetenv(name);
    }
    answered fetch_one(asked const& what) { return make().map(fetch, std::vector{what}).at(0); }

    test_server server_;
};
QUARTET_SUITE(fetches, rows_with_real_io());

TEST_P(fetches, get_a_page) {
    auto const reply = fetch_one({.url = server_ / "page?bytes=100000"});
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.type.substr(0, 9), "text/html");
    EXPECT_TRUE(reply.body == page(100'000));
}

TEST_P(fetches, send_method_headers_and_body) {
    std::string const body = "a=1\n\"b\"";
    auto const reply = fetch_one({.url = server_ / "echo?x=1",
                                  .method = "POST",
                                  .headers = {{"X-One", "first"}, {"X-Empty", ""}},
                                  .body = body});
    auto const said = nlohmann::json::parse(reply.body);
    EXPECT_EQ(said["method"], "POST");
    EXPECT_EQ(said["target"], "/echo?x=1");
    EXPECT_EQ(said["headers"]["X-One"], "first");
    EXPECT_EQ(said["headers"]["X-Empty"], "");
    EXPECT_TRUE(said["headers"]["User-Agent"].get<std::string>().starts_with("quartet/"));
    EXPECT_EQ(said["body"], body);
}

TEST_P(fetches, know_the_usual_methods) {
    std::vector<asked> inputs;
    for (std::string method : {"GET", "PUT", "DELETE", "PATCH", "OPTIONS"})
        inputs.push_back({.url = server_ / "echo", .method = method});
    inputs[1].body = "put";
    auto const replies = make().map(fetch, inputs);
    for (std::size_t n = 0; n < inputs.size(); ++n) {
        auto const said = nlohmann::json::parse(replies[n].body);
        EXPECT_EQ(said["method"], inputs[n].method);
        EXPECT_EQ(said["body"], inputs[n].body);
    }
    auto const head = fetch_one({.url = server_ / "page", .method = "HEAD"});
    EXPECT_EQ(head.status, 200);
    EXPECT_EQ(head.body, "");
}

TEST_P(fetches, follow_redirects_as_far_as_allowed) {
    auto executor = make();
    auto const replies =
        executor.map(fetch, std::vector<asked>{{.url = server_ / "redirect/3"},
                                               {.url = server_ / "redirect/3", .max_redirects = 0},
                                               {.url = server_ / "redirect/3", .max_redirects = 2}});
    EXPECT_EQ(replies[0].status, 200);
    EXPECT_TRUE(replies[0].body.starts_with(page(100)));
    EXPECT_EQ(replies[1].status, 302);
    EXPECT_EQ(replies[2].error, static_cast<int>(error_kind::redirects)) << replies[2].message;
}

TEST_P(fetches, take_any_status_for_an_answer) {
    auto const replies = make().map(fetch, std::vector<asked>{{.url = server_ / "status/404"},
                                                              {.url = server_ / "status/500"},
                                                              {.url = server_ / "status/204"}});
    EXPECT_EQ(replies[0].status, 404);
    EXPECT_EQ(replies[0].body, "404 Not Found\n");
    EXPECT_EQ(replies[1].status, 500);
    EXPECT_EQ(replies[2].status, 204);
}

TEST_P(fetches, decompress_replies) {
    auto const reply = fetch_one({.url = server_ / "gzip"});
    EXPECT_TRUE(reply.body == page(15'000));
}

TEST_P(fetches, give_up_after_the_timeout) {
    auto const url = server_ / "delay/60000";
    auto const began = std::chrono::steady_clock::now();
    auto const replies = make().map(fetch, std::vector<asked>(3, {.url = url, .timeout_ms = 50}));
    EXPECT_LT(std::chrono::steady_clock::now() - began, 30s);
    for (auto const& each : replies) {
        EXPECT_EQ(each.error, static_cast<int>(error_kind::timeout)) << each.message;
        EXPECT_TRUE(each.message.starts_with("GET " + url + ": ")) << each.message;
    }
}

TEST_P(fetches, end_at_a_time_limit_of_their_body) {
    auto const body = [](context& ctx, std::vector<std::string> const& urls) -> task<int> {
        int late = 0;
        for (int round = 0; round < 3; ++round) {
            try {
                co_await ctx.with_timeout(20ms, ctx.fetch(urls[0]));
            } catch (timed_out const&) {
                ++late;
            }
            co_await ctx.with_timeout(1h, ctx.fetch(urls[1]));
        }
        co_return late;
    };
    std::vector<std::string> const urls{server_ / "delay/60000", server_ / "status/200"};
    auto const began = std::chrono::steady_clock::now();
    EXPECT_EQ(make().map(body, std::vector(3, urls)), std::vector(3, 3));
    EXPECT_LT(std::chrono::steady_clock::now() - began, 30s);
}

TEST_P(fetches, that_nobody_answers_name_the_url) {
    closed_port const nobody;
    auto const reply = fetch_one({.url = nobody.url()});
    EXPECT_EQ(reply.error, static_cast<int>(error_kind::connect)) << reply.message;
    EXPECT_TRUE(reply.message.starts_with("GET " + nobody.url() + ": ")) << reply.message;
}

TEST_P(fetches, of_urls_that_are_none) {
    auto const replies = make().map(fetch, std::vector<asked>{{.url = "ftp://127.0.0.1/"},
                                                              {.url = "http://"},
                                                              {.url = ""},
                                                              {.url = "file:///etc/passwd"},
                                                              {.url = "http://no-such-host.invalid/"}});
    for (std::size_t n = 0; n < 4; ++n)
        EXPECT_EQ(replies[n].error, static_cast<int>(error_kind::url)) << replies[n].message;
    EXPECT_EQ(replies[4].error, static_cast<int>(error_kind::resolve)) << replies[4].message;
}

TEST_P(fetches, of_replies_that_break_off) {
    test_server const broken({.latency = {}, .broken_rate = 1});
    auto const reply = fetch_one({.url = broken / "page"});
    EXPECT_EQ(reply.error, static_cast<int>(error_kind::reply)) << reply.message;
}

TEST_P(fetches, may_be_many) {
    std::size_t const count = std::min<std::size_t>(many(), 300);
    std::vector<asked> inputs;
    for (std::size_t n = 0; n < count; ++n)
        inputs.push_back({.url = server_ / ("genre?n=" + std::to_string(n))});
    auto executor = make();
    for (int round = 0; round < 2; ++round) {
        auto const replies = executor.map(fetch, inputs);
        for (std::size_t n = 0; n < count; ++n)
            ASSERT_EQ(replies[n].body, '"' + genre(n) + '"') << replies[n].message;
    }
}

TEST_P(fetches, may_keep_connections_to_themselves) {
    std::vector<asked> const inputs(20, {.url = server_ / "genre?n=1", .reuse = false});
    make().map(fetch, inputs);
    EXPECT_EQ(server_.connections(), 20u);
}

// What a client kept of connections that are closed by now must not be taken for the next ones, which get
// the same descriptors.
TEST_P(fetches, go_on_when_servers_end_and_others_come) {
    std::list<test_server> servers(5);
    auto executor = make();
    for (int round = 0; round < 5; ++round, servers.pop_front()) {
        std::vector<asked> const inputs(10, {.url = servers.front() / "genre?n=1", .reuse = round != 2});
        for (int again = 0; again < 2; ++again) {
            for (auto const& reply : executor.map(fetch, inputs))
                ASSERT_EQ(reply.body, '"' + genre(1) + '"') << reply.message;
        }
    }
}

TEST_P(fetches, that_are_slow_end_at_a_stop) {
    shared_counter begun;
    std::stop_source source;
    auto executor = make();
    auto const body = [begun = &begun](context& ctx, std::string const& url) -> task<int> {
        ++*begun;
        co_return (co_await ctx.fetch(url)).status;
    };
    std::jthread const stopper([&] {
        wait_until([&] { return *begun > 0 && server_.requests() > 0; });
        source.request_stop();
    });
    auto const began = std::chrono::steady_clock::now();
    auto const outcomes =
        executor.try_map(body, std::vector(10, server_ / "delay/60000"), {.stop = source.get_token()});
    EXPECT_LT(std::chrono::steady_clock::now() - began, 50s);
    for (auto const& each : outcomes) {
        ASSERT_FALSE(each.has_value());
        EXPECT_EQ(each.error().why, cause::cancelled) << each.error().message;
    }
    EXPECT_EQ(executor.map(fetch, std::vector<asked>{{.url = server_ / "status/200"}}).at(0).status, 200);
}

TEST_P(fetches, use_the_proxy_of_the_environment) {
    std::string const proxy = server_ / "";
    setenv("http_proxy", proxy.c_str(), 1);
    auto const through = fetch_one({.url = "http://no-such-host.invalid/genre?n=3"});
    setenv("no_proxy", "no-such-host.invalid", 1);
    auto const around = fetch_one({.url = "http://no-such-host.invalid/genre?n=3"});
    unsetenv("no_proxy");
    unsetenv("http_proxy");
    EXPECT_EQ(through.body, '"' + genre(3) + '"') << through.message;
    EXPECT_EQ(around.error, static_cast<int>(error_kind::resolve)) << around.message;
}

}  // namespace
}  // namespace quartet::conformance::fetch_test
