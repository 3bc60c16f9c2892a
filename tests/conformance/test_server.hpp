// tests/conformance/test_server.hpp
//
// The test server, without latency unless told otherwise. In a process of its own, because executors
// with processes are forked beside it (see may_fork_beside_threads). Make it before the executor, while
// the test has one thread.
#pragma once

#include "server/server_process.hpp"

#include <quartet/quartet.hpp>

#include <nlohmann/json.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace quartet::conformance {

class test_server {
public:
    explicit test_server(server_options const& options = {.latency = {}}) : process_(options) {}

    std::string operator/(std::string_view path) const {
        return std::string(process_.url()).append("/").append(path);
    }

    std::size_t connections() { return count("connections"); }
    std::size_t requests() { return count("requests"); }

private:
    /// From /stats, without the questions themselves, each of which is a connection and a request.
    std::size_t count(char const* what) {
        auto const ask = [](context& ctx, std::string const& url) -> task<std::string> {
            co_return (co_await ctx.fetch(url)).body;
        };
        auto const said = make_executor("single").map(ask, std::vector{*this / "stats"}).front();
        return nlohmann::json::parse(said).at(what).get<std::size_t>() - ++questions_;
    }

    server_process process_;
    std::size_t questions_ = 0;
};

}  // namespace quartet::conformance
