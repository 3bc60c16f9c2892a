// Test 7 of the Python study: reads a CSV of some 10 MB, each record's fields by the names of its header.
//
// The file is cut at record borders into as many parts as `csv.parts`, the same under all models; a task
// reads its part from the file by itself, and knows of the header only how many columns it has.
//
// A task gives a fault in its part as a value and does not throw it. One quote too many makes every later
// part seem broken, and only when all have been read is it known which part is the first: only its task has
// failed.

#include "workloads/data/csv.hpp"

#include "workloads/data/csv_digest.hpp"
#include "workloads/data/csv_split.hpp"
#include "workloads/data/generate_csv.hpp"

#include <quartet/workload/workload.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

namespace quartet {
namespace {

struct part_of_file {
    std::string path;
    std::uint64_t columns = 0;
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
    std::uint64_t first_line = 0;

    template <class Archive>
    void serialize(Archive& archive) {
        archive(path, columns, offset, length, first_line);
    }
};

struct part_read {
    csv_digest digest;
    std::string broken;  ///< where and how; empty if it is not

    template <class Archive>
    void serialize(Archive& archive) {
        archive(digest.rows, digest.fields, digest.bytes_of_content, digest.hash, broken);
    }
};

part_read digest_part(part_of_file const& part, std::string_view text) {
    try {
        csv_reader reader(part.columns, text, part.first_line);
        return {digest_of(reader), {}};
    } catch (csv_error const& broken) {
        return {{}, fmt::format("{}: {}", part.path, broken.what())};
    }
}

task<part_read> read_part(context& ctx, part_of_file part) {
    auto file = co_await ctx.open_file(part.path, open_mode::read);
    auto const text = co_await file.read_at(part.offset, part.length);
    co_await file.close();
    co_return digest_part(part, text);
}

std::filesystem::path source(workload_run const& run) {
    auto const named = run.get<std::string>("file");
    return named.empty() ? run.scratch() / "data.csv" : std::filesystem::path(named);
}

std::string load(std::filesystem::path const& path) {
    if (std::filesystem::is_directory(path))
        throw std::system_error(EISDIR, std::generic_category(),
                                fmt::format("cannot read '{}'", path.native()));
    if (std::filesystem::exists(path) && !std::filesystem::is_regular_file(path))
        throw std::runtime_error(fmt::format(
            "cannot read '{}': it is no regular file, and the parts are read from places within it; name one "
            "that is",
            path.native()));
    std::ifstream file(path, std::ios::binary | std::ios::ate);
    std::string text(file ? static_cast<std::size_t>(file.tellg()) : 0, '\0');
    if (!file.seekg(0) || !file.read(text.data(), static_cast<std::streamsize>(text.size())))
        throw std::system_error(errno, std::generic_category(),
                                fmt::format("cannot read '{}'", path.native()));
    return text;
}

/// Runs it so that the error for a broken header or an unreadable file names the file.
template <class Function>
auto naming(std::filesystem::path const& path, Function function) {
    try {
        return function();
    } catch (csv_error const& broken) {
        throw std::runtime_error(fmt::format("{}: {}", path.native(), broken.what()));
    }
}

std::vector<part_of_file> cut(std::filesystem::path const& path, std::size_t parts) {
    auto const text = load(path);
    return naming(path, [&] {
        csv_header const header(text);
        std::vector<part_of_file> all;
        for (auto const& each : split_at_records(header, text, parts))
            all.push_back({path.native(), header.size(), each.offset, each.length, each.first_line});
        return all;
    });
}

csv_digest read_in_one_go(std::filesystem::path const& path) {
    auto const text = load(path);
    csv_header const header(text);
    csv_reader reader(header, text);
    return digest_of(reader);
}

csv_digest join(std::vector<outcome<part_read>> const& parts) {
    csv_digest whole;
    for (auto const& each : parts) {
        if (each) whole.append(each->digest);
    }
    return whole;
}

bool is_broken(outcome<part_read> const& part) {
    return part && !part->broken.empty();
}

/// Fails the task of the first broken part. Of the later parts only their number is certain.
void report_broken(workload_run& run, std::vector<outcome<part_read>> const& parts) {
    auto const first = std::ranges::find_if(parts, is_broken);
    if (first == parts.end()) return;
    auto const behind = std::count_if(first + 1, parts.end(), is_broken);
    auto why = (*first)->broken;
    if (behind > 0)
        why += fmt::format(
            " (what is wrong there makes {} of the parts behind it seem broken, or they are; "
            "run again when it is mended)",
            behind);
    run.fail(static_cast<std::size_t>(first - parts.begin()), why);
}

void check(workload_run& run, csv_digest const& whole, bool all_read) {
    if (!all_read) return;  // failed tasks are reported by themselves
    run.expect(whole == read_in_one_go(source(run)), "the parts do not add up to the file read in one go");
    if (run.get<std::string>("file").empty())
        run.expect(whole.rows == run.get<std::uint64_t>("rows"),
                   fmt::format("{} rows, not {}", whole.rows, run.get<std::uint64_t>("rows")));
}

void generate(workload_run& run) {
    if (!run.get<std::string>("file").empty()) return;
    std::ofstream file(source(run), std::ios::binary);
    generate_csv(file, run.get<std::size_t>("rows"));
    if (!file.flush())
        throw std::system_error(errno, std::generic_category(),
                                fmt::format("cannot write '{}'", source(run).native()));
}

/// Files that are named are wherever they are.
bool needs_files(parameter_values const& values) {
    return std::get<std::string>(values.at("file")).empty();
}

struct state {
    csv_digest whole;
    bool all_read = false;
};

workload make_csv() {
    auto const shared = std::make_shared<state>();
    return {
        .name = "csv",
        .help = "parses a CSV file of some 10 MB",
        .parameters = {input_file("file", "the file; empty: a generated one of made-up profiles"),
                       integer("rows", 30'001, 1, 100'000'000,
                               "records of the generated file; 30,001 are 10 MB"),
                       with_study(integer("parts", 16, 1, 100'000,
                                          "tasks that share the file, cut at record borders"),
                                  std::int64_t{1})},
        .workers = {.threads = 0, .async = 16},
        .study_finding = "",
        .needs_files = needs_files,
        .prepare = generate,
        .run =
            [shared](workload_run& run) {
                auto const digests = run.map(read_part, cut(source(run), run.get<std::size_t>("parts")));
                shared->whole = join(digests);
                shared->all_read = std::ranges::all_of(
                    digests, [](auto const& each) { return each.has_value() && !is_broken(each); });
                report_broken(run, digests);
                run.checksum(shared->whole);
            },
        .verify = [shared](workload_run& run) { check(run, shared->whole, shared->all_read); },
    };
}

registration const csv_workload{make_csv()};

}  // namespace
}  // namespace quartet
