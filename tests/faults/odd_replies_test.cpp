// Replies that are odd, and those that are broken: the former arrive whole, the latter fail and their failure
// names what was broken.
#include "server/gzip.hpp"
#include "tests/faults/fetching.hpp"
#include "tests/faults/hostile_server.hpp"

#include <quartet/quartet.hpp>

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace quartet::faults::odd_replies_test {
namespace {

using conformance::any_model;
using connection = hostile_server::connection;
using error_kind = fetch_error::kind;

std::string const long_text = [] {
    std::string text;
    for (int n = 0; text.size() < 100'000; ++n)
        text += std::to_string(n * n) + "\n";
    return text;
}();

/// As RFC 1951 has it, without a frame.
std::string bare_deflate(std::string_view text) {
    std::string const member = server_detail::gzip(text);
    return member.substr(10, member.size() - 18);
}

/// As RFC 1950 has it.
std::string zlib_deflate(std::string_view text) {
    std::uint32_t low = 1;
    std::uint32_t high = 0;
    for (char const c : text) {
        low = (low + static_cast<unsigned char>(c)) % 65521;
        high = (high + low) % 65521;
    }
    std::string all = "\x78\x9c" + bare_deflate(text);
    for (std::uint32_t const each : {high >> 8, high, low >> 8, low})
        all += static_cast<char>(each & 0xff);
    return all;
}

std::string coded(std::string const& coding, std::string const& body) {
    return "HTTP/1.1 200 OK\r\nContent-Encoding: " + coding +
           "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::string chunked(std::string const& headers, std::string const& trailers) {
    return "HTTP/1.1 200 OK\r\n" + headers + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n" +
           trailers + "\r\n";
}

class odd_replies : public any_model {
protected:
    odd_replies() {
        forget_proxies();
    }

    /// What a fetch has of a server that sends these bytes, and then hangs up.
    answered of(std::string const& bytes, asked what = {}) {
        static std::string sent;  // a script is a plain function
        sent = bytes;
        hostile_server const server([](connection& client) {
            client.read_request();
            client.send(sent);
        });
        what.url = server.url();
        return executor_.map(fetch, std::vector{what}).at(0);
    }

    void expect_body(std::string const& bytes, std::string const& body) {
        auto const reply = of(bytes);
        EXPECT_EQ(reply.status, 200) << reply.message;
        EXPECT_TRUE(reply.body == body) << reply.body.size() << " bytes";
    }

    void expect_failure(std::string const& bytes, std::string const& words, asked const& what = {}) {
        auto const reply = of(bytes, what);
        EXPECT_TRUE(reply.has_failed(error_kind::reply))
            << reply.error << " " << reply.status << reply.message;
        EXPECT_TRUE(reply.says(words)) << reply.message;
        EXPECT_FALSE(reply.says("emory")) << reply.message;
        EXPECT_EQ(reply.body, "");
    }

    executor executor_ = make();
};
QUARTET_SUITE(odd_replies, fetching_rows());

TEST_P(odd_replies, may_have_headers_that_look_like_a_status_line) {
    auto const reply =
        of("HTTP/1.1 200 OK\r\nX-A: 1\r\nHTTP/x: 2\r\nHTTP/1.1 500: 3\r\nX-B: 4\r\nContent-Length: "
           "5\r\n\r\nhello");
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.body, "hello");
    http_headers const right{
        {"X-A", "1"}, {"HTTP/x", "2"}, {"HTTP/1.1 500", "3"}, {"X-B", "4"}, {"Content-Length", "5"}};
    EXPECT_EQ(reply.headers, right);
}

TEST_P(odd_replies, may_have_trailers_that_look_like_a_status_line) {
    for (std::string const name : {"HTTP/x", "HTTP/1.1 204 Gone", "Content-Encoding", "Content-Length"}) {
        auto const reply = of(chunked("X-A: 1\r\n", name + ": gzip\r\nX-B: 2\r\n"));
        EXPECT_EQ(reply.status, 200) << name;
        EXPECT_EQ(reply.body, "hello") << name;
        http_headers const right{
            {"X-A", "1"}, {"Transfer-Encoding", "chunked"}, {name, "gzip"}, {"X-B", "2"}};
        EXPECT_EQ(reply.headers, right);
    }
}

TEST_P(odd_replies, may_come_after_others_that_are_provisional) {
    auto const reply =
        of("HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"
           "HTTP/1.1 200 OK\r\nX-Late: 2\r\nContent-Length: 5\r\n\r\nhello");
    EXPECT_EQ(reply.body, "hello");
    EXPECT_EQ(reply.headers, (http_headers{{"X-Late", "2"}, {"Content-Length", "5"}}));
}

TEST_P(odd_replies, may_have_a_header_of_two_lines) {
    auto const reply = of("HTTP/1.1 200 OK\r\nX-A: 1\r\n  2: 3\r\nContent-Length: 5\r\n\r\nhello");
    EXPECT_EQ(reply.headers, (http_headers{{"X-A", "1 2: 3"}, {"Content-Length", "5"}})) << reply.message;
}

// libcurl 7.88 joins such a line with the last header of the reply before, which it has let go of.
TEST_P(odd_replies, may_begin_their_headers_with_half_a_one) {
    for (int n = 0; n < 20; ++n) {
        expect_body(
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Long: " + std::string(40, 'a') + "\r\n\r\nhello",
            "hello");
        auto const reply = of("HTTP/1.1 200 OK\r\n folded: " + std::string(3000, 'b') +
                              "\r\nContent-Length: 5\r\n\r\nhello");
        EXPECT_TRUE(reply.status == 200 || reply.has_failed(error_kind::reply)) << reply.message;
    }
}

TEST_P(odd_replies, may_be_compressed_in_any_way_that_was_asked_for) {
    auto const gzip = server_detail::gzip(long_text);
    expect_body(coded("gzip", gzip), long_text);
    expect_body(coded("x-gzip", gzip), long_text);
    expect_body(coded("GZIP, identity", gzip), long_text);
    expect_body(coded("deflate", zlib_deflate(long_text)), long_text);
    expect_body(coded("deflate", bare_deflate(long_text)), long_text);
    expect_body(coded("deflate, gzip", server_detail::gzip(zlib_deflate(long_text))), long_text);
    expect_body(coded("gzip\r\nContent-Encoding: gzip", server_detail::gzip(gzip)), long_text);
    expect_body(coded("gzip", ""), "");
}

TEST_P(odd_replies, may_have_several_gzip_members) {
    auto const member = [](std::string const& text) { return server_detail::gzip(text); };
    expect_body(coded("gzip", member("one, ") + member("two, ") + member("") + member("three")),
                "one, two, three");
    expect_body(coded("gzip", member(long_text) + member(long_text)), long_text + long_text);
    expect_body(coded("gzip", member("one") + std::string(600, '\0')), "one");
    expect_failure(coded("gzip", member("one") + "more"), "gzip data is followed by something else");
    expect_failure(coded("deflate", zlib_deflate("one") + "more"),
                   "deflate data is followed by something else");
}

TEST_P(odd_replies, are_failures_where_what_is_compressed_breaks_off) {
    for (std::string const coding : {"gzip", "deflate"}) {
        auto const whole = coding == "gzip" ? server_detail::gzip(long_text) : zlib_deflate(long_text);
        for (std::size_t const length :
             {std::size_t{1}, std::size_t{5}, whole.size() / 2, whole.size() - 1}) {
            SCOPED_TRACE(coding + " " + std::to_string(length));
            auto const part = whole.substr(0, length);
            expect_failure(coded(coding, part), coding + " data breaks off");
            expect_failure(
                "HTTP/1.1 200 OK\r\nContent-Encoding: " + coding + "\r\nConnection: close\r\n\r\n" + part,
                coding + " data breaks off");
        }
        expect_failure(coded(coding, whole + whole.substr(0, whole.size() / 2)),
                       coding == "gzip" ? "gzip data breaks off" : "deflate data is followed by");
        auto damaged = whole;
        damaged[whole.size() / 2] ^= 0x55;
        damaged[whole.size() - 2] ^= 0x55;
        expect_failure(coded(coding, damaged), coding + " data is damaged");
    }
    expect_failure(coded("gzip", "no gzip at all"), "gzip data is damaged");
    expect_failure(coded("deflate, gzip", server_detail::gzip(zlib_deflate(long_text).substr(0, 1000))),
                   "deflate data breaks off");
}

TEST_P(odd_replies, are_failures_in_a_coding_that_was_not_asked_for) {
    for (std::string const coding : {"br", "zstd", "gzip, br", "own"}) {
        auto const name = coding.substr(coding.rfind(' ') + 1);
        expect_failure(coded(coding, "something"), "in the coding '" + name + "'");
    }
    expect_failure("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
                   "in the coding 'gzip', which was not asked for");
    // Whoever asks for it himself has it as it comes.
    auto const own = of(coded("br", "something"), {.headers = {{"accept-encoding", "br"}}});
    EXPECT_EQ(own.body, "something") << own.message;
}

TEST_P(odd_replies, may_be_parts) {
    auto const part = server_detail::gzip(long_text).substr(100, 1000);
    auto const reply =
        of("HTTP/1.1 206 Partial Content\r\nContent-Encoding: gzip\r\nContent-Length: 1000\r\n\r\n" + part,
           {.headers = {{"Range", "bytes=100-1099"}}});
    EXPECT_EQ(reply.status, 206) << reply.message;
    EXPECT_TRUE(reply.body == part);
}

TEST_P(odd_replies, are_failures_with_lines_that_are_too_long) {
    auto const line = std::string(1'000'000, 'x');
    expect_failure("HTTP/1.1 200 OK\r\nX-Long: " + line + "\r\nContent-Length: 5\r\n\r\nhello",
                   "a line of the reply's headers is longer than 100 kB");
    expect_failure("HTTP/1.1 200 " + line + "\r\nContent-Length: 5\r\n\r\nhello",
                   "a line of the reply's headers is longer than 100 kB");
    expect_failure(chunked("", "X-Long: " + line + "\r\n"),
                   "a line after the reply's body is longer than 4 kB");
}

TEST_P(odd_replies, are_failures_that_name_what_is_broken) {
    expect_failure("HTTP/1.1 101 Switching Protocols\r\nUpgrade: own\r\n\r\nhello", "another protocol");
    expect_failure("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 7\r\n\r\nhello, you",
                   "two lengths, 5 and 7 bytes");
    expect_failure("HTTP/1.1 200 OK\r\nContent-Length: five\r\n\r\nhello", "Content-Length");
    expect_failure("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello", "4 bytes");
    expect_failure("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nz\r\nhello", "chunked");
    expect_failure("HTTP/1.1 200 OK\r\nno header\r\n\r\nhello", "colon");
    expect_failure("HTTP/1.1 2000 OK\r\n\r\nhello", "response code");
    expect_failure("HTTP/7.1 200 OK\r\n\r\nhello", "version");
    for (std::string const part : {"HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nX-A: 1",
                                   "HTTP/1.1 200 OK\r\nX-A: 1\r\n", "HTTP/1.1 103 Early Hints\r\n\r\n"})
        expect_failure(part, "breaks off within its headers");
    expect_failure("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-B: 1", "");
    expect_failure("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", "");
    expect_failure("HTTP/1.1 302 Found\r\nLocation: ftp://somewhere/\r\nContent-Length: 0\r\n\r\n",
                   "it redirects to 'ftp://somewhere/', where no fetch can go: the scheme 'ftp' is neither");
    expect_failure("HTTP/1.1 302 Found\r\nLocation: http://a b:c/\r\nContent-Length: 0\r\n\r\n",
                   "it redirects to");
    expect_failure("HTTP/1.1 302 Found\r\nLocation: /a\rSet-Own: b\r\nContent-Length: 0\r\n\r\n",
                   "it redirects to");
}

}  // namespace
}  // namespace quartet::faults::odd_replies_test
