// benchmarks/files/files_benchmark.cpp
//
// Does the event loop pay for small local files, and do threads follow the file system? 10,000 files on
// tmpfs: each is created, gets 4 bytes, is closed, opened again, read whole and closed. tmpfs has no disk to
// wait for, so the limit is the kernel's own work, and the peers are plain loops of system calls, on one
// thread and on two.
//
// All files are in one folder, as in the workload `files`. With QUARTET_FILES_FOLDER another file system is
// measured; but ext4 takes many times as long where 10,000 files were removed a moment ago.
//
//     files_benchmark --benchmark_repetitions=9 --benchmark_enable_random_interleaving=true
//
// A whole-file read must see the end of the file, which takes a second read() that gives 0: the plain loop
// does so too.
#include <quartet/quartet.hpp>

#include <benchmark/benchmark.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

constexpr std::size_t file_count = 10'000;
constexpr std::string_view content = "data";

/// The names of the files, in a folder that goes with this object.
class file_names {
public:
    file_names() : folder_(place() / ("quartet_files_benchmark." + std::to_string(getpid()))) {
        std::filesystem::create_directory(folder_);
        for (std::size_t i = 0; i < file_count; ++i)
            paths_.push_back(folder_ / ("file_" + std::to_string(i) + ".txt"));
    }
    ~file_names() {
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }
    file_names(file_names const&) = delete;
    file_names& operator=(file_names const&) = delete;

    std::vector<std::string> const& paths() const noexcept { return paths_; }
    void remove_files() const {
        for (auto const& path : paths_)
            unlink(path.c_str());
    }

private:
    static std::filesystem::path place() {
        char const* const named = std::getenv("QUARTET_FILES_FOLDER");
        return named ? named : "/dev/shm";
    }

    std::filesystem::path folder_;
    std::vector<std::string> paths_;
};

quartet::task<int> write_and_read(quartet::context& ctx, std::string const& path) {
    co_await ctx.write_file(path, content);
    co_return co_await ctx.read_file(path) == content;
}

void require(bool right) {
    if (!right) throw std::runtime_error("a file does not hold what was written to it");
}

void write_and_read_plainly(std::string const& path) {
    int const out = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    require(write(out, content.data(), content.size()) == static_cast<ssize_t>(content.size()));
    close(out);
    char buffer[4096];
    int const in = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    auto const got = read(in, buffer, sizeof buffer);
    require(read(in, buffer + got, sizeof buffer - static_cast<std::size_t>(got)) == 0);
    close(in);
    require(std::string_view(buffer, static_cast<std::size_t>(got)) == content);
}

/// Times `pass` with the files absent at its beginning.
void time_passes(benchmark::State& state, auto&& pass) {
    file_names const files;
    for (auto _ : state) {
        pass(files.paths());
        state.PauseTiming();
        files.remove_files();
        state.ResumeTiming();
    }
    state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * file_count));
}

void system_calls(benchmark::State& state) {
    time_passes(state, [](auto const& paths) {
        for (auto const& path : paths)
            write_and_read_plainly(path);
    });
}

/// Each thread takes the next 16 files when it is done with its last.
void system_calls_on_threads(benchmark::State& state) {
    constexpr std::size_t at_a_time = 16;
    time_passes(state, [&state](auto const& paths) {
        std::atomic<std::size_t> next = 0;
        std::vector<std::jthread> threads;
        for (std::int64_t i = 0; i < state.range(0); ++i) {
            threads.emplace_back([&] {
                for (std::size_t first = 0; (first = next.fetch_add(at_a_time)) < paths.size();) {
                    std::size_t const end = std::min(first + at_a_time, paths.size());
                    for (; first < end; ++first)
                        write_and_read_plainly(paths[first]);
                }
            });
        }
    });
}

void model(benchmark::State& state, char const* spec, quartet::file_backend backend) {
    auto executor = quartet::make_executor(spec, {.log = {}, .files = backend});
    time_passes(state, [&](auto const& paths) {
        for (bool const right : executor.map(write_and_read, paths))
            require(right);
    });
}

using quartet::file_backend;

void measured_in_wall_time(benchmark::internal::Benchmark* each) {
    each->UseRealTime()->MeasureProcessCPUTime()->Iterations(1)->Unit(benchmark::kMillisecond);
}

BENCHMARK(system_calls)->Apply(measured_in_wall_time);
BENCHMARK(system_calls_on_threads)->Arg(2)->Apply(measured_in_wall_time);
BENCHMARK_CAPTURE(model, single, "single", file_backend::automatic)->Apply(measured_in_wall_time);
BENCHMARK_CAPTURE(model, threads, "threads:2", file_backend::automatic)->Apply(measured_in_wall_time);
BENCHMARK_CAPTURE(model, async, "async", file_backend::automatic)->Apply(measured_in_wall_time);
BENCHMARK_CAPTURE(model, async_on_io_uring, "async", file_backend::io_uring)->Apply(measured_in_wall_time);
BENCHMARK_CAPTURE(model, async_on_threads, "async", file_backend::threads)->Apply(measured_in_wall_time);

}  // namespace

BENCHMARK_MAIN();
