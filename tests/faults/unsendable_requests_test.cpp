// What would make a server read another request than the one that was meant is refused before anything is
// sent; and no failure shows the user and password of a URL.
#include "tests/faults/fetching.hpp"
#include "tests/faults/hostile_server.hpp"

#include <quartet/fake.hpp>
#include <quartet/quartet.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace quartet::faults::unsendable_requests_test {
namespace {

using conformance::any_model;
using connection = hostile_server::connection;
using error_kind = fetch_error::kind;
using namespace std::string_literals;

void echo(connection& client) {
    while (client.read_request()) {
        auto const& body = client.request();
        if (!client.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
                         body))
            return;
    }
}

std::vector<conformance::row> all_rows() {
    auto rows = fetching_rows();
    rows.push_back(conformance::by_fake("fake", 7));
    return rows;
}

class unsendable_requests : public any_model {
protected:
    unsendable_requests() {
        forget_proxies();
        world_.on_fetch = [](http_request const&) { return fake_reply{.response = {.status = 200}}; };
    }

    answered fetch_one(asked const& what) { return executor_.map(fetch, std::vector{what}).at(0); }

    void expect_refusal(asked const& what, error_kind kind, std::string const& words) {
        auto const reply = fetch_one(what);
        EXPECT_TRUE(reply.has_failed(kind)) << reply.error << " " << reply.status << " " << reply.message;
        EXPECT_TRUE(reply.says(words)) << reply.message;
        EXPECT_TRUE(std::none_of(reply.message.begin(), reply.message.end(), [](unsigned char c) {
            return c < ' ' || c == 0x7f;
        })) << reply.message;
    }

    executor executor_ = make();
    hostile_server server_{echo};
};
QUARTET_SUITE(unsendable_requests, all_rows());

TEST_P(unsendable_requests, have_the_end_of_a_line_in_a_header) {
    for (std::string const& bad :
         {"a\r\nX-Injected: b"s, "a\nb"s, "a\rb"s, "a\0b"s, "\r\n"s, "a\x01"s, "\x7f"s, "\x1b[0m"s}) {
        expect_refusal({.url = server_.url(), .headers = {{"X-A", bad}}}, error_kind::other,
                       "the header X-A has a control character");
        expect_refusal({.url = server_.url(), .headers = {{"X-" + bad, "a"}}}, error_kind::other,
                       "can't be the name of a header");
        expect_refusal({.url = server_.url(), .method = "GET " + bad}, error_kind::other, "no method");
        expect_refusal({.url = server_.url() + bad}, error_kind::url,
                       "the URL has a space or a control character");
        expect_refusal({.url = "http://" + bad + "@127.0.0.1:1/"}, error_kind::url, "the URL has a space");
    }
    for (std::string const bad : {"", " ", "X A", "X:A", "X-A:", "X;", "X-Ä", "(X)"})
        expect_refusal({.url = server_.url(), .headers = {{bad, "a"}}}, error_kind::other,
                       "can't be the name of a header");
    for (std::string const bad : {"", "GET ", "GET /x", "GE:T", "GET/"})
        expect_refusal({.url = server_.url(), .method = bad}, error_kind::other, "no method");
    expect_refusal({.url = server_.url() + "a b"}, error_kind::url, "write %20");
    expect_refusal(
        {.url = server_.url(), .method = "POST", .headers = {{"content-length", "1"}}, .body = "1234"},
        error_kind::other, "says 1, but the body has 4 bytes");
    expect_refusal({.url = server_.url(), .headers = {{"Content-Length", "7"}}}, error_kind::other,
                   "says 7, but the body has 0 bytes");
    EXPECT_EQ(server_.requests(), 0u);
}

TEST_P(unsendable_requests, are_told_from_those_that_are_only_unusual) {
    asked const unusual{
        .url = server_.url() + "%0D%0A?a=%00&b=\xc3\xa4",
        .method = "M-SEARCH",
        .headers = {{"X-A", "tab\tand \xc3\xa4"}, {"!#$%&'*+-.^_`|~", " "}, {"Content-Length", "4"}},
        .body = "a\r\nb"};
    auto const reply = fetch_one(unusual);
    EXPECT_EQ(reply.status, 200) << reply.message;
    if (!GetParam().real_io) return;
    for (std::string const line : {"M-SEARCH /%0D%0A?a=%00&b=", "\r\nX-A: tab\tand \xc3\xa4\r\n",
                                   "\r\n!#$%&'*+-.^_`|~:", "\r\n\r\na\r\nb"})
        EXPECT_NE(reply.body.find(line), std::string::npos) << line << "\n" << reply.body;
}

TEST_P(unsendable_requests, and_others_do_not_show_passwords) {
    auto const host = server_.url().substr(std::string_view("http://").size());
    std::vector<asked> const inputs{
        {.url = "http://me:hunter2@127.0.0.1:1/"},
        {.url = "http://hunter2@127.0.0.1:1/"},
        {.url = "https://me:hunter2@127.0.0.1:1/"},
        {.url = "http://me:hunter2@no-such-host.invalid/"},
        {.url = "ftp://me:hunter2@" + host},
        {.url = "http://me:hun/ter2@" + host},
        {.url = "http://me:hunter2@:0/"},
        {.url = "http://me:hunter2@127.0.0.1:no-port/"},
        {.url = "http://me:hunter2\r\n@" + host},
        {.url = "http://a@me:hunter2@ " + host},
        {.url = "me:hunter2@127.0.0.1:1/"},
        {.url = "http://me:hunter2@" + host, .headers = {{"bad name", "x"}}},
    };
    for (auto const& each : executor_.map(fetch, inputs)) {
        if (each.status == 200) continue;  // the fake answers what it is asked
        for (std::string const secret : {"hunter2", "hun/", "ter2", "me:"})
            EXPECT_FALSE(each.says(secret)) << each.message;
        EXPECT_NE(each.error, -1);
    }
}

TEST_P(unsendable_requests, are_shown_with_what_is_no_password) {
    for (std::string const path : {"@user/post", "a?mail=me:x@y.de", "a#b:c@d", "a/http://b:80/@d"}) {
        auto const url = "http://127.0.0.1:1/" + path;
        auto const reply = fetch_one({.url = url, .headers = {{"bad name", "x"}}});
        EXPECT_TRUE(reply.message.starts_with("GET " + url + ": ")) << reply.message;
    }
}

TEST_P(unsendable_requests, are_not_made_of_redirects) {
    if (!GetParam().real_io) GTEST_SKIP() << "the fake follows none";
    hostile_server const redirecting([](connection& client) {
        while (
            client.read_request() &&
            client.send(
                "HTTP/1.1 302 Found\r\nLocation: ftp://me:hunter2@somewhere/\r\nContent-Length: 0\r\n\r\n")) {
        }
    });
    auto const reply = fetch_one({.url = redirecting.url()});
    EXPECT_TRUE(reply.has_failed(error_kind::reply)) << reply.message;
    EXPECT_TRUE(reply.says("ftp://somewhere/")) << reply.message;
    EXPECT_FALSE(reply.says("hunter2")) << reply.message;
}

}  // namespace
}  // namespace quartet::faults::unsendable_requests_test
