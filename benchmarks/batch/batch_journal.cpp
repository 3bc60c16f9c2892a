// benchmarks/batch/batch_journal.cpp
//
// What a row of a batch's journal costs, in a file of $TMPDIR, with the disk asked to keep it once a second
// as `quartet batch` does; beside it a plain write(2) of as many bytes, which is the least that it can cost.

#include "batch/journal/journal.hpp"
#include "batch/run/journal_keeper.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <string>
#include <unistd.h>
#include <vector>

namespace {

using namespace quartet;
using clock_type = std::chrono::steady_clock;

constexpr int rows = 200'000;
constexpr int rounds = 5;

batch::journal_row row_of(int job) {
    batch::journal_row made;
    made.job = static_cast<std::uint64_t>(job);
    made.started = 1.8e9;
    made.seconds = 0.123;
    made.peak_bytes = 12 << 20;
    made.input = {fmt::format("some/folder/file-{}.log", job)};
    return made;
}

double microseconds_since(clock_type::time_point begin) {
    return std::chrono::duration<double, std::micro>(clock_type::now() - begin).count();
}

double journal_round(std::filesystem::path const& path) {
    std::filesystem::remove(path);
    auto made = batch::journal::create(path, {.folder = "/", .arguments = {"true"}});
    batch::journal_keeper keeper(made);
    auto const begin = clock_type::now();
    for (int job = 1; job <= rows; ++job)
        keeper.add(row_of(job));
    double const took = microseconds_since(begin) / rows;
    keeper.finish();
    return took;
}

double write_round(std::filesystem::path const& path, std::string const& line) {
    std::filesystem::remove(path);
    int const file = open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    auto const begin = clock_type::now();
    for (int job = 1; job <= rows; ++job)
        static_cast<void>(write(file, line.data(), line.size()) < 0);
    double const took = microseconds_since(begin) / rows;
    close(file);
    return took;
}

double median(std::vector<double> values) {
    std::ranges::sort(values);
    return values[values.size() / 2];
}

}  // namespace

int main() {
    auto const folder = std::filesystem::temp_directory_path();
    auto const path = folder / fmt::format("quartet-batch-journal-{}", getpid());
    std::vector<double> journals;
    std::vector<double> writes;
    for (int round = 0; round < rounds; ++round) {
        journals.push_back(journal_round(path));
        writes.push_back(write_round(path, batch::to_line(row_of(rows))));
    }
    std::filesystem::remove(path);
    fmt::print(
        "a row of a journal: {:.2f} us; a plain write of as many bytes: {:.2f} us (medians of {} rounds of "
        "{})\n",
        median(journals), median(writes), rounds, rows);
}
