// What a stop or a time limit does not end at once, under every model: it goes on for a while, and no longer.
#include "tests/conformance/models.hpp"
#include "tests/conformance/shared.hpp"
#include "tests/conformance/stopped.hpp"

#include <chrono>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace quartet::conformance::shield_test {
namespace {

using namespace std::chrono_literals;

/// Far less than a shield holds; a busy machine may take long all the same.
constexpr auto a_moment = 1ms;

class a_shielded_part : public any_model {};
QUARTET_SUITE(a_shielded_part, all_rows());

/// Stops come from outside.
class a_shielded_part_of_a_stopped_body : public a_shielded_part {};
QUARTET_SUITE(a_shielded_part_of_a_stopped_body, rows_with_real_io());

TEST_P(a_shielded_part, gives_its_value_or_throws) {
    auto const body = [](context& ctx, int n) -> task<int> {
        auto const part = [](context& own, int value) -> task<int> {
            co_await own.sleep_for(1us);
            if (value < 0) throw std::out_of_range("below");
            co_return value;
        };
        co_await ctx.shielded(ctx.sleep_for(1us));
        co_return co_await ctx.shielded(part(ctx, n));
    };
    auto const outcomes = make().try_map(body, std::vector{3, -1});
    EXPECT_EQ(*outcomes[0], 3);
    EXPECT_EQ(outcomes[1].error().message, "below");
}

TEST_P(a_shielded_part_of_a_stopped_body, goes_on_after_the_stop) {
    shared_counter begun;
    shared_counter ended;
    shared_counter unheard;
    auto const body = [](context& ctx, counter_reference in, counter_reference out,
                         counter_reference deaf) -> task<void> {
        auto const goodbye = [](context& own, counter_reference came, counter_reference end,
                                counter_reference hears_nothing) -> task<void> {
            ++*came;
            co_await own.sleep_for(a_moment);
            if (!own.stop_requested()) ++*hears_nothing;
            co_await own.sleep_for(a_moment);
            ++*end;
        };
        co_await ctx.shielded(goodbye(ctx, in, out, deaf));
        co_await ctx.sleep_for(24h);
    };
    auto const one = [body, in = counter_reference(&begun), out = counter_reference(&ended),
                      deaf = counter_reference(&unheard)](context& ctx, int) {
        return body(ctx, in, out, deaf);
    };
    expect_cancelled(stopped(make(), one, wait_for_one(begun)));
    EXPECT_EQ(*ended, *begun);
    EXPECT_EQ(*unheard, *begun);
}

TEST_P(a_shielded_part_of_a_stopped_body, may_begin_after_the_stop) {
    shared_counter begun;
    shared_counter ended;
    auto const body = [in = counter_reference(&begun), out = counter_reference(&ended)](context& ctx,
                                                                                        int) -> task<void> {
        ++*in;
        bool stopped = false;
        try {
            co_await ctx.sleep_for(24h);
        } catch (cancelled const&) {
            stopped = true;
        }
        if (!stopped) co_return;
        co_await ctx.shielded(ctx.sleep_for(a_moment));
        ++*out;
        co_await ctx.sleep_for(24h);
    };
    expect_cancelled(stopped(make(), body, wait_for_one(begun)));
    EXPECT_EQ(*ended, *begun);
}

TEST_P(a_shielded_part_of_a_stopped_body, is_ended_all_the_same) {
    shared_counter begun;
    shared_counter ended;
    auto const body = [in = counter_reference(&begun), out = counter_reference(&ended)](context& ctx,
                                                                                        int) -> task<void> {
        auto const endless = [](context& own, counter_reference came) -> task<void> {
            ++*came;
            for (;;)
                co_await own.sleep_for(24h);
        };
        try {
            co_await ctx.shielded(endless(ctx, in));
        } catch (cancelled const&) {
            ++*out;
            throw;
        }
    };
    for (auto const& each : stopped(make(), body, wait_for_one(begun)))
        ASSERT_FALSE(each.has_value());
    EXPECT_GE(*ended, GetParam().name.starts_with("processes") ? 0u : 1u);  // a busy machine may be too late
}

TEST_P(a_shielded_part, goes_on_after_a_time_limit) {
    auto const body = [](context& ctx, int n) -> task<int> {
        int ended = 0;
        auto const part = [](context& own, int* end) -> task<void> {
            co_await own.shielded(own.sleep_for(a_moment));
            ++*end;
            co_await own.sleep_for(24h);
        };
        try {
            co_await ctx.with_timeout(1ms, part(ctx, &ended));
        } catch (timed_out const& late) {
            co_return late.limit() == 1ms ? n* ended : -1;
        }
        co_return 0;
    };
    EXPECT_EQ(make().map(body, std::vector{1, 2}), (std::vector{1, 2}));
}

TEST_P(a_shielded_part, has_limits_and_children_of_its_own) {
    auto const body = [](context& ctx, int n) -> task<int> {
        auto const part = [](context& own) -> task<int> {
            int late = 0;
            try {
                co_await own.with_timeout(1ms, own.sleep_for(24h));
            } catch (timed_out const&) {
                ++late;
            }
            co_await when_all(own.sleep_for(1us), own.shielded(own.sleep_for(1us)));
            co_return late;
        };
        co_return n* co_await ctx.with_timeout(1h, ctx.shielded(part(ctx)));
    };
    EXPECT_EQ(make().map(body, std::vector{1, 2}), (std::vector{1, 2}));
}

}  // namespace
}  // namespace quartet::conformance::shield_test
