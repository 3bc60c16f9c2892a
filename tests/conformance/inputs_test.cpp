// A map takes any range as its inputs. It uses contiguous elements in place and copies others; no body may
// see a difference.
#include "tests/conformance/models.hpp"

#include <array>
#include <deque>
#include <forward_list>
#include <list>
#include <ranges>
#include <set>
#include <span>
#include <sstream>

namespace quartet::conformance::inputs_test {
namespace {

class inputs : public any_model {
protected:
    /// Maps a range that holds 1, 2 and 3, by a function and by a coroutine, and expects their doubles.
    void expect_doubles(auto&& range) {
        auto const doubled = [](int n) { return 2 * n; };
        auto const doubled_later = [](context& ctx, int n) -> task<int> {
            co_await ctx.yield();
            co_return 2 * n;
        };
        auto executor = make();
        EXPECT_EQ(executor.map(doubled, range), (std::vector{2, 4, 6}));
        EXPECT_EQ(executor.map(doubled_later, range), (std::vector{2, 4, 6}));
    }
};
QUARTET_SUITE(inputs, all_rows());

TEST_P(inputs, that_lie_in_a_row) {
    std::vector<int> vector{1, 2, 3};
    int array[] = {1, 2, 3};
    expect_doubles(vector);
    expect_doubles(std::as_const(vector));
    expect_doubles(std::vector{1, 2, 3});
    expect_doubles(array);
    expect_doubles(std::array{1, 2, 3});
    expect_doubles(std::span<int>(vector));
    expect_doubles(std::span<int const, 3>(array));
    expect_doubles(std::initializer_list<int>{1, 2, 3});
}

TEST_P(inputs, that_do_not_lie_in_a_row) {
    expect_doubles(std::deque{1, 2, 3});
    expect_doubles(std::list{1, 2, 3});
    expect_doubles(std::forward_list{1, 2, 3});
    expect_doubles(std::set{3, 1, 2});
}

TEST_P(inputs, that_are_views) {
    std::vector<int> const numbers{0, 1, 0, 2, 3, 0};
    expect_doubles(std::views::iota(1, 4));
    expect_doubles(numbers | std::views::filter([](int n) { return n > 0; }));
    expect_doubles(std::views::iota(0, 3) | std::views::transform([](int n) { return n + 1; }));
    expect_doubles(std::vector{3, 2, 1} | std::views::reverse);
}

TEST_P(inputs, that_can_be_read_only_once) {
    std::istringstream words("1 2 3");
    auto const doubled = make().map([](int n) { return 2 * n; }, std::views::istream<int>(words));
    EXPECT_EQ(doubled, (std::vector{2, 4, 6}));
}

TEST_P(inputs, truth_values) {
    auto const flip = [](bool b) { return b ? 0 : 1; };
    auto executor = make();
    EXPECT_EQ(executor.map(flip, std::vector<bool>{true, false}), (std::vector{0, 1}));
    EXPECT_EQ(executor.map(flip, std::array{true, false}), (std::vector{0, 1}));
}

TEST_P(inputs, of_types_that_convert_to_the_bodys) {
    EXPECT_EQ(make().map([](double half) { return half * 2; }, std::vector{1, 2}), (std::vector{2.0, 4.0}));
}

TEST_P(inputs, stay_as_they_were) {
    std::vector<std::string> texts{"a", "b"};
    make().map([](std::string text) { text += "!"; }, texts);
    EXPECT_EQ(texts, (std::vector<std::string>{"a", "b"}));
}

}  // namespace
}  // namespace quartet::conformance::inputs_test
