// Test 2 of the Python study: one URL, fetched n times, each body read whole.

#include "src/io/http/http_failure.hpp"

#include <quartet/workload/workload.hpp>

#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace quartet {
namespace {

struct page_request {
    std::string url;
    double timeout_seconds = 0;
    bool reuse = false;

    template <class Archive>
    void serialize(Archive& archive) {
        archive(url, timeout_seconds, reuse);
    }
};

struct page {
    std::uint64_t status;
    std::uint64_t bytes;
};

task<page> fetch_page(context& ctx, page_request wanted) {
    http_request request(wanted.url);
    request.timeout =
        std::chrono::ceil<std::chrono::milliseconds>(std::chrono::duration<double>(wanted.timeout_seconds));
    request.reuse_connection = wanted.reuse;
    auto const response = co_await ctx.fetch(std::move(request));
    if (!response.ok())
        throw std::runtime_error(
            fmt::format("GET {}: status {}", detail::without_credentials(wanted.url), response.status));
    co_return page{static_cast<std::uint64_t>(response.status), response.body.size()};
}

bool asks_own_server(parameter_values const& values) {
    return std::get<std::string>(values.at("url")).empty();
}

constexpr std::uint64_t own_page_bytes = 15'000;

void check_pages(workload_run& run, std::vector<outcome<page>> const& pages) {
    for (auto const& each : pages) {
        if (each && each->bytes != own_page_bytes)
            return run.expect(false, fmt::format("a page has {} bytes, not {}", each->bytes, own_page_bytes));
    }
}

void run(workload_run& run) {
    auto const url = run.get<std::string>("url");
    page_request const wanted{url.empty() ? run.server_url() + "/page" : url, run.get<double>("timeout"),
                              run.get<bool>("reuse")};
    auto const count = run.get<std::size_t>("count");
    if (run.get<bool>("series")) {
        for (std::size_t n : {std::size_t{1}, std::size_t{10}, std::size_t{100}, std::size_t{500}}) {
            if (n >= count) break;
            run.map(fetch_page, std::vector(n, wanted));
            run.lap(fmt::format("{} fetches", n));
        }
        run.start_clock();
    }
    auto const pages = run.map(fetch_page, std::vector(count, wanted));
    run.checksum(pages);
    if (url.empty()) check_pages(run, pages);
}

registration const fetch_workload{{
    .name = "fetch",
    .help = "fetches one URL many times",
    .parameters = {with_study(integer("count", 100, 1, 10'000'000, "how many times"), std::int64_t{1000}),
                   text("url", "", "what to fetch; empty: a page of 15,000 bytes from quartet's own server"),
                   with_study(flag("reuse", true, "whether a connection serves several requests"), false),
                   with_study(flag("series", false, "first fetch 1, 10, 100 and 500 times, timed as laps"),
                              true),
                   number("timeout", 15, 0.001, 86400, "seconds that one fetch may take")},
    .workers = {.threads = 32, .async = 100},
    .study_finding = "threads (6.9 s) ahead of async (9.2 s); processes 82 s, single 244 s",
    .needs_server = asks_own_server,
    .run = run,
}};

}  // namespace
}  // namespace quartet
