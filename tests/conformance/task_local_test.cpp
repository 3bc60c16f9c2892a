// Values that parts of bodies see without being given them, under every model: children inherit them, others
// never see them.
#include "tests/conformance/models.hpp"

#include <chrono>
#include <numeric>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace quartet::conformance::task_local_test {
namespace {

using namespace std::chrono_literals;

task_local<std::string> request;
task_local<int> depth;

class a_task_local : public any_model {};
QUARTET_SUITE(a_task_local, all_rows());

/// What is seen now, and after a wait in which others ran.
task<std::string> seen(context& ctx) {
    std::string const before = request.value_or("none");
    co_await ctx.sleep_for(20us);
    co_return before == request.value_or("none") ? before : "changed";
}

TEST_P(a_task_local, is_seen_where_it_is_bound_only) {
    auto const body = [](context& ctx, int n) -> task<bool> {
        auto const mine = std::to_string(n);
        bool right = co_await seen(ctx) == "none";
        right = right && co_await request.with(mine, seen(ctx)) == mine;
        co_await request.with(mine, ctx.sleep_for(1us));
        co_return right&& co_await seen(ctx) == "none" && !depth.get();
    };
    std::vector<int> inputs(50);
    std::iota(inputs.begin(), inputs.end(), 0);
    for (bool const right : make().map(body, inputs))
        EXPECT_TRUE(right);
}

TEST_P(a_task_local, is_inherited_and_may_be_hidden) {
    auto const body = [](context& ctx, int n) -> task<std::string> {
        auto const part = [](context& own) -> task<std::string> {
            auto [a, b] = co_await when_all(seen(own), request.with("inner", seen(own)));
            std::string all = a + b;
            co_await in_task_group(own, [&](task_group& group) -> task<void> {
                auto const add = [](context& here, std::string* to) -> task<void> {
                    *to += co_await seen(here);
                };
                group.spawn(add(own, &all));
                co_return;
            });
            all += co_await own.with_timeout(1h, own.shielded(seen(own)));
            co_return all + std::to_string(depth.value_or(0));
        };
        co_return co_await request.with(std::to_string(n), depth.with(n + 1, part(ctx)));
    };
    EXPECT_EQ(make().map(body, std::vector{1, 2}), (std::vector<std::string>{"1inner112", "2inner223"}));
}

TEST_P(a_task_local, does_not_change_what_its_part_throws) {
    auto const body = [](context& ctx, int) -> task<void> {
        auto const part = [](context& own) -> task<void> {
            co_await own.yield();
            throw std::out_of_range(*request.get());
        };
        co_await request.with("far", part(ctx));
    };
    EXPECT_EQ(make().try_map(body, std::vector{1})[0].error().message, "far");
}

TEST_P(a_task_local, is_not_seen_by_calls) {
    if (!GetParam().traits.shares_memory) return;  // bodies can't reach an executor of the test's process
    auto others = make_executor("single");
    auto const body = [runs = &others](context&, int) -> task<std::string> {
        auto const submits = [](executor* to) -> task<std::string> {
            co_return co_await to->submit([] { return request.value_or("none"); });
        };
        co_return co_await request.with("mine", submits(runs));
    };
    EXPECT_EQ(make().map(body, std::vector{1}), std::vector<std::string>{"none"});
}

}  // namespace
}  // namespace quartet::conformance::task_local_test
