// Children that are spawned while a body runs, under every model: all end with their group, each can be
// cancelled, no error is lost.
#include "tests/conformance/models.hpp"
#include "tests/conformance/shared.hpp"
#include "tests/conformance/stopped.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace quartet::conformance::task_group_test {
namespace {

using namespace std::chrono_literals;

class a_task_group : public any_model {
protected:
    /// What a body gives that takes nothing to work on.
    template <class Body>
    auto run_one(Body body) {
        return make().map(body, std::vector{0}).front();
    }
};
QUARTET_SUITE(a_task_group, all_rows());

class a_task_group_on_a_loop : public a_task_group {};
QUARTET_SUITE(a_task_group_on_a_loop, rows_where(&row::on_loops));

class a_task_group_of_a_stopped_body : public a_task_group {};
QUARTET_SUITE(a_task_group_of_a_stopped_body, rows_with_real_io());

task<void> add_later(context& ctx, std::chrono::nanoseconds delay, int value, int* sum) {
    co_await ctx.sleep_for(delay);
    *sum += value;
}

task<void> fail_later(context& ctx, std::chrono::nanoseconds delay, std::string why) {
    co_await ctx.sleep_for(delay);
    throw std::out_of_range(why);
}

TEST_P(a_task_group, ends_with_its_children) {
    EXPECT_EQ(run_one([](context& ctx, int) -> task<int> {
                  int sum = 0;
                  co_await in_task_group(ctx, [&](task_group& group) -> task<void> {
                      for (int n = 1; n <= 100; ++n)
                          group.spawn(add_later(ctx, 10us * (n % 7), n, &sum));
                      group.spawn(ctx.sleep_for(1us));
                      co_await ctx.yield();
                  });
                  co_return sum;
              }),
              5050);
}

TEST_P(a_task_group, may_be_empty) {
    EXPECT_EQ(run_one([](context& ctx, int) -> task<int> {
                  co_await in_task_group(ctx, [](task_group&) -> task<void> { co_return; });
                  co_return 1;
              }),
              1);
}

TEST_P(a_task_group, has_children_that_spawn_others) {
    struct tree {
        context& ctx;
        task_group& group;
        int* leaves;
        task<void> grow(int depth) const {
            co_await ctx.sleep_for(1us);
            if (depth == 0) {
                ++*leaves;
                co_return;
            }
            group.spawn(grow(depth - 1));
            group.spawn(grow(depth - 1));
        }
    };
    EXPECT_EQ(run_one([](context& ctx, int) -> task<int> {
                  int leaves = 0;
                  std::optional<tree> whole;
                  co_await in_task_group(ctx, [&](task_group& group) -> task<void> {
                      whole.emplace(tree{ctx, group, &leaves});
                      group.spawn(whole->grow(6));
                      co_return;
                  });
                  co_return leaves;
              }),
              64);
}

TEST_P(a_task_group, throws_the_error_of_a_child) {
    auto const text = run_one([](context& ctx, int) -> task<std::string> {
        try {
            co_await in_task_group(ctx, [&](task_group& group) -> task<void> {
                group.spawn(fail_later(ctx, 1us, "far"));
                group.spawn(ctx.sleep_for(24h));  // is cancelled, or never begins
                co_await ctx.sleep_for(24h);
            });
        } catch (group_error const& error) {
            co_return std::to_string(error.errors().size()) + " " + error.what();
        }
        co_return "none";
    });
    EXPECT_EQ(text, "1 a child of the group failed: far");
}

TEST_P(a_task_group, throws_all_errors_if_all_children_finish) {
    auto const text = run_one([](context& ctx, int) -> task<std::string> {
        int sum = 0;
        try {
            co_await in_task_group(
                ctx,
                [&](task_group& group) -> task<void> {
                    group.spawn(fail_later(ctx, 1us, "one"));
                    group.spawn(add_later(ctx, 1ms, 5, &sum));
                    group.spawn(fail_later(ctx, 2ms, "two"));
                    throw std::runtime_error("three");
                    co_return;
                },
                on_child_failure::finish_all);
        } catch (group_error const& error) {
            co_return std::to_string(error.errors().size()) + " " + std::to_string(sum);
        }
        co_return "none";
    });
    EXPECT_EQ(text, "3 5");
}

TEST_P(a_task_group, lets_a_child_be_cancelled_by_itself) {
    EXPECT_EQ(run_one([](context& ctx, int) -> task<int> {
                  int sum = 0;
                  spawned_task kept;
                  co_await in_task_group(ctx, [&](task_group& group) -> task<void> {
                      auto const endless = [](context& own, int* count) -> task<void> {
                          try {
                              co_await own.sleep_for(own.where().name.empty() ? 1h : 20us);
                          } catch (cancelled const&) {
                              *count += 10;
                              throw;
                          }
                          *count += 1;
                      };
                      auto const first = group.spawn(endless(ctx, &sum));
                      kept = group.spawn(add_later(ctx, 1us, 100, &sum));
                      first.cancel();
                      first.cancel();
                      co_return;
                  });
                  kept.cancel();  // which is gone
                  co_return kept.done() && (sum == 110 || sum == 101) ? 1 : 0;
              }),
              1);
}

TEST_P(a_task_group_on_a_loop, cancels_only_what_it_is_asked_to) {
    EXPECT_EQ(run_one([](context& ctx, int) -> task<int> {
                  int sum = 0;
                  co_await in_task_group(ctx, [&](task_group& group) -> task<void> {
                      auto const endless = group.spawn(ctx.sleep_for(24h));
                      group.spawn(add_later(ctx, 1ms, 7, &sum));
                      if (group.size() != 2 || endless.done()) sum = -1000;
                      endless.cancel();
                      co_await ctx.sleep_for(2ms);
                      if (group.size() != 0 || !endless.done()) sum = -1000;
                  });
                  co_return sum;
              }),
              7);
}

TEST_P(a_task_group, may_be_cancelled_as_a_whole) {
    EXPECT_EQ(run_one([](context& ctx, int) -> task<int> {
                  int sum = 0;
                  co_await in_task_group(ctx, [&](task_group& group) -> task<void> {
                      group.spawn(add_later(ctx, 1us, 1, &sum));
                      group.cancel_all();
                      auto const late = group.spawn(add_later(ctx, 1us, 100, &sum));
                      if (!late.done()) sum = -1;
                      co_await ctx.sleep_for(24h);
                  });
                  co_return sum;  // under a loop the first was cancelled, too
              }) < 2,
              true);
}

TEST_P(a_task_group, has_a_time_limit) {
    EXPECT_EQ(run_one([](context& ctx, int) -> task<int> {
                  int sum = 0;
                  try {
                      co_await ctx.with_timeout(200ms,
                                                in_task_group(ctx, [&](task_group& group) -> task<void> {
                                                    group.spawn(add_later(ctx, 1us, 3, &sum));
                                                    group.spawn(add_later(ctx, 24h, 100, &sum));
                                                    co_await ctx.sleep_for(24h);
                                                }));
                  } catch (timed_out const&) {
                      co_return sum;
                  }
                  co_return -1;
              }),
              3);
}

TEST_P(a_task_group, keeps_nothing_of_children_that_have_ended) {
    struct counted {
        explicit counted(int* of) : alive(of) { ++*alive; }
        counted(counted const& other) : counted(other.alive) {}
        counted& operator=(counted const&) = delete;
        ~counted() { --*alive; }
        int* alive;
    };
    EXPECT_LE(run_one([](context& ctx, int) -> task<int> {
                  int alive = 0;
                  int most = 0;
                  co_await in_task_group(ctx, [&](task_group& group) -> task<void> {
                      auto const child = [](context& own, counted) -> task<void> { co_await own.yield(); };
                      for (int n = 0; n < 1000; ++n) {
                          group.spawn(child(ctx, counted(&alive)));
                          co_await ctx.yield();
                          co_await ctx.yield();
                          most = std::max(most, alive);
                      }
                  });
                  co_return most + 1000 * alive;
              }),
              3);
}

TEST_P(a_task_group_of_a_stopped_body, hears_of_the_stop) {
    shared_counter begun;
    shared_counter ended;
    auto const body = [in = counter_reference(&begun), out = counter_reference(&ended)](context& ctx,
                                                                                        int) -> task<void> {
        co_await in_task_group(ctx, [&](task_group& group) -> task<void> {
            auto const child = [](context& own, counter_reference came,
                                  counter_reference went) -> task<void> {
                ++*came;
                try {
                    co_await own.sleep_for(24h);
                } catch (cancelled const&) {
                    ++*went;
                    throw;
                }
            };
            group.spawn(child(ctx, in, out));
            group.spawn(child(ctx, in, out));
            co_await ctx.sleep_for(24h);
        });
    };
    expect_cancelled(stopped(make(), body, wait_for_one(begun)));
    EXPECT_EQ(*ended, *begun);
}

}  // namespace
}  // namespace quartet::conformance::task_group_test
