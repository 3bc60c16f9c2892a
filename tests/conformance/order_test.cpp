// A model that reports in order of completion looks right in a demo and breaks every caller that zips inputs
// with results. The slow body is first, so that mistake shows.
#include "tests/conformance/models.hpp"
#include "tests/conformance/shared.hpp"

#include <algorithm>
#include <numeric>
#include <ranges>

namespace quartet::conformance::order_test {
namespace {

using namespace std::chrono_literals;

class order : public any_model {};
QUARTET_SUITE(order, all_rows());

task<int> answer_after(context& ctx, std::pair<int, int> wait_and_answer) {
    co_await ctx.sleep_for(std::chrono::milliseconds(wait_and_answer.first));
    co_return wait_and_answer.second;
}

TEST_P(order, results_come_in_the_order_of_the_inputs) {
    std::vector<std::pair<int, int>> const inputs{{60, 1}, {0, 2}, {30, 3}, {1, 4}};
    EXPECT_EQ(make().map(answer_after, inputs), (std::vector{1, 2, 3, 4}));
}

TEST_P(order, outcomes_come_in_the_order_of_the_inputs) {
    auto const fail_odd = [](int n) {
        if (n % 2) throw std::runtime_error(std::to_string(n));
        return n;
    };
    auto const outcomes = make().try_map(fail_odd, std::views::iota(0, 50));
    ASSERT_EQ(outcomes.size(), 50u);
    for (int n = 0; n < 50; ++n) {
        auto const& each = outcomes[static_cast<std::size_t>(n)];
        if (n % 2) {
            EXPECT_EQ(each.error().index, static_cast<std::size_t>(n));
            EXPECT_EQ(each.error().message, std::to_string(n));
        } else {
            EXPECT_EQ(each.value(), n);
        }
    }
}

TEST_P(order, no_inputs_give_no_results) {
    auto executor = make();
    EXPECT_TRUE(executor.map([](int n) { return n; }, std::vector<int>{}).empty());
    EXPECT_TRUE(executor.try_map([](int n) { return n; }, std::vector<int>{}).empty());
    executor.map([](int) {}, std::vector<int>{});
}

TEST_P(order, one_input_gives_one_result) {
    EXPECT_EQ(make().map([](int n) { return n + 1; }, std::vector{4}), std::vector{5});
}

TEST_P(order, many_plain_bodies_run_once_each) {
    shared_counter calls;
    auto executor = make();
    auto const count = [calls = &calls](std::size_t n) {
        calls->fetch_add(1);
        return 3 * n;
    };
    auto const results = executor.map(count, std::views::iota(std::size_t{0}, many()));
    EXPECT_EQ(*calls, many());
    ASSERT_EQ(results.size(), many());
    for (std::size_t n = 0; n < many(); ++n)
        ASSERT_EQ(results[n], 3 * n);
}

struct counted_input {
    std::size_t number;
    counter_reference calls;
};

task<std::size_t> yield_and_count(context& ctx, counted_input input) {
    co_await ctx.yield();
    input.calls->fetch_add(1);
    co_return 3 * input.number;
}

TEST_P(order, many_coroutine_bodies_run_once_each) {
    shared_counter calls;
    std::vector<counted_input> inputs;
    for (std::size_t n = 0; n < many(); ++n)
        inputs.push_back({n, &calls});
    auto const results = make().map(yield_and_count, inputs);
    EXPECT_EQ(*calls, many());
    for (std::size_t n = 0; n < many(); ++n)
        ASSERT_EQ(results[n], 3 * n);
}

}  // namespace
}  // namespace quartet::conformance::order_test
