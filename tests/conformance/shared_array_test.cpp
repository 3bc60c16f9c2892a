// Data that all processes see, in every model.
#include "tests/conformance/models.hpp"

#include <atomic>
#include <numeric>
#include <optional>
#include <ranges>
#include <stdexcept>

namespace quartet::conformance::shared_array_test {
namespace {

class a_shared_array : public any_model {};
QUARTET_SUITE(a_shared_array, all_rows());

constexpr std::size_t count = 100'000;
constexpr std::size_t part = 10'000;

auto starts() {
    return std::views::iota(std::size_t{0}, count / part) |
           std::views::transform([](std::size_t n) { return n * part; });
}

TEST_P(a_shared_array, is_read_by_all) {
    shared_array<std::size_t> const numbers(std::views::iota(std::size_t{0}, count));
    auto const sum = [numbers = numbers.view()](std::size_t first) {
        auto const mine = numbers.span().subspan(first, part);
        return std::accumulate(mine.begin(), mine.end(), std::size_t{0});
    };
    auto const sums = make().map(sum, starts());
    EXPECT_EQ(std::accumulate(sums.begin(), sums.end(), std::size_t{0}), count * (count - 1) / 2);
}

TEST_P(a_shared_array, is_written_in_different_places) {
    shared_array<std::size_t> squares(count);
    auto const fill = [squares = squares.view()](std::size_t first) {
        auto const all = squares.span();
        for (std::size_t n = first; n < first + part; ++n)
            all[n] = n * n;
    };
    make().map(fill, starts());
    for (std::size_t n = 0; n < count; ++n)
        ASSERT_EQ(squares[n], n * n);
}

TEST_P(a_shared_array, is_used_by_coroutines) {
    auto executor = make();
    shared_array<int> numbers(std::vector{1, 2, 3, 4});
    auto const twice = [](context& ctx, shared_view<int> all, std::size_t place) -> task<void> {
        co_await ctx.yield();
        all.span()[place] *= 2;
    };
    auto const body = [all = numbers.view(), twice](context& ctx, std::size_t place) {
        return twice(ctx, all, place);
    };
    executor.map(body, std::views::iota(std::size_t{0}, numbers.size()));
    EXPECT_EQ(std::vector(numbers.begin(), numbers.end()), (std::vector{2, 4, 6, 8}));
}

TEST_P(a_shared_array, may_be_younger_than_the_workers) {
    auto executor = make();
    auto const add_one = [](shared_view<std::atomic<int>> const& counts) {
        for (auto& each : counts.span())
            ++each;
        return counts.size();
    };
    executor.map([](int n) { return n; }, std::vector{1, 2, 3});
    for (int round = 0; round < 3; ++round) {
        shared_array<std::atomic<int>> counts(100);
        EXPECT_EQ(executor.map(add_one, std::vector(20, counts.view())), std::vector<std::size_t>(20, 100));
        for (auto const& each : counts)
            ASSERT_EQ(each, 20);
    }
}

TEST_P(a_shared_array, that_is_gone_is_an_error) {
    auto executor = make();
    auto const first = [](shared_view<int> const& numbers) { return numbers.span()[0]; };
    auto numbers = std::make_optional<shared_array<int>>(std::vector{7, 8});
    std::vector const views(3, numbers->view());
    EXPECT_EQ(executor.map(first, views), std::vector(3, 7));
    numbers.reset();
    for (auto const& each : executor.try_map(first, views)) {
        ASSERT_FALSE(each.has_value());
        EXPECT_NE(each.error().message.find("the shared array of this view is gone"), std::string::npos)
            << each.error().message;
        EXPECT_THROW(each.value(), std::runtime_error);
    }
}

TEST_P(a_shared_array, may_be_made_by_a_body_and_may_be_empty) {
    auto const body = [](int n) {
        shared_array<int> const empty(0);
        shared_array<int> numbers(static_cast<std::size_t>(n));
        numbers[0] = n;
        return numbers.view().span().front() + static_cast<int>(empty.size() + empty.view().span().size());
    };
    EXPECT_EQ(make().map(body, std::vector{1, 2, 3}), (std::vector{1, 2, 3}));
}

}  // namespace
}  // namespace quartet::conformance::shared_array_test
