// benchmarks/csv/csv_benchmark.cpp
//
// Reads the generated 10 MB file of 30,001 profiles on one core, and has Python read the same bytes.
//
//     csv_benchmark --benchmark_repetitions=9 --benchmark_report_aggregates_only
//
// Python times itself, so that its start is not counted; it reads from memory, as we do. Its decoding to
// text is done beforehand, which favours it: our reader takes bytes.
#include "workloads/data/csv.hpp"
#include "workloads/data/csv_digest.hpp"
#include "workloads/data/csv_split.hpp"
#include "workloads/data/generate_csv.hpp"

#include <benchmark/benchmark.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <unistd.h>

namespace {

std::string const& profiles() {
    static std::string const text = quartet::generate_csv();
    return text;
}

void count_bytes(benchmark::State& state) {
    state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) *
                            static_cast<std::int64_t>(profiles().size()));
}

/// Every field is found and unescaped; one is looked at by its name, as a program would.
void read_records(benchmark::State& state) {
    for (auto _ : state) {
        quartet::csv_header const header(profiles());
        std::size_t const mail = header.column("mail");
        quartet::csv_reader reader(header, profiles());
        std::size_t length = 0;
        for (quartet::csv_record record; reader.next(record);)
            length += record[mail].size();
        benchmark::DoNotOptimize(length);
    }
    count_bytes(state);
}

void read_and_digest(benchmark::State& state) {
    for (auto _ : state) {
        quartet::csv_header const header(profiles());
        quartet::csv_reader reader(header, profiles());
        benchmark::DoNotOptimize(digest_of(reader));
    }
    count_bytes(state);
}

void split(benchmark::State& state) {
    for (auto _ : state)
        benchmark::DoNotOptimize(
            quartet::split_at_records(profiles(), static_cast<std::size_t>(state.range(0))));
    count_bytes(state);
}

void split_read_and_digest(benchmark::State& state) {
    std::string_view const text = profiles();
    for (auto _ : state) {
        quartet::csv_header const header(text);
        quartet::csv_digest digest;
        for (auto const& part : quartet::split_at_records(text, static_cast<std::size_t>(state.range(0)))) {
            quartet::csv_reader reader(header, text.substr(part.offset, part.length), part.first_line);
            digest.append(digest_of(reader));
        }
        benchmark::DoNotOptimize(digest);
    }
    count_bytes(state);
}

void generate(benchmark::State& state) {
    for (auto _ : state)
        benchmark::DoNotOptimize(quartet::generate_csv());
    count_bytes(state);
}

/// The profiles in a file of their own, which goes with this object.
class profile_file {
public:
    profile_file()
        : path_(std::filesystem::temp_directory_path() / ("csv_benchmark." + std::to_string(getpid()))) {
        std::ofstream(path_, std::ios::binary) << profiles();
    }
    ~profile_file() {
        std::error_code ignored;
        std::filesystem::remove(path_, ignored);
    }
    profile_file(profile_file const&) = delete;
    profile_file& operator=(profile_file const&) = delete;

    std::string path() const { return path_.string(); }

private:
    std::filesystem::path path_;
};

/// Seconds that python3 needs for one pass, by its own clock; 0 if it fails.
double python_seconds(profile_file const& file, char const* reader) {
    std::string const command =
        "python3 -c 'import csv, io, time\ntext = io.StringIO(open(\"" + file.path() +
        "\", newline=\"\").read(), newline=\"\")\nstart = time.perf_counter()\nfor row in csv." + reader +
        "(text): pass\nprint(time.perf_counter() - start)'";
    double seconds = 0;
    if (FILE* const output = popen(command.c_str(), "r")) {
        if (std::fscanf(output, "%lf", &seconds) != 1) seconds = 0;
        pclose(output);
    }
    return seconds;
}

void python(benchmark::State& state, char const* reader) {
    profile_file const file;
    for (auto _ : state) {
        double const seconds = python_seconds(file, reader);
        if (seconds == 0) {
            state.SkipWithError("python3 did not run");
            break;
        }
        state.SetIterationTime(seconds);
    }
    count_bytes(state);
}

BENCHMARK(read_records)->Unit(benchmark::kMillisecond);
BENCHMARK(read_and_digest)->Unit(benchmark::kMillisecond);
BENCHMARK(split)->Arg(2)->Arg(16)->Unit(benchmark::kMillisecond);
BENCHMARK(split_read_and_digest)->Arg(16)->Unit(benchmark::kMillisecond);
BENCHMARK(generate)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(python, csv_reader, "reader")
    ->UseManualTime()
    ->Iterations(3)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(python, csv_DictReader, "DictReader")
    ->UseManualTime()
    ->Iterations(3)
    ->Unit(benchmark::kMillisecond);

}  // namespace
