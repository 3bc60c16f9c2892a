// benchmarks/dispatch/dispatch_benchmark.cpp
//
// What does it cost to hand a task to a model and take its result back? A map of 1,000,000 tasks that add 1
// to an integer, so that nothing but the handing over is left. Workers are warm: they have been started
// before the clock is. Divide a time by 1,000,000 for the cost of a task.
//
//     dispatch_benchmark --benchmark_repetitions=9 --benchmark_enable_random_interleaving=true
//
// Peers in the same run: a bare coroutine (create, run, destroy), which no model can beat; oneTBB's
// parallel_for with a task per element and with its automatic partitioner; boost::asio::post to a pool of
// two threads. multiprocessing.Pool is in pool_map.py. Taskflow and BS::thread_pool are not in Debian 12.
#include <quartet/quartet.hpp>

#include <benchmark/benchmark.h>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <tbb/global_control.h>
#include <tbb/parallel_for.h>

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <stdexcept>
#include <vector>

namespace {

constexpr std::size_t task_count = 1'000'000;
constexpr std::size_t workers = 2;

std::vector<std::int64_t> const& inputs() {
    static std::vector<std::int64_t> const numbers = [] {
        std::vector<std::int64_t> from_zero(task_count);
        std::iota(from_zero.begin(), from_zero.end(), 0);
        return from_zero;
    }();
    return numbers;
}

std::int64_t add_one(std::int64_t number) {
    return number + 1;
}

quartet::task<std::int64_t> add_one_in_coroutine(quartet::context&, std::int64_t number) {
    co_return number + 1;
}

quartet::task<std::int64_t> bare_add_one(std::int64_t number) {
    co_return number + 1;
}

void check(std::vector<std::int64_t> const& results) {
    if (results.size() != task_count || results.back() != static_cast<std::int64_t>(task_count))
        throw std::runtime_error("wrong results");
}

/// Times `pass`, which gives all results, once per iteration.
void time_passes(benchmark::State& state, auto&& pass) {
    check(pass());  // warm
    for (auto _ : state)
        check(pass());
    state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * task_count));
}

void map_coroutines(benchmark::State& state, char const* spec) {
    auto executor = quartet::make_executor(spec);
    time_passes(state, [&] { return executor.map(add_one_in_coroutine, inputs()); });
}

void map_functions(benchmark::State& state, char const* spec) {
    auto executor = quartet::make_executor(spec);
    time_passes(state, [&] { return executor.map(add_one, inputs()); });
}

void bare_coroutine(benchmark::State& state) {
    time_passes(state, [] {
        std::vector<std::int64_t> results(task_count);
        for (std::size_t i = 0; i < task_count; ++i) {
            auto body = bare_add_one(inputs()[i]);
            body.start();
            results[i] = body.take();
        }
        return results;
    });
}

template <class Partitioner>
void tbb_parallel_for(benchmark::State& state, Partitioner const& partitioner) {
    tbb::global_control const two(tbb::global_control::max_allowed_parallelism, workers);
    time_passes(state, [&] {
        std::vector<std::int64_t> results(task_count);
        auto const run = [&](tbb::blocked_range<std::size_t> const& range) {
            for (std::size_t i = range.begin(); i != range.end(); ++i)
                results[i] = add_one(inputs()[i]);
        };
        tbb::parallel_for(tbb::blocked_range<std::size_t>(0, task_count, 1), run, partitioner);
        return results;
    });
}

void asio_post(benchmark::State& state) {
    time_passes(state, [] {
        std::vector<std::int64_t> results(task_count);
        boost::asio::thread_pool pool(workers);
        for (std::size_t i = 0; i < task_count; ++i)
            boost::asio::post(pool, [&results, i] { results[i] = add_one(inputs()[i]); });
        pool.join();
        return results;
    });
}

void measured_in_wall_time(benchmark::internal::Benchmark* each) {
    each->UseRealTime()->Iterations(1)->Unit(benchmark::kMillisecond);
}

BENCHMARK(bare_coroutine)->Apply(measured_in_wall_time);
BENCHMARK_CAPTURE(map_coroutines, single, "single")->Apply(measured_in_wall_time);
BENCHMARK_CAPTURE(map_functions, single, "single")->Apply(measured_in_wall_time);
BENCHMARK_CAPTURE(map_coroutines, async, "async")->Apply(measured_in_wall_time);
BENCHMARK_CAPTURE(map_coroutines, threads, "threads:2")->Apply(measured_in_wall_time);
BENCHMARK_CAPTURE(map_functions, threads, "threads:2")->Apply(measured_in_wall_time);
BENCHMARK_CAPTURE(map_coroutines, processes, "processes:2")->Apply(measured_in_wall_time);
BENCHMARK_CAPTURE(map_functions, processes, "processes:2")->Apply(measured_in_wall_time);
BENCHMARK_CAPTURE(tbb_parallel_for, grain_1, tbb::simple_partitioner())->Apply(measured_in_wall_time);
BENCHMARK_CAPTURE(tbb_parallel_for, automatic, tbb::auto_partitioner())->Apply(measured_in_wall_time);
BENCHMARK(asio_post)->Apply(measured_in_wall_time);

}  // namespace

BENCHMARK_MAIN();
