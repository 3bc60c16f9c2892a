// Test 1 of the Python study: 26 responses named A to Z, each of which takes its time and says when it starts
// and finishes.

#include "workloads/data/generate_messages.hpp"

#include <quartet/workload/workload.hpp>

#include <fmt/format.h>

#include <chrono>
#include <string>
#include <vector>

namespace quartet {
namespace {

struct response {
    char name;
    double seconds;
};

task<char> respond(context& ctx, response wanted) {
    ctx.log(fmt::format("Response {}: starting", wanted.name));
    co_await ctx.sleep_for(
        std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::duration<double>(wanted.seconds)));
    ctx.log(fmt::format("Response {}: finishing", wanted.name));
    co_return wanted.name;
}

void run(workload_run& run) {
    auto const scale = run.get<double>("scale");
    std::vector<response> responses;
    for (auto const& [name, count] : seed_messages)
        responses.push_back({name, count * scale});
    run.checksum(run.map(respond, responses));
}

registration const sleep_workload{{
    .name = "sleep",
    .help = "26 tasks that only wait, 2 to 10 s each in the Python study",
    .parameters = {with_study(
        number("scale", 0.01, 0, 1000, "factor on the study's delays, which are 178 s in all"), 1.0)},
    .workers = {.threads = 26, .async = 26},
    .study_finding =
        "async and threads (10.0 s), because all waits overlap; 2 to 8 processes overlap only as many",
    .run = run,
}};

}  // namespace
}  // namespace quartet
