// Test 3 of the Python study: 26 writers, A to Z, each append their letter to ONE file, one character a call.

#include "workloads/data/generate_messages.hpp"

#include <quartet/workload/workload.hpp>

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace quartet {
namespace {

struct writer {
    std::string path;
    char letter = 'A';
    std::int64_t count = 0;

    template <class Archive>
    void serialize(Archive& archive) {
        archive(path, letter, count);
    }
};

task<std::int64_t> write_letters(context& ctx, writer wanted) {
    auto file = co_await ctx.open_file(wanted.path, open_mode::append);
    for (std::int64_t written = 0; written < wanted.count; ++written) {
        co_await file.append({&wanted.letter, 1});
    }
    co_await file.close();
    co_return wanted.count;
}

using letter_counts = std::array<std::int64_t, 256>;

letter_counts count_letters(std::filesystem::path const& path) {
    letter_counts counts{};
    std::ifstream file(path, std::ios::binary);
    for (std::istreambuf_iterator<char> at(file), end; at != end; ++at)
        ++counts[static_cast<unsigned char>(*at)];
    return counts;
}

std::filesystem::path target(workload_run const& run) {
    auto const named = run.get<std::string>("file");
    return named.empty() ? run.scratch() / "append.txt" : std::filesystem::path(named);
}

std::vector<writer> writers(workload_run const& run) {
    std::vector<writer> all;
    for (auto const& [letter, count] : seed_messages)
        all.push_back({target(run).native(), letter, count * run.get<std::int64_t>("factor")});
    return all;
}

/// Files that are named are wherever they are.
bool needs_files(parameter_values const& values) {
    return std::get<std::string>(values.at("file")).empty();
}

// A file that existed before is appended to, never emptied; so only what was added is checked.
struct state {
    letter_counts before{};
};

workload make_append() {
    auto const shared = std::make_shared<state>();
    return {
        .name = "append",
        .help = "26 writers append to one file, a character a call",
        .parameters = {text("file", "", "the file; empty: one that is removed afterwards"),
                       integer("factor", 1000, 1, 1'000'000,
                               "characters per second of the study's delays: 178 of these")},
        .workers = {.threads = 26, .async = 26},
        .study_finding =
            "single (0.046 s); threads are close, async takes 8.3 s since each character goes through a "
            "thread",
        .needs_files = needs_files,
        .prepare = [shared](workload_run& run) { shared->before = count_letters(target(run)); },
        .run = [](workload_run& run) { run.checksum(run.map(write_letters, writers(run))); },
        .verify =
            [shared](workload_run& run) {
                auto const after = count_letters(target(run));
                for (auto const& each : writers(run)) {
                    auto const letter = static_cast<unsigned char>(each.letter);
                    auto const found = after[letter] - shared->before[letter];
                    run.expect(found == each.count, fmt::format("{}: {} times {}, not {}", each.path, found,
                                                                each.letter, each.count));
                }
            },
    };
}

registration const append_workload{make_append()};

}  // namespace
}  // namespace quartet
