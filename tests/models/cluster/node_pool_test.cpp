// A node's pool gives tasks back that it has not begun, whichever model runs them.

#include "src/executor/cluster.hpp"
#include "src/models/cluster/executor_pool.hpp"
#include "src/models/cluster/travelling_code.hpp"
#include "tests/sanitized.hpp"
#include "tests/waiting.hpp"

#include <quartet/detail/call/map_job.hpp>
#include <quartet/quartet.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <cstring>
#include <map>
#include <mutex>
#include <numeric>
#include <string>
#include <vector>

namespace quartet::node_pool_test {
namespace {

using namespace detail;
using namespace std::chrono_literals;

constexpr std::size_t tasks = 200;

task<int> take_a_while(context& ctx, int number) {
    co_await ctx.sleep_for(30ms);
    co_return 2 * number;
}

struct no_sink {
    void set(std::size_t, int&&) {}
    void fail(failure const&) {}
};

/// A piece of a call of the body above, as it would come from the root.
task_piece piece_of_all(std::size_t chunk) {
    std::vector<int> inputs(tasks);
    std::iota(inputs.begin(), inputs.end(), 0);
    auto* body = &take_a_while;
    no_sink sink;
    map_job<decltype(body), int, std::vector<int>, no_sink> work(
        body, inputs, tasks, sink, on_failure::finish_all, std::chrono::nanoseconds::max());
    auto const code = work.crossing()->code();
    auto const about =
        std::make_shared<call_message const>(call_message{.call = 5,
                                                          .pool = 3,
                                                          .code = pack_code(work),
                                                          .input_size = code.input.size,
                                                          .input_alignment = code.input.alignment,
                                                          .output_size = code.output.size,
                                                          .output_alignment = code.output.alignment,
                                                          .chunk_size = chunk});
    std::vector<std::byte> bytes(tasks * sizeof(int));
    std::memcpy(bytes.data(), inputs.data(), bytes.size());
    packet const owner(std::move(bytes));
    return {about, 0, tasks, owner, owner.bytes()};
}

/// What a pool of a model has told.
struct run_of_a_pool {
    explicit run_of_a_pool(std::string const& spec) {
        model_maker const make = [](open_pool_message const& about, log_handler) {
            bool const here = !about.spec.starts_with("processes");
            return made_model{
                .runs = make_model(parse_spec(about.spec), {}), .here = here, .name = "workers"};
        };
        pool = executor_pools(make)({.pool = 3, .spec = spec}, {.ended =
                                                                    [this](ended_piece piece) {
                                                                        std::lock_guard const lock(mutex);
                                                                        take(piece);
                                                                    },
                                                                .logged = {}});
    }

    void take(ended_piece const& piece) {
        still_had = piece.count;
        byte_reader in(piece.outcomes.bytes());
        while (in.left() > 0) {
            auto const head = read_message<outcomes_head>(in);
            byte_reader these({in.take(head.bytes), head.bytes});
            if (head.kind != outcome_kind::results) continue;  // it was stopped
            for (std::size_t task = head.first; task < head.first + head.count; ++task)
                values[task] = codec<int>::decode(these);
        }
        over = true;
    }
    bool is_over() {
        std::lock_guard const lock(mutex);
        return over;
    }

    std::mutex mutex;
    bool over = false;
    std::size_t still_had = 0;
    std::map<std::size_t, int> values;
    std::unique_ptr<node_pool> pool;
};

struct a_node_s_pool : testing::TestWithParam<std::string> {};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(a_node_s_pool);

std::vector<std::string> specs() {
    std::vector<std::string> all{"threads:2", "async:2"};
    if (test::sees_forks) {
        all.push_back("processes:2");
        all.push_back("processes:2+async:2");
    }
    return all;
}
INSTANTIATE_TEST_SUITE_P(models, a_node_s_pool, testing::ValuesIn(specs()));

TEST_P(a_node_s_pool, gives_back_what_has_not_begun) {
    run_of_a_pool of(GetParam());
    of.pool->begin(piece_of_all(0));
    std::map<std::size_t, int> owners;
    std::size_t given = 0;
    for (std::size_t const most : {50UL, 1000UL}) {
        for (auto const& row : of.pool->take_back(most)) {
            EXPECT_EQ(row.call, 5U);
            for (std::size_t task = row.first; task < row.first + row.count; ++task)
                ++owners[task];
            given += row.count;
        }
        EXPECT_LE(given, most);
    }
    EXPECT_TRUE(of.pool->take_back(0).empty());
    ASSERT_TRUE(test::comes_true([&] { return of.is_over(); }));
    EXPECT_GT(given, 0U);
    EXPECT_EQ(of.still_had, tasks - given);
    for (auto const& [task, value] : of.values) {
        EXPECT_EQ(value, static_cast<int>(2 * task));
        ++owners[task];
    }
    ASSERT_EQ(owners.size(), tasks);
    for (auto const& [task, times] : owners)
        EXPECT_EQ(times, 1) << "task " << task;
    EXPECT_TRUE(of.pool->take_back(1000).empty());
}

TEST_P(a_node_s_pool, keeps_chunks_whole) {
    run_of_a_pool of(GetParam());
    of.pool->begin(piece_of_all(100));
    EXPECT_TRUE(of.pool->take_back(1000).empty());
    of.pool->stop(5, stopped_by::request);
    of.pool.reset();
}

}  // namespace
}  // namespace quartet::node_pool_test
