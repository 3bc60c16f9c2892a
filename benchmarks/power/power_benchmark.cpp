// benchmarks/power/power_benchmark.cpp
//
// What does a model add to work that only computes? x ** x as an exact integer for x = 1,000,000 to
// 1,000,015, by GMP. The limit is a plain loop over GMP, on as many threads as the model has workers.
//
//     power_benchmark --benchmark_repetitions=5 --benchmark_enable_random_interleaving=true
#include <quartet/quartet.hpp>

#include <benchmark/benchmark.h>
#include <gmp.h>

#include <atomic>
#include <cstddef>
#include <numeric>
#include <stdexcept>
#include <thread>
#include <vector>

namespace {

constexpr std::size_t task_count = 16;

std::vector<unsigned long> const& bases() {
    static std::vector<unsigned long> const numbers = [] {
        std::vector<unsigned long> from_a_million(task_count);
        std::iota(from_a_million.begin(), from_a_million.end(), 1'000'000ul);
        return from_a_million;
    }();
    return numbers;
}

/// The number of bits of x ** x.
std::size_t power_bits(unsigned long x) {
    mpz_t power;
    mpz_init(power);
    mpz_ui_pow_ui(power, x, x);
    std::size_t const bits = mpz_sizeinbase(power, 2);
    mpz_clear(power);
    return bits;
}

quartet::task<std::size_t> power_bits_in_coroutine(quartet::context&, unsigned long x) {
    co_return power_bits(x);
}

void check(std::vector<std::size_t> const& bits) {
    constexpr std::size_t of_the_first = 19'931'569;  // 1,000,000 * log2(1,000,000), rounded up
    if (bits.size() != task_count || bits.front() != of_the_first) throw std::runtime_error("wrong power");
}

void plain_loop(benchmark::State& state, std::size_t thread_count) {
    for (auto _ : state) {
        std::vector<std::size_t> bits(task_count);
        std::atomic<std::size_t> next = 0;
        auto const work = [&] {
            for (std::size_t i = next++; i < task_count; i = next++)
                bits[i] = power_bits(bases()[i]);
        };
        std::vector<std::jthread> others;
        for (std::size_t i = 1; i < thread_count; ++i)
            others.emplace_back(work);
        work();
        others.clear();
        check(bits);
    }
}

void model(benchmark::State& state, char const* spec) {
    auto executor = quartet::make_executor(spec);
    for (auto _ : state)
        check(executor.map(power_bits_in_coroutine, bases()));
}

void measured_in_wall_time(benchmark::internal::Benchmark* each) {
    each->UseRealTime()->Iterations(1)->Unit(benchmark::kMillisecond);
}

BENCHMARK_CAPTURE(plain_loop, one_thread, 1)->Apply(measured_in_wall_time);
BENCHMARK_CAPTURE(model, single, "single")->Apply(measured_in_wall_time);
BENCHMARK_CAPTURE(model, async, "async")->Apply(measured_in_wall_time);
BENCHMARK_CAPTURE(plain_loop, two_threads, 2)->Apply(measured_in_wall_time);
BENCHMARK_CAPTURE(model, threads, "threads:2")->Apply(measured_in_wall_time);
BENCHMARK_CAPTURE(model, processes, "processes:2")->Apply(measured_in_wall_time);

}  // namespace

BENCHMARK_MAIN();
