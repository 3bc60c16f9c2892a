#include "measure/trial/synthetic.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <fstream>
#include <limits>
#include <ranges>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace quartet::measure {
namespace {

/// A linear congruential generator, whose steps have to wait for each other: Knuth, The Art of Computer
/// Programming, volume 2, section 3.3.4, line 26.
std::uint64_t compute(std::uint64_t steps) {
    std::uint64_t state = steps;
    for (std::uint64_t step = 0; step < steps; ++step)
        state = state * 6364136223846793005u + 1442695040888963407u;
    return state;
}

/// What a task does.
struct piece {
    std::uint64_t steps = 0;
    std::size_t waits = 0;
    double wait_seconds = 0;  // each of them
    std::string url{};        // to ask, if it waits for the network
    std::string file{};       // to read, if for a disk
    std::size_t memory = 0;
    std::size_t result = 0;
    std::string input{};  // of which nothing is made

    template <class Archive>
    void serialize(Archive& archive) {
        archive(steps, waits, wait_seconds, url, file, memory, result, input);
    }
};

task<std::string> work(context& ctx, piece what) {
    [[maybe_unused]] std::string const held(what.memory, 'q');
    auto const end = compute(what.steps);
    std::chrono::duration<double> const wait(what.wait_seconds);
    for (std::size_t waited = 0; waited < what.waits; ++waited) {
        if (!what.url.empty()) {
            auto const answer = co_await ctx.fetch(http_request(what.url));
            if (!answer.ok()) throw std::runtime_error(fmt::format("GET {}: {}", what.url, answer.status));
            continue;
        }
        if (!what.file.empty()) static_cast<void>(co_await ctx.read_file(what.file));
        if (what.wait_seconds > 0)
            co_await ctx.sleep_for(std::chrono::duration_cast<std::chrono::nanoseconds>(wait));
    }
    std::string result(what.result, static_cast<char>('a' + end % 26));
    co_return result;
}

constexpr std::string_view file_to_read = "some";

double least_seconds(auto const& action) {
    constexpr int tries = 5;
    auto least = std::chrono::nanoseconds::max();
    for (int each = 0; each < tries; ++each) {
        auto const began = std::chrono::steady_clock::now();
        action();
        least = std::min<std::chrono::nanoseconds>(least, std::chrono::steady_clock::now() - began);
    }
    return std::chrono::duration<double>(std::max(least, std::chrono::nanoseconds(1))).count();
}

bool asks_server(parameter_values const& values) {
    return std::get<std::string>(values.at("for")) == "network";
}

bool reads_file(parameter_values const& values) {
    return std::get<std::string>(values.at("for")) == "disk";
}

void prepare(workload_run& run) {
    if (run.get<std::string>("for") == "disk") std::ofstream(run.scratch() / file_to_read) << "of a disk";
}

void run(workload_run& run) {
    auto const waits_for = run.get<std::string>("for");
    piece each{.steps = run.get<std::uint64_t>("steps"),
               .waits = run.get<std::size_t>("waits"),
               .memory = run.get<std::size_t>("memory"),
               .result = run.get<std::size_t>("result")};
    each.wait_seconds = run.get<double>("wait") / static_cast<double>(std::max<std::size_t>(1, each.waits));
    if (waits_for == "network")
        each.url = fmt::format("{}/after/{:.0f}", run.server_url(), each.wait_seconds * 1e3);
    if (waits_for == "disk") each.file = run.scratch() / file_to_read;
    auto const tasks = run.get<std::size_t>("tasks");
    auto const input = run.get<std::size_t>("input");
    if (input == 0) return run.checksum(run.map(work, std::vector(tasks, each)));
    each.input.assign(input, 'q');
    auto const made_when_needed = std::views::transform([&each](std::size_t) { return each; });
    run.checksum(run.map(work, std::views::iota(std::size_t{0}, tasks) | made_when_needed));
}

}  // namespace

workload const& synthetic_workload() {
    static workload const made{
        .name = "(synthetic)",
        .help = "tasks of a given shape",
        .parameters = {integer("tasks", 10, 1, 10'000'000, "how many tasks"),
                       integer("steps", 0, 0, std::int64_t{1} << 50, "that each computes"),
                       integer("waits", 1, 0, 10'000'000, "how often each waits"),
                       number("wait", 0, 0, 86'400, "seconds that each waits in all"),
                       text("for", "sleep", "what it waits for: sleep, network, or disk"),
                       integer("memory", 0, 0, std::int64_t{1} << 40, "bytes that each holds while it runs"),
                       integer("result", 0, 0, std::int64_t{1} << 30, "bytes that each gives"),
                       integer("input", 0, 0, std::int64_t{1} << 30, "bytes that each is given")},
        .needs_server = asks_server,
        .needs_files = reads_file,
        .prepare = prepare,
        .run = run,
    };
    return made;
}

parameter_values synthetic_parameters(work_shape const& work) {
    auto made = default_values(synthetic_workload().parameters, preset::quick);
    bool const waits = waits_of(work) > 0;
    std::chrono::duration<double> const cpu(work.cpu_seconds - seconds_to_fill(work.memory_bytes, !waits));
    made["tasks"] = static_cast<std::int64_t>(work.tasks);
    if (cpu.count() > 0)
        made["steps"] =
            static_cast<std::int64_t>(steps_in(std::chrono::duration_cast<std::chrono::nanoseconds>(cpu)));
    made["wait"] = work.wait_seconds;
    made["waits"] = static_cast<std::int64_t>(waits_of(work));
    if (waits) made["for"] = std::string(to_string(work.waits_for));
    made["memory"] = static_cast<std::int64_t>(work.memory_bytes);
    made["result"] = static_cast<std::int64_t>(work.result_bytes);
    made["input"] = static_cast<std::int64_t>(work.input_bytes);
    return made;
}

std::uint64_t steps_in(std::chrono::nanoseconds time) {
    constexpr std::uint64_t steps = 2'000'000;
    double const least = least_seconds([] {
        std::uint64_t const volatile result = compute(steps);
        static_cast<void>(result);
    });
    double const made = static_cast<double>(steps) / least * std::chrono::duration<double>(time).count();
    return std::max<std::uint64_t>(1, static_cast<std::uint64_t>(made));
}

double seconds_to_fill(double bytes, bool again) {
    if (bytes == 0) return 0;
    constexpr std::size_t most_in_caches = 64 << 20;
    auto const piece = static_cast<std::size_t>(std::min<double>(bytes, most_in_caches));
    std::size_t const pieces = again ? 1 : most_in_caches / piece;
    std::string held(pieces * piece, 'q');
    // Through a volatile pointer: otherwise the compiler drops the writes, since nobody reads them.
    auto* const volatile fill = std::memset;
    double const least = least_seconds([&] {
        for (std::size_t each = 0; each < pieces; ++each)
            fill(held.data() + each * piece, 'u', piece);
    });
    return least * bytes / static_cast<double>(held.size());
}

}  // namespace quartet::measure
