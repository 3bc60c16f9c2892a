// Every kind of body that the header promises, under every model.
#include "tests/conformance/models.hpp"

#include <functional>
#include <numeric>

namespace quartet::conformance::bodies_test {
namespace {

class bodies : public any_model {
protected:
    std::vector<int> const numbers_{1, 2, 3};
    std::vector<int> const expected_{11, 12, 13};
};
QUARTET_SUITE(bodies, all_rows());

int add_ten(int n) {
    return n + 10;
}
int add_ten_to_reference(int const& n) {
    return n + 10;
}
task<int> add_ten_later(context& ctx, int n) {
    co_await ctx.yield();
    co_return n + 10;
}
task<int> add_ten_to_reference_later(context& ctx, int const& n) {
    co_await ctx.yield();
    co_return n + 10;
}

TEST_P(bodies, functions) {
    auto executor = make();
    EXPECT_EQ(executor.map(add_ten, numbers_), expected_);
    EXPECT_EQ(executor.map(&add_ten, numbers_), expected_);
    EXPECT_EQ(executor.map(add_ten_to_reference, numbers_), expected_);
    EXPECT_EQ(executor.map(add_ten_later, numbers_), expected_);
    EXPECT_EQ(executor.map(add_ten_to_reference_later, numbers_), expected_);
}

TEST_P(bodies, lambdas) {
    auto executor = make();
    EXPECT_EQ(executor.map([](int n) { return n + 10; }, numbers_), expected_);
    EXPECT_EQ(executor.map([ten = 10](int n) { return n + ten; }, numbers_), expected_);
    EXPECT_EQ(executor.map([](auto n) { return n + 10; }, numbers_), expected_);
}

TEST_P(bodies, functions_that_are_given_the_context) {
    auto executor = make();
    auto const add = [](context& ctx, int n) { return n + (ctx.stop_requested() ? 0 : 10); };
    EXPECT_EQ(executor.map(add, numbers_), expected_);
    EXPECT_EQ(executor.submit(add, 1).get(), 11);
    EXPECT_EQ(executor.starmap([](context&, int a, int b) { return a + b; }, std::vector{std::pair(1, 2)}),
              std::vector{3});
    EXPECT_NO_THROW(executor.for_each(add, numbers_));
}

TEST_P(bodies, coroutine_lambdas) {
    auto executor = make();
    auto const plain = [](context& ctx, int n) -> task<int> {
        co_await ctx.yield();
        co_return n + 10;
    };
    // The captures live in the job, which outlives the body.
    auto const capturing = [ten = 10, more = std::array<int, 20>{}](context& ctx, int n) -> task<int> {
        co_await ctx.yield();
        co_return n + ten + more[3];
    };
    EXPECT_EQ(executor.map(plain, numbers_), expected_);
    EXPECT_EQ(executor.map(capturing, numbers_), expected_);
}

struct adder {
    int more = 10;
    int calls = 0;
    int operator()(int n) {
        ++calls;
        return n + more;
    }
};

struct later_adder {
    int more = 10;
    task<int> operator()(context& ctx, int n) const {
        co_await ctx.yield();
        co_return n + more;
    }
};

TEST_P(bodies, function_objects) {
    auto executor = make();
    EXPECT_EQ(executor.map(adder{}, numbers_), expected_);
    EXPECT_EQ(executor.map(later_adder{}, numbers_), expected_);
    adder mine;
    executor.map(mine, numbers_);
    EXPECT_EQ(mine.calls, 0) << "a body is copied";
}

task<int> sum_to(context& ctx, int n) {
    if (n == 0) co_return 0;
    if (n % 10 == 0) co_await ctx.yield();
    co_return n + co_await sum_to(ctx, n - 1);
}

TEST_P(bodies, that_await_tasks_of_their_own) {
    auto const results =
        make().map([](context& ctx, int n) { return sum_to(ctx, n); }, std::vector{100, 200});
    EXPECT_EQ(results, (std::vector{5050, 20100}));
}

task<int> fail_deep_down(context& ctx, int depth) {
    if (depth > 0) co_return co_await fail_deep_down(ctx, depth - 1);
    co_await ctx.yield();
    throw std::out_of_range("deep down");
}

task<std::string> catch_from_deep_down(context& ctx, int depth) {
    try {
        co_await fail_deep_down(ctx, depth);
    } catch (std::out_of_range const& thrown) {
        co_return thrown.what();
    }
    co_return "nothing was thrown";
}

TEST_P(bodies, that_catch_what_their_tasks_throw) {
    EXPECT_EQ(make().map(catch_from_deep_down, std::vector{0, 50}),
              (std::vector<std::string>(2, "deep down")));
}

task<std::uintptr_t> where_the_stack_is(context& ctx, int n) {
    if (n % 1000 == 0) co_await ctx.yield();
    char here = 0;
    char* volatile address = &here;
    co_return reinterpret_cast<std::uintptr_t>(address);
}

/// How many bytes the stack grew by while the body awaited `rounds` tasks one after another.
task<std::uintptr_t> await_often(context& ctx, int rounds) {
    std::uintptr_t lowest = co_await where_the_stack_is(ctx, 1);
    std::uintptr_t highest = lowest;
    for (int n = 0; n < rounds; ++n) {
        std::uintptr_t const here = co_await where_the_stack_is(ctx, n);
        if (n % 1000 == 1) {  // not the calls that come straight from the loop
            lowest = std::min(lowest, here);
            highest = std::max(highest, here);
        }
    }
    co_return highest - lowest;
}

// AddressSanitizer may put a local variable on a stack of its own, so there only the end is observed: with a
// stack that grew, the rounds would not reach it: 8 MB are 84 bytes a round. A loop resumes a body from deeper
// down at some times than at others, by 21 KB.
TEST_P(bodies, that_await_very_often_do_not_grow_the_stack) {
    auto const grown = make().map(await_often, std::vector{sanitized ? 100'000 : 1'000'000});
    if (!sanitized) {
        EXPECT_LT(grown.at(0), 64u << 10);
    }
}

task<int> sleep_often(context& ctx, int rounds) {
    for (int n = 0; n < rounds; ++n)
        co_await ctx.sleep_for(std::chrono::nanoseconds(1));
    co_return rounds;
}

TEST_P(bodies, that_sleep_often) {
    EXPECT_EQ(make().map(sleep_often, std::vector{2000, 1}), (std::vector{2000, 1}));
}

}  // namespace
}  // namespace quartet::conformance::bodies_test
