// A server can do its worst to a fetch: that fails, says why, within its time and its memory, and the next
// one goes through.
//
// Where the fetch is to find out by itself, its timeout is so long that it would be the wrong reason.
#include "server/gzip.hpp"
#include "tests/conformance/models.hpp"
#include "tests/conformance/shared.hpp"
#include "tests/faults/checks.hpp"
#include "tests/faults/hostile_server.hpp"

#include <quartet/quartet.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

namespace quartet::faults::hostile_servers_test {
namespace {

using conformance::any_model;
using conformance::by_spec;
using conformance::row;
using conformance::sanitized;
using conformance::with_processes;
using connection = hostile_server::connection;
using error_kind = fetch_error::kind;
using namespace std::chrono_literals;

struct asked {
    std::string url{};
    int timeout_ms = 60'000;
    std::size_t most_bytes = http_request().most_bytes;
    template <class Archive>
    void serialize(Archive& archive) {
        archive(url, timeout_ms, most_bytes);
    }
};

task<std::string> fetch(context& ctx, asked what) {
    http_request request(what.url);
    request.timeout = std::chrono::milliseconds(what.timeout_ms);
    request.most_bytes = what.most_bytes;
    co_return (co_await ctx.fetch(std::move(request))).body;
}

testing::AssertionResult fails(outcome<std::string> const& result, error_kind kind, std::string_view words,
                               std::string const& url) {
    if (result) return testing::AssertionFailure() << "it has a value of " << result->size() << " bytes";
    try {
        result.value();
    } catch (fetch_error const& error) {
        if (error.what_kind() != kind)
            return testing::AssertionFailure()
                   << "kind " << static_cast<int>(error.what_kind()) << ": " << error.what();
    } catch (...) {
        return testing::AssertionFailure() << "no fetch_error: " << result.error().message;
    }
    return tells(result.error(), words, "GET " + url + ": ");
}

std::vector<row> rows() {
    std::vector<row> some{by_spec("single", "single", 0), by_spec("threads_2", "threads:2", 0),
                          by_spec("async", "async", 0),
                          by_spec("threads_2_async_10", "threads:2+async:10", 0)};
    if (with_processes) {
        some.push_back(by_spec("processes_2", "processes:2", 0));
        some.push_back(by_spec("processes_2_async_10", "processes:2+async:10", 0));
    }
    return some;
}

class hostile_servers : public any_model {
protected:
    static constexpr std::size_t several = 4;

    hostile_servers() { unsetenv("http_proxy"); }

    std::vector<outcome<std::string>> fetch_several(hostile_server const& from, asked what = {}) {
        what.url = from.url();
        auto const began = std::chrono::steady_clock::now();
        auto outcomes = executor_.try_map(fetch, std::vector(several, what));
        EXPECT_LT(std::chrono::steady_clock::now() - began, 30s);
        return outcomes;
    }

    void expect_failures(hostile_server::script script, error_kind kind, std::string_view words,
                         asked const& what = {}) {
        hostile_server const server(script);
        for (auto const& each : fetch_several(server, what))
            EXPECT_TRUE(fails(each, kind, words, server.url()));
        conformance::wait_until([&] { return server.connections() > 0; });  // it was asked, and may be slow
    }

    void TearDown() override {
        hostile_server const friendly(be_friendly);
        for (auto const& each : fetch_several(friendly))
            EXPECT_EQ(each.value(), "hello");
    }

    executor executor_ = make();  // before any server: see hostile_server.hpp
};
QUARTET_SUITE(hostile_servers, rows());

TEST_P(hostile_servers, that_are_none_are_told_from_friendly_ones) {
    hostile_server const friendly(be_friendly);
    auto const outcomes = fetch_several(friendly);
    EXPECT_FALSE(fails(outcomes[0], error_kind::reply, "", friendly.url()));
    EXPECT_EQ(friendly.requests(), several);
}

TEST_P(hostile_servers, may_refuse) {
    std::string url;
    {
        hostile_server const gone(be_friendly);
        url = gone.url();
    }
    for (auto const& each : executor_.try_map(fetch, std::vector<asked>(several, {.url = url}))) {
        EXPECT_TRUE(fails(each, error_kind::connect, "", url));
        EXPECT_FALSE(fails(each, error_kind::reply, "", url)) << "the check sees the kind";
    }
}

TEST_P(hostile_servers, may_reset_the_connection) {
    expect_failures(
        [](connection& client) {
            client.read_request();
            client.reset();
        },
        error_kind::reply, "");
}

TEST_P(hostile_servers, may_hang_up_at_once) {
    expect_failures([](connection&) {}, error_kind::reply, "");
}

TEST_P(hostile_servers, may_never_answer) {
    expect_failures([](connection& client) { client.be_silent(); }, error_kind::timeout, "",
                    {.timeout_ms = 300});
}

TEST_P(hostile_servers, may_trickle_headers) {
    expect_failures(
        [](connection& client) {
            client.read_request();
            client.send("HTTP/1.1 200 OK\r\nX-Slow: ");
            while (client.wait_a_moment() && client.send("x")) {
            }
        },
        error_kind::timeout, "", {.timeout_ms = 300});
}

TEST_P(hostile_servers, may_trickle_a_body) {
    expect_failures(
        [](connection& client) {
            client.read_request();
            client.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
            while (client.wait_a_moment() && client.send("x")) {
            }
        },
        error_kind::timeout, "", {.timeout_ms = 300});
}

TEST_P(hostile_servers, may_announce_more_than_they_send) {
    expect_failures(
        [](connection& client) {
            client.read_request();
            client.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhello");
        },
        error_kind::reply, "");
}

TEST_P(hostile_servers, may_break_off_a_chunk) {
    expect_failures(
        [](connection& client) {
            client.read_request();
            client.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1000\r\nhello");
        },
        error_kind::reply, "");
}

// What was announced is the reply; what follows is nobody's, and not the next reply's beginning.
TEST_P(hostile_servers, may_send_more_than_they_announce) {
    hostile_server const server([](connection& client) {
        while (client.read_request() &&
               client.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloHTTP/1.1 500 No\r\n\r\n")) {
        }
    });
    for (int round = 0; round < 3; ++round) {
        for (auto const& each : fetch_several(server))
            EXPECT_EQ(each.value(), "hello");
    }
}

TEST_P(hostile_servers, may_redirect_for_ever) {
    auto const script = [](connection& client) {
        while (client.read_request() &&
               client.send("HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n")) {
        }
    };
    hostile_server const server(script);
    for (auto const& each : fetch_several(server))
        EXPECT_TRUE(fails(each, error_kind::redirects, "redirects", server.url()));
    EXPECT_EQ(server.requests(), several * 11) << "the first and ten redirects each";
}

TEST_P(hostile_servers, may_redirect_to_what_is_not_http) {
    expect_failures(
        [](connection& client) {
            client.read_request();
            client.send("HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n");
        },
        error_kind::reply, "");
}

TEST_P(hostile_servers, may_send_garbage) {
    expect_failures(
        [](connection& client) {
            client.read_request();
            client.send(std::string(100'000, '\xff'));
        },
        error_kind::reply, "");
}

TEST_P(hostile_servers, may_send_headers_for_ever) {
    expect_failures(
        [](connection& client) {
            client.read_request();
            client.send("HTTP/1.1 200 OK\r\n");
            while (client.send("X-More: " + std::string(1000, 'x') + "\r\n")) {
            }
        },
        error_kind::reply, "", {.most_bytes = 1'000'000});
}

TEST_P(hostile_servers, may_send_one_header_for_ever) {
    expect_failures(
        [](connection& client) {
            client.read_request();
            client.send("HTTP/1.1 200 OK\r\nX-Long: ");
            while (client.send(std::string(1000, 'x'))) {
            }
        },
        error_kind::reply, "a line of the reply's headers is longer than", {.most_bytes = 1'000'000});
}

TEST_P(hostile_servers, may_ask_for_patience_for_ever) {
    expect_failures(
        [](connection& client) {
            client.read_request();
            while (client.wait_a_moment() && client.send("HTTP/1.1 102 Processing\r\n\r\n")) {
            }
        },
        error_kind::timeout, "", {.timeout_ms = 300});
}

void send_without_end(connection& client) {
    client.read_request();
    client.send("HTTP/1.1 200 OK\r\n\r\n");
    while (client.send(std::string(100'000, 'x'))) {
    }
}

TEST_P(hostile_servers, may_send_without_end) {
    expect_failures(send_without_end, error_kind::reply, "the reply is longer than 3000000 bytes",
                    {.most_bytes = 3'000'000});
}

TEST_P(hostile_servers, may_send_chunks_without_end) {
    expect_failures(
        [](connection& client) {
            client.read_request();
            client.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
            while (client.send("1000\r\n" + std::string(0x1000, 'x') + "\r\n")) {
            }
        },
        error_kind::reply, "the reply is longer than 3000000 bytes", {.most_bytes = 3'000'000});
}

// The first byte is enough: nobody waits for the rest.
TEST_P(hostile_servers, may_announce_more_than_anybody_wants) {
    expect_failures(
        [](connection& client) {
            client.read_request();
            client.send("HTTP/1.1 200 OK\r\nContent-Length: 1099511627776\r\n\r\nx");
            client.be_silent();
        },
        error_kind::reply, "the reply is longer than 1073741824 bytes");
}

TEST_P(hostile_servers, may_send_little_that_is_much) {
    auto const script = [](connection& client) {
        static std::string const bomb = server_detail::gzip(std::string(5'000'000, 'x'));
        client.read_request();
        client.send("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: " +
                    std::to_string(bomb.size()) + "\r\n\r\n" + bomb);
    };
    expect_failures(script, error_kind::reply, "the reply is longer than 3000000 bytes",
                    {.most_bytes = 3'000'000});
    hostile_server const allowed(script);
    for (auto const& each : fetch_several(allowed, {.most_bytes = 6'000'000}))
        EXPECT_EQ(each.value().size(), 5'000'000u);
}

TEST_P(hostile_servers, are_believed_up_to_the_last_byte_that_is_allowed) {
    constexpr std::size_t whole = sizeof "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello" - 1;
    hostile_server const friendly(be_friendly);
    for (auto const& each : fetch_several(friendly, {.most_bytes = whole}))
        EXPECT_EQ(each.value(), "hello");
    for (auto const& each : fetch_several(friendly, {.most_bytes = whole - 1}))
        EXPECT_TRUE(fails(each, error_kind::reply, "the reply is longer than", friendly.url()));
}

/// By how many kB the process that runs it grows at the most during a fetch that fails.
task<std::size_t> growth(context& ctx, asked what) {
    std::ofstream("/proc/self/clear_refs") << 5 << std::flush;  // forgets the peak so far
    auto const before = status("VmRSS");
    try {
        co_await ctx.with_timeout(1min, fetch(ctx, what));
    } catch (fetch_error const&) {
    }
    co_return std::max(status("VmHWM"), before) - before;
}

TEST_P(hostile_servers, take_no_more_memory_than_is_allowed) {
    if (sanitized) GTEST_SKIP() << "a sanitizer keeps freed memory for a while";
    hostile_server const server(send_without_end);
    auto const grown_by = [&](std::size_t megabytes) {
        return executor_.map(growth, std::vector{asked{.url = server.url(), .most_bytes = megabytes << 20}})
            .at(0);
    };
    EXPECT_LT(grown_by(2), 32u << 10);
    EXPECT_GT(grown_by(100), 90u << 10) << "the check sees what is taken";
}

}  // namespace
}  // namespace quartet::faults::hostile_servers_test
