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

constexpr std::size_t piece_size = std::size_t{256} << 10;

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

class input_text {
public:
    explicit input_text(std::filesystem::path const& path) : path_(path) {
        if (std::filesystem::is_directory(path)) fail(EISDIR);
        if (std::filesystem::exists(path) && !std::filesystem::is_regular_file(path))
            throw std::runtime_error(fmt::format(
                "cannot read '{}': it is no regular file, and the parts are read from places within it; name "
                "one that is",
                path.native()));
        file_.open(path, std::ios::binary | std::ios::ate);
        if (!file_) fail(errno);
        size_ = left_ = static_cast<std::size_t>(file_.tellg());
        if (!file_.seekg(0)) fail(errno);
    }

    std::size_t size() const { return size_; }

    /// Appends what follows, up to so many bytes; false at the end.
    bool read(std::string& to, std::size_t most) {
        std::size_t const count = std::min(most, left_);
        std::size_t const before = to.size();
        to.resize(before + count);
        if (!file_.read(to.data() + before, static_cast<std::streamsize>(count))) fail(errno);
        left_ -= count;
        return count > 0;
    }

private:
    [[noreturn]] void fail(int why) const {
        throw std::system_error(why, std::generic_category(),
                                fmt::format("cannot read '{}'", path_.native()));
    }

    std::filesystem::path path_;
    std::ifstream file_;
    std::size_t size_ = 0;
    std::size_t left_ = 0;
};

std::string load(std::filesystem::path const& path) {
    input_text file(path);
    std::string text;
    file.read(text, file.size());
    return text;
}

/// Reads until the header is in `text`. Throws csv_error.
csv_header read_header(input_text& file, std::string& text) {
    for (std::size_t piece = piece_size;; piece = text.size()) {
        bool const is_more = file.read(text, piece);
        try {
            csv_header header(text);
            if (!is_more || header.records_offset() < text.size()) return header;
        } catch (csv_error const&) {
            if (!is_more) throw;  // else it may have been cut
        }
    }
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

/// In pieces: memory for the whole file, which is new to the process, would take longer than the reading.
std::vector<part_of_file> cut(std::filesystem::path const& path, std::size_t parts) {
    input_text file(path);
    return naming(path, [&] {
        std::string piece;
        csv_header const header = read_header(file, piece);
        csv_splitter splitter(header, file.size(), parts);
        splitter.add(std::string_view(piece).substr(header.records_offset()));
        for (piece.clear(); file.read(piece, piece_size); piece.clear())
            splitter.add(piece);
        std::vector<part_of_file> all;
        for (auto const& each : splitter.take())
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
