// Calls that bodies in worker processes make of their context, and that other workers run: what a call does
// there to itself, to its worker or to who asks costs only what must be lost.
#include "tests/conformance/models.hpp"
#include "tests/conformance/shared.hpp"
#include "tests/faults/checks.hpp"

#include <quartet/quartet.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <set>
#include <signal.h>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace quartet::faults::nested_deaths_test {
namespace {

using conformance::counter_reference;
using conformance::sanitized;
using conformance::shared_counter;
using conformance::wait_until;
using namespace std::chrono_literals;

int nothing(int) {
    return 0;
}

/// In a body: until `holds`, which another worker brings about that takes a call. Who makes further calls
/// puts older ones on offer.
void make_calls_until(context& ctx, auto&& holds) {
    while (!holds()) {
        static_cast<void>(ctx.submit(nothing, 0).get());
        std::this_thread::sleep_for(100us);
    }
}

/// What the bodies of a test share.
struct signs {
    counter_reference taken;  ///< the process that runs the call, once it does
    counter_reference open;
};

class nested_deaths : public testing::Test {
protected:
    signs all() { return {&taken, &open}; }

    /// Both workers of the pool take tasks: two wait for each other.
    void expect_two_workers() {
        *met = 0;
        auto const meet = [](counter_reference count) {
            ++*count;
            wait_until([&] { return *count == 2; });
            return getpid();
        };
        auto one = pool.submit(meet, &met);
        auto other = pool.submit(meet, &met);
        EXPECT_NE(one.get(), other.get());
    }

    shared_counter taken, open, met;
    executor pool = make_executor("processes:2");
};

/// Runs `how` with a second worker's process on the same body: `call` is under way there, and `then(ctx, its
/// nested_call)` goes on here.
template <class Call, class Then>
struct with_helper {
    Call call;
    Then then;

    auto operator()(context& ctx, signs each) const {
        auto made = ctx.submit(call, each);
        make_calls_until(ctx, [&] { return *each.taken != 0; });
        if (*each.taken == static_cast<std::size_t>(getpid())) throw std::logic_error("the call ran here");
        return then(ctx, made, each);
    }
};

[[noreturn]] void die_by(int signal_number) {
    signal(signal_number, SIG_DFL);
    raise(signal_number);
    _exit(99);
}

[[noreturn]] void go_on_for_ever() {
    for (;;)
        usleep(1000);
}

TEST_F(nested_deaths, without_any_two_workers_run_calls_of_one_body) {
    auto const body = with_helper{[](context& ctx, signs each) {
                                      *each.taken = static_cast<std::size_t>(getpid());
                                      wait_until([&] { return *each.open != 0; });
                                      return ctx.where().name;
                                  },
                                  [](context& ctx, nested_call<std::string>& call, signs each) {
                                      EXPECT_FALSE(call.done());
                                      *each.open = 1;
                                      while (!call.done())
                                          usleep(100);
                                      return ctx.where().name + " and " + call.get();
                                  }};
    for (int round = 0; round < 20; ++round) {
        *taken = 0;
        *open = 0;
        auto const names = pool.submit(body, all()).get();
        EXPECT_TRUE(names == "processes-0 and processes-1" || names == "processes-1 and processes-0")
            << names;
    }
}

TEST_F(nested_deaths, without_any_two_workers_share_a_map) {
    auto const body = [](context& ctx, signs each) {
        auto const names = ctx.map(
                                  [](context& inner, counter_reference begun) {
                                      ++*begun;
                                      usleep(2000);
                                      return inner.where().name;
                                  },
                                  std::vector(50, each.open))
                               .get();
        return std::set<std::string>(names.begin(), names.end()).size();
    };
    EXPECT_EQ(pool.submit(body, all()).get(), 2u);
    EXPECT_EQ(*open, 50u);
}

TEST_F(nested_deaths, without_any_who_waits_sleeps) {
    auto const body = with_helper{[](signs each) {
                                      *each.taken = static_cast<std::size_t>(getpid());
                                      usleep(300'000);
                                      return 1;
                                  },
                                  [](context&, nested_call<int>& call, signs) {
                                      rusage before{}, after{};
                                      getrusage(RUSAGE_SELF, &before);
                                      static_cast<void>(call.get());
                                      getrusage(RUSAGE_SELF, &after);
                                      return (after.ru_utime.tv_sec - before.ru_utime.tv_sec) * 1'000'000 +
                                             after.ru_utime.tv_usec - before.ru_utime.tv_usec;
                                  }};
    EXPECT_LT(pool.submit(body, all()).get(), 50'000);
}

TEST_F(nested_deaths, what_is_thrown_elsewhere_is_thrown_here) {
    auto const body = with_helper{[](signs each) -> int {
                                      *each.taken = static_cast<std::size_t>(getpid());
                                      throw std::out_of_range("refused");
                                  },
                                  [](context&, nested_call<int>& call, signs) {
                                      try {
                                          return std::to_string(call.get());
                                      } catch (std::out_of_range const& thrown) {
                                          return std::string(thrown.what());
                                      }
                                  }};
    EXPECT_EQ(pool.submit(body, all()).get(), "refused");
}

TEST_F(nested_deaths, of_who_helps_fail_the_call_and_nothing_else) {
    static void (*const ways[])() = {[] { die_by(SIGKILL); }, [] { die_by(SIGSEGV); }, [] { _exit(3); }};
    static char const* const words[] = {"was killed by SIGKILL", "was killed by SIGSEGV",
                                        "exited with code 3"};
    for (std::size_t way = 0; way < std::size(ways); ++way) {
        *taken = 0;
        auto const body = with_helper{[die = ways[way]](signs each) {
                                          *each.taken = static_cast<std::size_t>(getpid());
                                          die();
                                          return 0;
                                      },
                                      [](context& ctx, nested_call<int>& call, signs) {
                                          std::string said = "nothing";
                                          try {
                                              static_cast<void>(call.get());
                                          } catch (task_error const& lost) {
                                              said = lost.what();
                                              if (lost.why().why != cause::worker_died) said += " (why?)";
                                          }
                                          // Who has asked goes on, and may ask again.
                                          static_cast<void>(ctx.submit(nothing, 1).get());
                                          return said + " in " + std::to_string(getpid());
                                      }};
        auto const said = pool.submit(body, all()).get();
        EXPECT_NE(said.find(words[way]), std::string::npos) << said;
        EXPECT_NE(said.find("its worker processes-"), std::string::npos) << said;
        EXPECT_NE(said.find("(process " + std::to_string(*taken) + ")"), std::string::npos) << said;
        expect_two_workers();
    }
}

TEST_F(nested_deaths, of_who_helps_with_a_map_cost_one_of_its_bodies) {
    auto const body = [](context& ctx, signs each) {
        *each.open = static_cast<std::size_t>(getpid());
        try {
            auto const run = [](context&, signs inner) {
                usleep(1000);
                // The first that another worker runs ends it.
                std::size_t nobody = 0;
                bool const elsewhere = static_cast<std::size_t>(getpid()) != *inner.open;
                if (elsewhere && inner.taken->compare_exchange_strong(nobody, 1)) die_by(SIGKILL);
                return 1;
            };
            static_cast<void>(ctx.map(run, std::vector(100, each)).get());
        } catch (map_error const& all) {
            return all.failures().size() == 1 && all.failures()[0].why == cause::worker_died
                       ? std::string("one")
                       : std::string(all.what());
        }
        return std::string("none");
    };
    EXPECT_EQ(pool.submit(body, all()).get(), "one");
    expect_two_workers();
}

TEST_F(nested_deaths, of_who_asks_leave_who_helps_alone) {
    auto const body = with_helper{[](signs each) {
                                      *each.taken = static_cast<std::size_t>(getpid());
                                      wait_until([&] { return *each.open != 0; });
                                      return std::string(100'000, 'x');
                                  },
                                  [](context& ctx, nested_call<std::string>& call, signs) -> int {
                                      auto const further = ctx.submit(nothing, 1);  // on offer, perhaps
                                      if (call.valid()) die_by(SIGKILL);
                                      return 0;
                                  }};
    for (int round = 0; round < 5; ++round) {
        *taken = 0;
        *open = 0;
        auto const lost = pool.try_map(body, std::vector{all()});
        EXPECT_TRUE(is_death(lost[0].error(), 0, {.signal = SIGKILL, .words = "SIGKILL"}));
        *open = 1;
        std::size_t const helper = *taken;
        auto const found = pool.map(
            [](std::size_t process) {
                usleep(10'000);
                return static_cast<std::size_t>(getpid()) == process ? 1 : 0;
            },
            std::vector(60, helper));
        EXPECT_GT(std::count(found.begin(), found.end(), 1), 0) << "who helped is gone";
    }
}

TEST_F(nested_deaths, of_who_asks_end_a_call_that_goes_on) {
    auto const body = with_helper{[](signs each) {
                                      *each.taken = static_cast<std::size_t>(getpid());
                                      go_on_for_ever();
                                      return 0;
                                  },
                                  [](context&, nested_call<int>&, signs) -> int { die_by(SIGKILL); }};
    auto const lost = pool.try_map(body, std::vector{all()});
    EXPECT_TRUE(is_death(lost[0].error(), 0, {.signal = SIGKILL, .words = "SIGKILL"}));
    expect_two_workers();
}

TEST_F(nested_deaths, a_stop_reaches_calls_in_other_workers) {
    auto const body = with_helper{[](context& ctx, signs each) -> task<int> {
                                      *each.taken = static_cast<std::size_t>(getpid());
                                      *each.open = 1;
                                      co_await ctx.sleep_for(24h);
                                      co_return 0;
                                  },
                                  [](context&, nested_call<int>& call, signs) { return call.get(); }};
    std::stop_source source;
    std::jthread const stopper([&] {
        wait_until([&] { return *open != 0; });
        source.request_stop();
    });
    auto const outcomes = pool.try_map(body, std::vector{all()}, {.stop = source.get_token()});
    ASSERT_FALSE(outcomes[0]);
    EXPECT_EQ(outcomes[0].error().why, cause::cancelled) << outcomes[0].error().message;
    EXPECT_EQ(kill(static_cast<pid_t>(*taken), 0), 0) << "who helped is gone";
    expect_two_workers();
}

TEST_F(nested_deaths, a_call_that_ignores_a_stop_costs_its_worker_only) {
    auto const body = with_helper{[](signs each) {
                                      *each.taken = static_cast<std::size_t>(getpid());
                                      *each.open = 1;
                                      go_on_for_ever();
                                      return 0;
                                  },
                                  [](context&, nested_call<int>& call, signs each) {
                                      *each.open = static_cast<std::size_t>(getpid());
                                      return call.get();
                                  }};
    std::stop_source source;
    std::jthread const stopper([&] {
        wait_until([&] { return *open > 1; });
        source.request_stop();
    });
    auto const outcomes = pool.try_map(body, std::vector{all()}, {.stop = source.get_token()});
    ASSERT_FALSE(outcomes[0]);
    EXPECT_EQ(outcomes[0].error().why, cause::cancelled) << outcomes[0].error().message;
    EXPECT_NE(outcomes[0].error().message.find("cancelled"), std::string::npos);
    EXPECT_EQ(kill(static_cast<pid_t>(*open), 0), 0) << "who asked is gone";
    expect_two_workers();
}

TEST_F(nested_deaths, a_time_limit_holds_for_a_call_that_hangs_elsewhere) {
    auto const body = with_helper{[](signs each) {
                                      *each.taken = static_cast<std::size_t>(getpid());
                                      go_on_for_ever();
                                      return 0;
                                  },
                                  [](context&, nested_call<int>& call, signs) { return call.get(); }};
    auto const outcomes = pool.try_map(body, std::vector{all()}, {.task_timeout = 300ms});
    ASSERT_FALSE(outcomes[0]);
    EXPECT_EQ(outcomes[0].error().why, cause::timed_out) << outcomes[0].error().message;
    expect_two_workers();
}

TEST_F(nested_deaths, a_time_limit_of_a_part_of_the_body_goes_along) {
    auto const body = [](context& ctx, signs each) -> task<int> {
        auto const part = [](context& here, signs inner) -> task<int> {
            auto call = here.submit(
                [](context& there, signs own) -> task<int> {
                    *own.taken = static_cast<std::size_t>(getpid());
                    co_await there.sleep_for(24h);
                    co_return 0;
                },
                inner);
            make_calls_until(here, [&] { return *inner.taken != 0 || here.stop_requested(); });
            co_return co_await call;
        };
        try {
            co_return co_await ctx.with_timeout(300ms, part(ctx, each));
        } catch (timed_out const&) {
            co_return *each.taken != static_cast<std::size_t>(getpid());
        }
    };
    EXPECT_EQ(pool.submit(body, all()).get(), 1);
    expect_two_workers();
}

TEST_F(nested_deaths, a_pool_that_is_dropped_ends_its_calls) {
    auto const body = with_helper{[](signs each) {
                                      *each.taken = static_cast<std::size_t>(getpid());
                                      *each.open = 1;
                                      go_on_for_ever();
                                      return 0;
                                  },
                                  [](context&, nested_call<int>& call, signs) { return call.get(); }};
    auto dropped = make_executor("processes:2");
    auto call = dropped.submit(body, all());
    wait_until([&] { return *open != 0; });
    dropped = make_executor("single");
    EXPECT_THROW(call.get(), task_error);
}

// Whoever dies, at whatever moment, nobody waits for ever and the pool goes on.
TEST_F(nested_deaths, at_any_moment) {
    struct plan {
        signs all;
        unsigned seed;
    };
    auto const tree = [](context& ctx, auto const& self, unsigned seed, int depth) -> int {
        if (depth == 0) {
            usleep(seed % 200);
            if (seed % 97 == 0) die_by(SIGKILL);
            return 1;
        }
        auto const further = [&](unsigned more) { return seed * 31 + more * 17 + 7; };
        int sum = 0;
        std::vector<nested_call<int>> calls;
        for (unsigned each = 0; each < 3; ++each)
            calls.push_back(ctx.submit([self, next = further(each), below = depth - 1](
                                           context& inner, int) { return self(inner, self, next, below); },
                                       0));
        for (auto& each : calls) {
            try {
                sum += each.get();
            } catch (task_error const&) {
            } catch (remote_error const&) {
            }
        }
        return sum;
    };
    auto const body = [tree](context& ctx, plan each) { return tree(ctx, tree, each.seed, 4); };
    auto wide = make_executor("processes:4");
    std::vector<plan> plans;
    for (unsigned seed = 1; seed <= (sanitized ? 20u : 60u); ++seed)
        plans.push_back({all(), seed});
    auto const outcomes = wide.try_map(body, plans);
    std::size_t whole = 0;
    for (auto const& each : outcomes) {
        if (each)
            ++whole;
        else
            EXPECT_EQ(each.error().why, cause::worker_died) << each.error().message;
    }
    EXPECT_GT(whole, 0u);
    EXPECT_EQ(wide.map(nothing, std::vector(20, 1)), std::vector(20, 0));
}

}  // namespace
}  // namespace quartet::faults::nested_deaths_test
