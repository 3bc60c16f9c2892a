#include "server/genre.hpp"
#include "server/page.hpp"
#include "tests/server/clients.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <unistd.h>

namespace quartet::endpoints_test {
namespace {

using testing::curl_client;
using testing::curl_reply;
using testing::running_server;

class endpoints : public ::testing::Test {
protected:
    curl_reply get(std::string_view path) { return client_.get(server_.url(path)); }

    running_server server_;
    curl_client client_;
};

bool has_field(curl_reply const& reply, std::string const& line) {
    return reply.head.find("\r\n" + line + "\r\n") != std::string::npos;
}

TEST_F(endpoints, page_has_the_size_of_the_options) {
    auto const reply = get("/page");
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.body, page(15'000));
    EXPECT_TRUE(has_field(reply, "Content-Type: text/html")) << reply.head;
}

TEST_F(endpoints, page_takes_another_size) {
    EXPECT_EQ(get("/page?bytes=0").body, "");
    EXPECT_EQ(get("/page?bytes=10").body, page(10));
    EXPECT_EQ(get("/page?bytes=3000000").body, page(3'000'000));
    EXPECT_EQ(get("/page?x=1&bytes=20&y").body, page(20));
    EXPECT_EQ(get("/page?bytesize=20").body, page(15'000));
    EXPECT_EQ(get("/page").body, page(15'000));
}

TEST_F(endpoints, page_refuses_what_is_no_size) {
    for (auto const* path : {"/page?bytes=", "/page?bytes", "/page?bytes=-1", "/page?bytes=1k",
                             "/page?bytes=67108865", "/page?bytes=99999999999999999999999"})
        EXPECT_EQ(get(path).status, 400) << path;
}

TEST_F(endpoints, genre_is_the_pure_function_as_json) {
    for (std::uint64_t n : {std::uint64_t{0}, std::uint64_t{7}, std::uint64_t{99}, UINT64_MAX}) {
        auto const reply = get("/genre?n=" + std::to_string(n));
        EXPECT_TRUE(has_field(reply, "Content-Type: application/json")) << reply.head;
        EXPECT_EQ(nlohmann::json::parse(reply.body).get<std::string>(), genre(n));
    }
}

TEST_F(endpoints, genre_needs_its_number) {
    EXPECT_EQ(get("/genre").status, 400);
    EXPECT_EQ(get("/genre?n=x").status, 400);
    EXPECT_EQ(get("/genre?n=18446744073709551616").status, 400);
}

TEST_F(endpoints, status_is_what_was_asked_for) {
    for (long code : {200, 201, 204, 304, 404, 418, 500, 503, 599}) {
        auto const reply = get("/status/" + std::to_string(code));
        EXPECT_EQ(reply.code, CURLE_OK) << code;
        EXPECT_EQ(reply.status, code);
    }
}

TEST_F(endpoints, status_refuses_what_is_no_final_status) {
    for (auto const* path : {"/status/", "/status/100", "/status/600", "/status/abc", "/status/200/1"})
        EXPECT_EQ(get(path).status, 400) << path;
}

TEST_F(endpoints, redirect_ends_at_the_page) {
    client_.set(CURLOPT_FOLLOWLOCATION, 1L);
    for (long count : {0, 1, 2, 10}) {
        auto const reply = get("/redirect/" + std::to_string(count));
        EXPECT_EQ(reply.status, 200);
        EXPECT_EQ(reply.redirects, count);
        EXPECT_EQ(reply.body, page(15'000));
    }
}

TEST_F(endpoints, redirect_names_the_next_place) {
    auto const reply = get("/redirect/3");
    EXPECT_EQ(reply.status, 302);
    EXPECT_TRUE(has_field(reply, "Location: /redirect/2")) << reply.head;
    EXPECT_EQ(get("/redirect/x").status, 400);
}

TEST_F(endpoints, echo_tells_the_request) {
    client_.set(CURLOPT_COPYPOSTFIELDS, "some \"body\"");
    client_.set(CURLOPT_CUSTOMREQUEST, "PUT");
    auto const said = nlohmann::json::parse(get("/echo?a=b").body);
    EXPECT_EQ(said.at("method"), "PUT");
    EXPECT_EQ(said.at("target"), "/echo?a=b");
    EXPECT_EQ(said.at("body"), "some \"body\"");
    EXPECT_EQ(said.at("headers").at("Content-Type"), "application/x-www-form-urlencoded");
}

TEST_F(endpoints, echo_joins_a_header_that_comes_twice) {
    testing::raw_client client(server_->port());
    client.send(testing::get_request("/echo", "X-Two: a\r\nX-Two: b\r\n"));
    EXPECT_EQ(nlohmann::json::parse(client.read_reply().second).at("headers").at("X-Two"), "a, b");
}

TEST_F(endpoints, echo_survives_a_body_that_is_not_utf_8) {
    client_.set(CURLOPT_COPYPOSTFIELDS,
                "a\xff"
                "b");
    EXPECT_EQ(nlohmann::json::parse(get("/echo").body).at("body"),
              "a\xef\xbf\xbd"
              "b");
}

TEST_F(endpoints, stats_count_with_the_request_for_them) {
    get("/page");
    get("/no-such-path");
    auto const said = nlohmann::json::parse(get("/stats").body);
    EXPECT_EQ(said.at("requests"), 3);
    EXPECT_EQ(said.at("connections"), 1);
    EXPECT_EQ(said.at("open"), 1);
    EXPECT_EQ(said.at("errors"), 0);
    EXPECT_GT(said.at("bytes_sent"), 15'000);
}

TEST_F(endpoints, gzip_compresses_for_who_accepts_it) {
    client_.set(CURLOPT_ACCEPT_ENCODING, "gzip");  // makes libcurl unpack, too, and check the checksum
    for (int twice = 0; twice < 2; ++twice) {
        auto const reply = get("/gzip");
        EXPECT_EQ(reply.code, CURLE_OK);
        EXPECT_EQ(reply.body, page(15'000));
        EXPECT_TRUE(has_field(reply, "Content-Encoding: gzip")) << reply.head;
        EXPECT_FALSE(has_field(reply, "Content-Length: 15000")) << reply.head;
    }
}

TEST_F(endpoints, gzip_is_plain_for_who_does_not) {
    auto const encoding = [&](std::string const& accepted) {
        testing::raw_client client(server_->port());
        client.send(testing::get_request("/gzip", accepted));
        return client.read_reply().first.find("Content-Encoding: gzip") == std::string::npos ? "plain"
                                                                                             : "gzip";
    };
    EXPECT_STREQ(encoding(""), "plain");
    EXPECT_STREQ(encoding("Accept-Encoding: br, deflate\r\n"), "plain");
    EXPECT_STREQ(encoding("Accept-Encoding: gzip;q=0\r\n"), "plain");
    EXPECT_STREQ(encoding("Accept-Encoding: gzip;q=0.0, *\r\n"), "plain");
    EXPECT_STREQ(encoding("Accept-Encoding: br, GZIP;q=0.5\r\n"), "gzip");
    EXPECT_STREQ(encoding("Accept-Encoding: *\r\n"), "gzip");
}

TEST_F(endpoints, delay_waits) {
    auto const start = std::chrono::steady_clock::now();
    EXPECT_EQ(get("/delay/150").status, 200);
    EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(150));
    EXPECT_EQ(get("/delay/0").status, 200);
    EXPECT_EQ(get("/after/0").status, 200);
    EXPECT_EQ(get("/after/x").status, 400);
    EXPECT_EQ(get("/delay/x").status, 400);
    EXPECT_EQ(get("/delay/3600001").status, 400);
}

TEST_F(endpoints, help_lists_every_path) {
    auto const text = get("/").body;
    for (auto const* path :
         {"/page", "/genre", "/status/CODE", "/redirect/N", "/echo", "/gzip", "/delay/MS", "/after/MS"})
        EXPECT_NE(text.find(path), text.npos) << path;
}

TEST_F(endpoints, anything_else_is_not_found) {
    for (auto const* path : {"/nothing", "/pages", "/page/1", "/Page", "/favicon.ico"}) {
        auto const reply = get(path);
        EXPECT_EQ(reply.status, 404) << path;
        EXPECT_NE(reply.body.find(path), std::string::npos) << reply.body;
        EXPECT_EQ(reply.body.find('\n'), reply.body.size() - 1) << reply.body;
    }
}

TEST_F(endpoints, files_are_none_without_a_folder) {
    EXPECT_EQ(get("/files/endpoints_test.cpp").status, 404);
}

TEST(files_of_a_folder, are_given_as_they_are_and_none_beside_them) {
    auto const folder =
        std::filesystem::temp_directory_path() / ("quartet-files-" + std::to_string(getpid()));
    std::filesystem::create_directories(folder / "served");
    std::ofstream(folder / "secret") << "no";
    std::ofstream(folder / "served" / "page.html") << "<p>yes";
    std::ofstream(folder / "served" / ".hidden") << "no";
    server_options options;
    options.folder = folder / "served";
    running_server const server(options);
    curl_client client;
    auto const page = client.get(server.url("/files/page.html"));
    EXPECT_EQ(page.body, "<p>yes");
    EXPECT_TRUE(has_field(page, "Content-Type: text/html; charset=utf-8")) << page.head;
    for (auto const* path : {"/files/", "/files/missing", "/files/../secret", "/files/%2e%2e/secret",
                             "/files/.hidden", "/files/served/page.html"})
        EXPECT_EQ(client.get(server.url(path)).status, 404) << path;
    std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace quartet::endpoints_test
