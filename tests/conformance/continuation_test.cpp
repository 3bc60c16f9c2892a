// What goes on when a call has ended that no thread waits for: under each model whose calls go on by
// themselves.
#include "src/executor/automatic.hpp"
#include "tests/conformance/models.hpp"

#include <quartet/backend/async.hpp>
#include <quartet/backend/completion.hpp>
#include <quartet/backend/processes.hpp>
#include <quartet/backend/single.hpp>
#include <quartet/backend/threads.hpp>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace quartet::conformance {
namespace {

using namespace std::chrono_literals;

struct model_row {
    std::string name;
    std::function<std::unique_ptr<model>()> make;

    friend void PrintTo(model_row const& each, std::ostream* out) { *out << each.name; }
};

async_options loops(std::size_t count) {
    return {.limit = 7, .loops = count, .stall_limit = 0ns};
}

std::unique_ptr<model> of_spec(model_spec const& spec) {
    if (spec.kind == model_kind::async || spec.loops) return std::make_unique<async>(loops(2));
    return std::make_unique<threads>(threads_options{.count = 2});
}

std::vector<model_row> rows() {
    std::vector<model_row> table{
        {"single", [] { return std::make_unique<single>(); }},
        {"threads", [] { return std::make_unique<threads>(threads_options{.count = 2}); }},
        {"threads_each", [] { return std::make_unique<thread_per_task>(); }},
        {"async", [] { return std::make_unique<async>(loops(1)); }},
        {"threads_async", [] { return std::make_unique<async>(loops(2)); }},
        {"auto", [] {
             return std::make_unique<detail::automatic>(
                 detail::automatic_options{.make = of_spec, .costs = usual_costs(2)});
         }}};
    if (with_processes) {
        table.push_back(
            {"processes", [] { return std::make_unique<processes>(processes_options{.count = 2}); }});
        table.push_back({"processes_async", [] {
                             return std::make_unique<processes>(
                                 processes_options{.count = 2, .in_flight = 7, .stall_limit = 0ns});
                         }});
        table.push_back(
            {"processes_each", [] { return std::make_unique<processes>(processes::one_per_task{}); }});
    }
    return table;
}

class a_continuation : public testing::TestWithParam<model_row> {
protected:
    std::unique_ptr<model> const how_ = GetParam().make();
};
INSTANTIATE_TEST_SUITE_P(models, a_continuation, testing::ValuesIn(rows()),
                         [](auto const& each) { return each.param.name; });

/// Sleeps as long as it is told to, and gives one more.
struct add_one {
    task<int> operator()(context& ctx, std::pair<int, std::chrono::milliseconds> const& input) const {
        co_await ctx.sleep_for(input.second);
        if (input.first < 0) throw std::runtime_error("below zero");
        co_return input.first + 1;
    }
};

using input = std::pair<int, std::chrono::milliseconds>;
using call = detail::call_job<add_one, input, int>;

std::shared_ptr<detail::call<int>> begin(model& how, int number, std::chrono::milliseconds sleep = 0ms) {
    return call::begin_under(how, add_one{}, input(number, sleep), {});
}

/// Hears of the end, as often as it is told.
class hearer final : public continuation {
public:
    void run() noexcept override {
        ++runs;
        heard.set();
    }
    std::atomic<int> runs = 0;
    detail::one_shot_event heard;
};

TEST_P(a_continuation, runs_when_a_call_has_ended_that_nobody_waits_for) {
    hearer told;
    auto const made = begin(*how_, 41, 5ms);
    made->then(told);
    told.heard.wait_until();
    EXPECT_TRUE(made->ended());
    EXPECT_EQ(made->take().value(), 42);
    how_->join();
    EXPECT_EQ(told.runs, 1);
}

TEST_P(a_continuation, runs_after_a_failure) {
    hearer told;
    auto const made = begin(*how_, -1);
    made->then(told);
    told.heard.wait_until();
    EXPECT_EQ(made->take().error().message, "below zero");
}

TEST_P(a_continuation, runs_at_once_when_the_call_has_finished) {
    hearer told;
    auto const made = begin(*how_, 41);
    made->wait_until({});
    made->then(told);
    EXPECT_EQ(told.runs, 1);
    EXPECT_EQ(made->take().value(), 42);
}

// Nobody has collected its results: that is done now.
TEST_P(a_continuation, runs_when_the_call_has_ended_before) {
    hearer told;
    auto const made = begin(*how_, 41);
    while (!made->ended())
        std::this_thread::yield();
    made->then(told);
    told.heard.wait_until();
    EXPECT_EQ(made->take().value(), 42);
}

TEST_P(a_continuation, leaves_the_call_to_be_waited_for) {
    hearer told;
    auto const made = begin(*how_, 41, 5ms);
    made->then(told);
    EXPECT_TRUE(made->wait_until({}));
    EXPECT_EQ(made->take().value(), 42);
    told.heard.wait_until();
}

TEST_P(a_continuation, may_be_one_of_several) {
    hearer told[3];
    auto const made = begin(*how_, 41, 1ms);
    for (auto& each : told)
        made->then(each);
    for (auto& each : told)
        each.heard.wait_until();
    made->take();
}

TEST_P(a_continuation, has_run_when_its_model_is_joined) {
    for (int round = 0; round < 20; ++round) {
        hearer told[5];
        for (auto& each : told) {
            auto const made = begin(*how_, 1);
            made->then(each);
        }
        how_->join();
        for (auto& each : told)
            EXPECT_EQ(each.runs, 1);
    }
}

TEST_P(a_continuation, runs_when_the_call_is_cancelled) {
    if (how_->runs_in_start()) return;
    hearer told;
    auto const made = begin(*how_, 1, 1h);
    made->then(told);
    made->cancel(detail::stopped_by::request);
    told.heard.wait_until();
    EXPECT_EQ(made->take().error().why, cause::cancelled);
}

TEST(a_continuation_of_a_call, has_run_when_its_model_has_ended) {
    for (auto const& each : rows()) {
        auto how = each.make();
        if (how->runs_in_start()) continue;
        hearer told;
        begin(*how, 1, 1h)->then(told);
        how.reset();
        EXPECT_EQ(told.runs, 1) << each.name;
    }
}

/// Begins the next call with what the last one gave.
class chain final : public continuation {
public:
    chain(model& how, int calls) : how_(how), left_(calls) {}

    void go_on(int number) {
        under_way_ = begin(how_, number);
        auto const kept = under_way_;
        kept->then(*this);
    }
    void run() noexcept override {
        result = std::exchange(under_way_, nullptr)->take().value();
        if (--left_ > 0)
            go_on(result);
        else
            end.set();
    }

    int result = 0;
    detail::one_shot_event end;

private:
    model& how_;
    int left_;
    std::shared_ptr<detail::call<int>> under_way_;
};

TEST_P(a_continuation, may_begin_the_next_call) {
    chain links(*how_, 100);
    links.go_on(0);
    links.end.wait_until();
    EXPECT_EQ(links.result, 100);
}

TEST_P(a_continuation, keeps_a_join_from_returning_before_what_it_begins) {
    chain links(*how_, 10);
    links.go_on(0);
    how_->join();
    EXPECT_TRUE(links.end.is_set());
    EXPECT_EQ(links.result, 10);
}

}  // namespace
}  // namespace quartet::conformance
