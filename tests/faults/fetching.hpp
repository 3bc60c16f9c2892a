// tests/faults/fetching.hpp
//
// A body that fetches, for tests of ctx.fetch() under every model. Its input and result hold what the tests
// need of a request and a reply, in a form that crosses to worker processes and back.
#pragma once

#include "tests/conformance/models.hpp"

#include <quartet/quartet.hpp>

#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

namespace quartet::faults {

struct asked {
    std::string url{};
    std::string method = "GET";
    http_headers headers{};
    std::string body{};
    int timeout_ms = 60'000;
    int max_redirects = 10;
    template <class Archive>
    void serialize(Archive& archive) {
        archive(url, method, headers, body, timeout_ms, max_redirects);
    }
};

/// What came of a fetch: a reply, or the kind and the text of a fetch_error.
struct answered {
    int status = 0;
    std::string body{};
    http_headers headers{};
    int error = -1;  ///< a fetch_error::kind
    std::string message{};
    template <class Archive>
    void serialize(Archive& archive) {
        archive(status, body, headers, error, message);
    }
    bool has_failed(fetch_error::kind as) const { return error == static_cast<int>(as); }
    bool says(std::string const& words) const { return message.find(words) != std::string::npos; }
};

inline task<answered> fetch(context& ctx, asked what) {
    answered result;
    try {
        http_request request(what.url);
        request.method = what.method;
        request.headers = what.headers;
        request.body = what.body;
        request.timeout = std::chrono::milliseconds(what.timeout_ms);
        request.max_redirects = what.max_redirects;
        auto reply = co_await ctx.fetch(std::move(request));
        result.status = reply.status;
        result.headers = std::move(reply.headers);
        result.body = std::move(reply.body);
    } catch (fetch_error const& error) {
        result.error = static_cast<int>(error.what_kind());
        result.message = error.what();
    }
    co_return result;
}

/// Removes the environment's proxies, which would be asked in place of the test's server.
inline void forget_proxies() {
    for (char const* name : {"http_proxy", "all_proxy", "ALL_PROXY"})
        unsetenv(name);
}

/// One row for each way in which models fetch: a blocking client or one on a loop, here or in a worker
/// process.
inline std::vector<conformance::row> fetching_rows() {
    using conformance::by_spec;
    std::vector<conformance::row> some{by_spec("single", "single", 0), by_spec("threads_2", "threads:2", 0),
                                       by_spec("async", "async", 0),
                                       by_spec("threads_2_async_10", "threads:2+async:10", 0)};
    if (conformance::with_processes) {
        some.push_back(by_spec("processes_2", "processes:2", 0));
        some.push_back(by_spec("processes_2_async_10", "processes:2+async:10", 0));
    }
    return some;
}

}  // namespace quartet::faults
