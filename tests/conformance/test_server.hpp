// tests/conformance/test_server.hpp
//
// The test server on a thread of the test, without latency unless told otherwise.
#pragma once

#include "server/server.hpp"

#include <string>
#include <string_view>
#include <thread>

namespace quartet::conformance {

class test_server {
public:
    explicit test_server(server_options options = {.latency = {}})
        : server_(options), thread_([this] { server_.run(); }) {}
    ~test_server() {
        server_.stop();
        thread_.join();
    }

    std::string operator/(std::string_view path) const { return server_.url().append("/").append(path); }
    server::counters stats() const { return server_.stats(); }

private:
    server server_;
    std::thread thread_;
};

}  // namespace quartet::conformance
