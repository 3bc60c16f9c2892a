// benchmarks/nested/nested_benchmark.cpp
//
// What does it cost to split work while it runs? Four programs of divide and conquer, as tzcnt's
// runtime-benchmarks have them, each in three ways on two threads: with coroutines of quartet, with plain
// functions of quartet that are given the context, and with oneTBB's task_group. nested_go.go has them with
// goroutines.
//
//   - fib: fib(30), a call for every number: nothing but the cost of calls, 1.3 million of them;
//   - queens: all solutions of 12 queens, a call for every placed queen (857,000);
//   - skynet: a tree of calls with ten children each, a million leaves, whose numbers are summed;
//   - matmul: two matrices of 1024 × 1024, by quadrants, 32 × 32 in the end: mostly computing.
//
// And split: one task that computes for some 40 ms in 8 calls, under each model whose workers share calls,
// and under `single`: 0.5 of that is what two workers can reach.
#include <quartet/quartet.hpp>

#include <benchmark/benchmark.h>
#include <tbb/global_control.h>
#include <tbb/task_group.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using quartet::context;
using quartet::nested_call;
using quartet::task;

constexpr int fib_of = 30;
constexpr long fib_value = 832'040;
constexpr int queens = 12;
constexpr long queens_solutions = 14'200;
constexpr long skynet_leaves = 1'000'000;
constexpr long skynet_sum = skynet_leaves * (skynet_leaves - 1) / 2;
constexpr int matrix_size = 1024;
constexpr int smallest_block = 32;

void check(bool right) {
    if (!right) throw std::runtime_error("wrong results");
}

// ---- fib

task<long> fib_coroutine(context& ctx, int n) {
    if (n < 2) co_return n;
    auto left = ctx.submit(fib_coroutine, n - 1);
    long const right = co_await fib_coroutine(ctx, n - 2);
    co_return co_await left + right;
}

long fib_function(context& ctx, int n) {
    if (n < 2) return n;
    auto left = ctx.submit(fib_function, n - 1);
    long const right = fib_function(ctx, n - 2);
    return left.get() + right;
}

long fib_tbb(int n) {
    if (n < 2) return n;
    long left = 0;
    tbb::task_group group;
    group.run([&left, n] { left = fib_tbb(n - 1); });
    long const right = fib_tbb(n - 2);
    group.wait();
    return left + right;
}

// ---- queens

struct board {
    std::array<signed char, queens> columns{};
    int placed = 0;

    bool lets(int column) const {
        for (int row = 0; row < placed; ++row) {
            int const distance = columns[static_cast<std::size_t>(row)] - column;
            if (distance == 0 || std::abs(distance) == placed - row) return false;
        }
        return true;
    }
    board with(int column) const {
        board made = *this;
        made.columns[static_cast<std::size_t>(made.placed++)] = static_cast<signed char>(column);
        return made;
    }
};

task<long> queens_coroutine(context& ctx, board on) {
    if (on.placed == queens) co_return 1;
    std::array<nested_call<long>, queens> calls;
    std::size_t made = 0;
    for (int column = 0; column < queens; ++column) {
        if (on.lets(column)) calls[made++] = ctx.submit(queens_coroutine, on.with(column));
    }
    long solutions = 0;
    for (std::size_t i = made; i-- > 0;)
        solutions += co_await calls[i];
    co_return solutions;
}

long queens_function(context& ctx, board on) {
    if (on.placed == queens) return 1;
    std::array<nested_call<long>, queens> calls;
    std::size_t made = 0;
    for (int column = 0; column < queens; ++column) {
        if (on.lets(column)) calls[made++] = ctx.submit(queens_function, on.with(column));
    }
    long solutions = 0;
    for (std::size_t i = made; i-- > 0;)
        solutions += calls[i].get();
    return solutions;
}

long queens_tbb(board const& on) {
    if (on.placed == queens) return 1;
    std::array<long, queens> found{};
    tbb::task_group group;
    for (int column = 0; column < queens; ++column) {
        if (on.lets(column))
            group.run([place = &found[static_cast<std::size_t>(column)], next = on.with(column)] {
                *place = queens_tbb(next);
            });
    }
    group.wait();
    long solutions = 0;
    for (long const each : found)
        solutions += each;
    return solutions;
}

// ---- skynet

task<long> skynet_coroutine(context& ctx, long first, long leaves) {
    if (leaves == 1) co_return first;
    std::array<nested_call<long>, 10> calls;
    long const part = leaves / 10;
    for (std::size_t i = 0; i < calls.size(); ++i)
        calls[i] = ctx.submit(skynet_coroutine, first + static_cast<long>(i) * part, part);
    long sum = 0;
    for (std::size_t i = calls.size(); i-- > 0;)
        sum += co_await calls[i];
    co_return sum;
}

long skynet_function(context& ctx, long first, long leaves) {
    if (leaves == 1) return first;
    std::array<nested_call<long>, 10> calls;
    long const part = leaves / 10;
    for (std::size_t i = 0; i < calls.size(); ++i)
        calls[i] = ctx.submit(skynet_function, first + static_cast<long>(i) * part, part);
    long sum = 0;
    for (std::size_t i = calls.size(); i-- > 0;)
        sum += calls[i].get();
    return sum;
}

long skynet_tbb(long first, long leaves) {
    if (leaves == 1) return first;
    std::array<long, 10> sums{};
    long const part = leaves / 10;
    tbb::task_group group;
    for (std::size_t i = 0; i < sums.size(); ++i)
        group.run(
            [&sums, i, first, part] { sums[i] = skynet_tbb(first + static_cast<long>(i) * part, part); });
    group.wait();
    long sum = 0;
    for (long const each : sums)
        sum += each;
    return sum;
}

// ---- matmul

/// Parts of three square matrices: c += a * b. Both threads see them.
struct product {
    double const* a;
    double const* b;
    double* c;
    int size;
};

void multiply(product const& of) {
    for (int row = 0; row < of.size; ++row) {
        for (int inner = 0; inner < of.size; ++inner) {
            double const factor = of.a[row * matrix_size + inner];
            for (int column = 0; column < of.size; ++column)
                of.c[row * matrix_size + column] += factor * of.b[inner * matrix_size + column];
        }
    }
}

/// The four products of quadrants that can go on at the same time, in the first or the second half.
std::array<product, 4> quarters(product const& of, int half) {
    int const size = of.size / 2;
    std::array<product, 4> made{};
    for (int row = 0; row < 2; ++row) {
        for (int column = 0; column < 2; ++column)
            made[static_cast<std::size_t>(2 * row + column)] = {
                of.a + row * size * matrix_size + half * size,
                of.b + half * size * matrix_size + column * size,
                of.c + row * size * matrix_size + column * size, size};
    }
    return made;
}

}  // namespace

template <>
inline constexpr bool quartet::crosses_as_bytes<product> = true;  // it is not run in another process

namespace {

task<void> matmul_coroutine(context& ctx, product of) {
    if (of.size <= smallest_block) {
        multiply(of);
        co_return;
    }
    for (int half = 0; half < 2; ++half) {
        auto const parts = quarters(of, half);
        std::array<nested_call<void>, 3> calls;
        for (std::size_t i = 0; i < calls.size(); ++i)
            calls[i] = ctx.submit(matmul_coroutine, parts[i]);
        co_await matmul_coroutine(ctx, parts[3]);
        for (std::size_t i = calls.size(); i-- > 0;)
            co_await calls[i];
    }
}

void matmul_function(context& ctx, product of) {
    if (of.size <= smallest_block) return multiply(of);
    for (int half = 0; half < 2; ++half) {
        auto const parts = quarters(of, half);
        std::array<nested_call<void>, 3> calls;
        for (std::size_t i = 0; i < calls.size(); ++i)
            calls[i] = ctx.submit(matmul_function, parts[i]);
        matmul_function(ctx, parts[3]);
        for (std::size_t i = calls.size(); i-- > 0;)
            calls[i].get();
    }
}

void matmul_tbb(product of) {
    if (of.size <= smallest_block) return multiply(of);
    for (int half = 0; half < 2; ++half) {
        auto const parts = quarters(of, half);
        tbb::task_group group;
        for (std::size_t i = 0; i < 3; ++i)
            group.run([part = parts[i]] { matmul_tbb(part); });
        matmul_tbb(parts[3]);
        group.wait();
    }
}

class matrices {
public:
    matrices() : a_(cells, 1.0), b_(cells, 2.0), c_(cells) {}
    product whole() {
        std::ranges::fill(c_, 0.0);
        return {a_.data(), b_.data(), c_.data(), matrix_size};
    }
    void check_product() const { check(c_.front() == 2.0 * matrix_size && c_.back() == 2.0 * matrix_size); }

private:
    static constexpr std::size_t cells = std::size_t{matrix_size} * matrix_size;
    std::vector<double> a_, b_, c_;
};

// ---- The three ways

/// The executor outlives the measures: what it costs to make is another question.
quartet::executor& threads() {
    static auto executor = quartet::make_executor("threads:2");
    return executor;
}

void run_fib(benchmark::State& state, auto&& fib) {
    for (auto _ : state)
        check(fib(fib_of) == fib_value);
}

// ---- split

task<std::uint64_t> compute(context&, std::uint64_t rounds) {
    std::uint64_t state = rounds | 1;
    for (std::uint64_t i = 0; i < rounds; ++i) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
    }
    co_return state;
}

task<std::uint64_t> split(context& ctx, std::uint64_t rounds) {
    std::array<nested_call<std::uint64_t>, 8> calls;
    for (auto& each : calls)
        each = ctx.submit(compute, rounds / calls.size());
    std::uint64_t sum = 0;
    for (auto& each : calls)
        sum += co_await each;
    co_return sum;
}

void run_split(benchmark::State& state, std::string const& spec) {
    constexpr std::uint64_t rounds = 20'000'000;
    auto executor = quartet::make_executor(spec);
    check(executor.submit(split, rounds).get() != 0);  // all workers are there
    for (auto _ : state)
        check(executor.submit(split, rounds).get() != 0);
}

void run_queens(benchmark::State& state, auto&& solve) {
    for (auto _ : state)
        check(solve(board()) == queens_solutions);
}

void run_skynet(benchmark::State& state, auto&& skynet) {
    for (auto _ : state)
        check(skynet(0L, skynet_leaves) == skynet_sum);
}

void run_matmul(benchmark::State& state, auto&& matmul) {
    matrices made;
    for (auto _ : state) {
        state.PauseTiming();
        product const whole = made.whole();
        state.ResumeTiming();
        matmul(whole);
        made.check_product();
    }
}

/// A body as a function without a context.
auto by_quartet(auto body) {
    return [body](auto... args) { return threads().submit(body, args...).get(); };
}

void add(char const* name, auto run, auto call) {
    benchmark::RegisterBenchmark(name, [run, call](benchmark::State& state) { run(state, call); })
        ->Iterations(1)
        ->UseRealTime();
}

void add_all() {
    auto const fib = [](auto& state, auto call) { run_fib(state, call); };
    add("fib/coroutine", fib, by_quartet(fib_coroutine));
    add("fib/function", fib, by_quartet(fib_function));
    add("fib/tbb", fib, fib_tbb);
    auto const solve = [](auto& state, auto call) { run_queens(state, call); };
    add("queens/coroutine", solve, by_quartet(queens_coroutine));
    add("queens/function", solve, by_quartet(queens_function));
    add("queens/tbb", solve, queens_tbb);
    auto const skynet = [](auto& state, auto call) { run_skynet(state, call); };
    add("skynet/coroutine", skynet, by_quartet(skynet_coroutine));
    add("skynet/function", skynet, by_quartet(skynet_function));
    add("skynet/tbb", skynet, skynet_tbb);
    auto const matmul = [](auto& state, auto call) { run_matmul(state, call); };
    add("matmul/coroutine", matmul, by_quartet(matmul_coroutine));
    add("matmul/function", matmul, by_quartet(matmul_function));
    add("matmul/tbb", matmul, matmul_tbb);
    for (std::string const spec : {"single", "threads:2", "threads:2+async", "processes:2"})
        add(("split/" + spec).c_str(), [spec](auto& state, auto) { run_split(state, spec); }, 0);
}

}  // namespace

int main(int argc, char** argv) {
    tbb::global_control const two(tbb::global_control::max_allowed_parallelism, 2);
    benchmark::Initialize(&argc, argv);
    add_all();
    benchmark::RunSpecifiedBenchmarks();
}
