// The mix: event loops wait for many things at the same time, and worker processes compute on all cores. As
// one executor with a loop in each process, and as two that work together.
#include <quartet/quartet.hpp>

#include <chrono>
#include <cstdint>
#include <iostream>
#include <ranges>

using namespace std::chrono_literals;

// [compute]
std::uint64_t sum_of_squares(std::uint64_t last) {
    std::uint64_t sum = 0;
    for (std::uint64_t number = 1; number <= last; ++number)
        sum += number * number;
    return sum;
}
// [/compute]

// [wait]
quartet::task<std::uint64_t> answer(quartet::context& ctx, quartet::executor& pool, std::uint64_t question) {
    co_await ctx.sleep_for(10ms);  // in place of a fetch: all questions wait at the same time
    auto sum = pool.submit(sum_of_squares, question);
    co_return co_await ctx.offload([&] { return sum.get(); });  // the loop goes on meanwhile
}
// [/wait]

// [composed]
void ask_in_each_process() {
    auto const wait_and_compute = [](quartet::context& ctx,
                                     std::uint64_t question) -> quartet::task<std::uint64_t> {
        co_await ctx.sleep_for(10ms);
        co_return sum_of_squares(question);
    };
    auto executor = quartet::make_executor("processes:2+async:100");
    for (auto const sum :
         executor.map(wait_and_compute, std::views::iota(std::uint64_t{1}, std::uint64_t{6})))
        std::cout << sum << '\n';
}
// [/composed]

int main() {
    ask_in_each_process();

    // [mix]
    auto pool = quartet::make_executor("processes:2");  // first: it forks, and the loop is a thread
    auto loop = quartet::make_executor("async");
    auto const ask = [&pool](quartet::context& ctx, std::uint64_t question) {
        return answer(ctx, pool, question);
    };
    for (auto const sum : loop.map(ask, std::views::iota(std::uint64_t{1}, std::uint64_t{6})))
        std::cout << sum << '\n';
    // [/mix]
}
