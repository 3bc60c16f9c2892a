// Test 5 of the Python study: many small files: create, write 4 bytes, close, open, read back, close.

#include "workloads/data/marked_folder.hpp"

#include <quartet/workload/workload.hpp>

#include <fmt/format.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace quartet {
namespace {

struct small_file {
    std::string path;
    std::string content;

    template <class Archive>
    void serialize(Archive& archive) {
        archive(path, content);
    }
};

task<std::string> write_and_read(context& ctx, small_file wanted) {
    co_await ctx.write_file(wanted.path, wanted.content);
    co_return co_await ctx.read_file(wanted.path);
}

std::filesystem::path folder(workload_run const& run) {
    auto const named = run.get<std::string>("dir");
    return named.empty() ? run.scratch() / "files" : std::filesystem::path(named) / "quartet-files";
}

std::vector<small_file> files(workload_run const& run) {
    std::vector<small_file> all;
    auto const count = run.get<std::size_t>("count");
    for (std::size_t i = 0; i < count; ++i)
        all.push_back({folder(run) / fmt::format("file_{:05}.txt", i), fmt::format("{:04}", i % 10'000)});
    return all;
}

void check(workload_run& run, std::vector<small_file> const& wanted,
           std::vector<outcome<std::string>> const& read) {
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        if (read[i] && *read[i] != wanted[i].content)
            return run.expect(false, fmt::format("{}: read back '{}', not '{}'", wanted[i].path, *read[i],
                                                 wanted[i].content));
    }
}

/// Files that are named are wherever they are.
bool needs_files(parameter_values const& values) {
    return std::get<std::string>(values.at("dir")).empty();
}

registration const files_workload{{
    .name = "files",
    .help = "writes many small files and reads them back",
    .parameters = {integer("count", 10'000, 1, 10'000'000, "how many files"),
                   text("dir", "", "where; empty: a folder that is removed afterwards")},
    .workers = {.threads = 0, .async = 100},
    .study_finding = "processes (0.83 s) ahead of single (1.02 s); threads 1.43 s, async 5.8 s",
    .needs_files = needs_files,
    .prepare = [](workload_run& run) { make_marked_folder(folder(run)); },
    .run =
        [](workload_run& run) {
            auto const wanted = files(run);
            auto const read = run.map(write_and_read, wanted);
            run.checksum(read);
            check(run, wanted, read);
        },
}};

}  // namespace
}  // namespace quartet
