// What a fetch sends to the address that a redirect names. The method, the body and the headers are those of
// RFC 9110 (15.4) and http.hpp. If it is another server, no header that may hold a secret is sent.
#include "tests/faults/fetching.hpp"
#include "tests/faults/hostile_server.hpp"

#include <quartet/quartet.hpp>

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace quartet::faults::redirects_test {
namespace {

using conformance::any_model;
using connection = hostile_server::connection;
using error_kind = fetch_error::kind;

/// Answers /STATUS/LOCATION with that status and Location, and all else with the request itself.
void redirect_or_echo(connection& client) {
    while (client.read_request()) {
        std::string const path = client.path();
        std::string reply = "HTTP/1.1 200 OK\r\n";
        std::string body = client.request();
        if (path.size() > 5 && path[1] == '3' && path[4] == '/') {
            reply = "HTTP/1.1 " + path.substr(1, 3) + " Elsewhere\r\nLocation: " + path.substr(5) + "\r\n";
            body = "go away";
        }
        if (client.request().starts_with("HEAD ")) {
            reply += "X-Method: HEAD\r\n";
            body.clear();
        }
        if (!client.send(reply + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body))
            return;
    }
}

struct expected {
    std::string method;
    bool has_body;
    bool keeps_type;  ///< whether Content-Type is sent again
};

/// The request that must follow a redirect with `status`, by RFC 9110 (15.4).
expected after(int status, std::string const& method, bool has_body) {
    bool const becomes_get =
        (status == 303 && method != "HEAD") || ((status == 301 || status == 302) && method == "POST");
    if (becomes_get) return {"GET", false, false};
    return {method, has_body && method != "HEAD", status != 303};
}

class redirects : public any_model {
protected:
    redirects() {
        forget_proxies();
    }

    answered fetch_one(asked const& what) { return executor_.map(fetch, std::vector{what}).at(0); }

    executor executor_ = make();  // before any server: see hostile_server.hpp
    hostile_server server_{redirect_or_echo};
    hostile_server other_{redirect_or_echo};
};
QUARTET_SUITE(redirects, fetching_rows());

TEST_P(redirects, go_on_with_the_method_and_the_body_that_belong_there) {
    std::vector<asked> inputs;
    std::vector<expected> right;
    for (int const status : {301, 302, 303, 307, 308}) {
        for (std::string const method :
             {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PURGE"}) {
            for (std::string_view const body : {"", "what is sent"}) {
                for (auto const* const to : {&server_, &other_}) {
                    inputs.push_back(
                        {.url = server_.url() + std::to_string(status) + "/" + to->url() + "echo",
                         .method = method,
                         .headers = {{"Content-Type", "text/x-own"}},
                         .body = std::string(body)});
                    right.push_back(after(status, method, !body.empty()));
                }
            }
        }
    }
    auto const replies = executor_.map(fetch, inputs);
    for (std::size_t n = 0; n < inputs.size(); ++n) {
        SCOPED_TRACE(inputs[n].method + " " + inputs[n].url + " " + inputs[n].body);
        ASSERT_EQ(replies[n].status, 200) << replies[n].message;
        if (inputs[n].method == "HEAD") {
            EXPECT_EQ(replies[n].headers.at(0), std::pair(std::string("X-Method"), std::string("HEAD")));
            continue;
        }
        EXPECT_TRUE(replies[n].body.starts_with(right[n].method + " /echo HTTP/1.1\r\n")) << replies[n].body;
        EXPECT_EQ(replies[n].body.ends_with("\r\n\r\nwhat is sent"), right[n].has_body) << replies[n].body;
        EXPECT_EQ(replies[n].body.find("text/x-own") != std::string::npos, right[n].keeps_type)
            << replies[n].body;
    }
}

TEST_P(redirects, keep_secrets_from_other_servers) {
    http_headers const harmless{{"Accept", "a/b"},          {"accept-language", "de"},
                                {"User-Agent", "own"},      {"If-None-Match", "tag"},
                                {"Range", "bytes=0-99999"}, {"Cache-Control", "no-store"},
                                {"content-type", "x/y"}};
    http_headers const secret{{"Authorization", "secret"}, {"Cookie", "secret"},
                              {"X-Api-Key", "secret"},     {"x-own", "secret"},
                              {"Proxy-Own", "secret"},     {"Api-Key", "secret"},
                              {"Private-Token", "secret"}, {"Referer", "http://secret"}};
    auto all = harmless;
    all.insert(all.end(), secret.begin(), secret.end());
    for (std::string const status : {"301", "302", "303", "307", "308"}) {
        auto const to = [&](std::string const& where) {
            return fetch_one(
                {.url = server_.url() + status + "/" + where, .method = "PUT", .headers = all, .body = "x"});
        };
        auto const stays = to("/echo");
        auto const goes = to(other_.url() + "echo");
        // A chain that leads to another server and back: secrets that were left out stay out.
        auto const returns = to(other_.url() + status + "/" + server_.url() + "echo");
        for (auto const& [name, value] : secret) {
            auto const line = "\r\n" + name + ": " + value + "\r\n";
            EXPECT_NE(stays.body.find(line), std::string::npos) << status << " " << name << "\n"
                                                                << stays.body;
            EXPECT_EQ(goes.body.find(name + ":"), std::string::npos) << status << "\n" << goes.body;
            EXPECT_EQ(returns.body.find(name + ":"), std::string::npos) << status << "\n" << returns.body;
        }
        for (auto const& [name, value] : harmless) {
            if (status == "303" && name == "content-type") continue;  // there is no body any more
            EXPECT_NE(goes.body.find("\r\n" + name + ": " + value + "\r\n"), std::string::npos)
                << status << " " << name << "\n"
                << goes.body;
        }
    }
}

TEST_P(redirects, take_user_and_password_only_to_the_same_server) {
    auto const with_password = [](std::string url) { return url.insert(url.find("//") + 2, "me:pass@"); };
    constexpr std::string_view basic = "Authorization: Basic bWU6cGFzcw==";
    for (auto const& to : std::vector{std::string("/echo"), server_.url() + "echo"}) {
        auto const reply = fetch_one({.url = with_password(server_.url()) + "302/" + to});
        EXPECT_NE(reply.body.find(basic), std::string::npos) << to << "\n" << reply.body << reply.message;
    }
    auto const reply = fetch_one({.url = with_password(server_.url()) + "302/" + other_.url() + "echo"});
    EXPECT_EQ(reply.body.find("Authorization"), std::string::npos) << reply.body;
}

TEST_P(redirects, may_be_relative) {
    EXPECT_TRUE(fetch_one({.url = server_.url() + "302/../next?a=b"}).body.starts_with("GET /next?a=b HTTP"));
    EXPECT_TRUE(fetch_one({.url = server_.url() + "302///" + other_.url().substr(7) + "echo"})
                    .body.starts_with("GET /echo HTTP"));
}

TEST_P(redirects, without_a_location_are_replies) {
    auto const reply = fetch_one({.url = server_.url() + "300/"});
    EXPECT_EQ(reply.status, 200) << "the path is too short for the script";
    for (int const status : {304, 305, 306, 399}) {
        auto const said = fetch_one({.url = server_.url() + std::to_string(status) + "/" + other_.url()});
        EXPECT_EQ(said.status, status) << said.message;
    }
}

TEST_P(redirects, are_counted) {
    auto const loop = server_.url() + "302//302//302/";  // to "/302//302/", to "/302/": three requests
    auto const enough = fetch_one({.url = loop, .max_redirects = 3});
    EXPECT_EQ(enough.status, 200) << enough.message;
    auto const few = fetch_one({.url = loop, .max_redirects = 1});
    EXPECT_TRUE(few.has_failed(error_kind::redirects)) << few.error << few.message;
    EXPECT_TRUE(few.says("more than 1 redirects")) << few.message;
    EXPECT_TRUE(few.message.starts_with("GET " + loop + ": ")) << few.message;
    EXPECT_EQ(fetch_one({.url = loop, .max_redirects = 0}).status, 302);
}

TEST_P(redirects, share_one_time_limit) {
    hostile_server const slow([](connection& client) {
        while (client.read_request()) {
            for (int n = 0; n < 5; ++n) {
                if (!client.wait_a_moment()) return;
            }
            if (!client.send("HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n")) return;
        }
    });
    auto const reply = fetch_one({.url = slow.url(), .timeout_ms = 300, .max_redirects = 1'000'000});
    EXPECT_TRUE(reply.has_failed(error_kind::timeout)) << reply.error << reply.message;
}

}  // namespace
}  // namespace quartet::faults::redirects_test
