// Options that mean nothing to a model or a call, and numbers that are none: refused in a sentence before
// anything has run.
#include "tests/conformance/models.hpp"

#include <gmock/gmock.h>

#include <chrono>
#include <csignal>
#include <cstddef>
#include <limits>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <ranges>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace quartet::conformance::options_test {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::AnyOf;
using testing::HasSubstr;
using testing::StartsWith;

/// The sentence that `use` is refused with.
std::string refusal_of(auto&& use) {
    try {
        use();
    } catch (std::invalid_argument const& refused) {
        EXPECT_THAT(refused.what(), StartsWith("quartet: "));
        return refused.what();
    }
    return "accepted";
}

std::string refusal_of_executor(std::string const& spec, executor_options const& options) {
    if (!with_processes && spec.starts_with("processes")) return "";
    return refusal_of([&] { make_executor(spec, options); });
}

TEST(options_of_an_executor, are_for_models_that_have_a_use_for_them) {
    for (std::string const spec : {"single", "threads:2", "threads:each", "processes:2", "processes:each"}) {
        if (!with_processes && spec.starts_with("processes")) continue;
        EXPECT_THAT(refusal_of_executor(spec, {.files = file_backend::threads}),
                    AllOf(HasSubstr("files"), HasSubstr("'" + spec + "'"), HasSubstr("event loop")));
        EXPECT_THAT(refusal_of_executor(spec, {.stall_limit = 1s}),
                    AllOf(HasSubstr("stall_limit"), HasSubstr("'" + spec + "'"), HasSubstr("event loop")));
        EXPECT_EQ(refusal_of_executor(spec, {.stall_limit = 0s}), "accepted");  // nobody looks: none does
    }
    for (std::string const spec : {"single", "threads:2", "threads:each", "async:3", "async:each",
                                   "threads:2+async:3", "auto", "processes:each"}) {
        if (!with_processes && spec.starts_with("processes")) continue;
        EXPECT_THAT(refusal_of_executor(spec, {.recycle_after = 3}),
                    AllOf(HasSubstr("recycle_after"), HasSubstr("'" + spec + "'"), HasSubstr("processes:N")));
    }
}

TEST(options_of_an_executor, are_taken_where_they_mean_something) {
    for (std::string const spec : {"async:3", "async:each", "threads:2+async:3", "auto"})
        EXPECT_EQ(refusal_of_executor(spec, {.files = file_backend::threads, .stall_limit = 1min}),
                  "accepted");
    if (!with_processes) return;
    EXPECT_EQ(refusal_of_executor("processes:2", {.recycle_after = 3}), "accepted");
    EXPECT_EQ(refusal_of_executor("processes:2+async:3",
                                  {.files = file_backend::threads, .stall_limit = 1min, .recycle_after = 3}),
              "accepted");
}

TEST(options_of_an_executor, are_no_negative_numbers) {
    EXPECT_THAT(refusal_of_executor("async:3", {.stall_limit = -1ns}),
                HasSubstr("stall_limit is below zero"));
    executor_options options;
    options.recycle_after = static_cast<std::size_t>(-1);
    EXPECT_THAT(refusal_of_executor("processes:2", options), AnyOf(HasSubstr("recycle_after is -1"), ""));
}

class call_option : public any_model {};
QUARTET_SUITE(call_option, all_rows());

TEST_P(call_option, that_is_negative_is_refused_before_anything_runs) {
    auto executor = make();
    auto const refused = [&](auto&& change, std::string const& words) {
        stream_options options;
        change(options.call);
        auto const body = [](int) -> int { throw std::runtime_error("it ran"); };
        std::vector const inputs{1, 2};
        for (auto const& sentence :
             {refusal_of([&] { executor.map(body, inputs, options.call); }),
              refusal_of([&] { executor.map(body, std::vector<int>(), options.call); }),
              refusal_of([&] { executor.try_map(body, inputs, options.call); }),
              refusal_of([&] { executor.for_each(body, inputs, options.call); }),
              refusal_of([&] { static_cast<void>(executor.submit(options.call, body, 1)); }),
              refusal_of([&] { executor.stream(body, inputs, options); })})
            EXPECT_THAT(sentence, HasSubstr(words));
    };
    refused([](call_options& call) { call.task_timeout = -1ns; }, "task_timeout is below zero");
    refused([](call_options& call) { call.timeout = -1s; }, "timeout is below zero");
    refused([](call_options& call) { call.retry.pause = -1ms; }, "pause is below zero");
    refused([](call_options& call) { call.retry.factor = -2; }, "factor is -2");
    refused([](call_options& call) { call.retry.factor = std::numeric_limits<double>::quiet_NaN(); },
            "factor is");
    refused([](call_options& call) { call.retry.times = static_cast<std::size_t>(-1); }, "times is -1");
    refused([](call_options& call) { call.chunk_size = static_cast<std::size_t>(-7); }, "chunk_size is -7");
    EXPECT_EQ(executor.map([](int n) { return n; }, std::vector{1}), std::vector{1});
}

TEST_P(call_option, that_its_kind_of_call_has_no_use_for_is_refused) {
    auto executor = make();
    stream_options options;
    options.call.progress = [](std::size_t, std::size_t) {};
    auto const body = [](int n) { return n; };
    EXPECT_THAT(refusal_of([&] { static_cast<void>(executor.submit(options.call, body, 1)); }),
                HasSubstr("progress"));
    EXPECT_THAT(refusal_of([&] { executor.stream(body, std::vector{1}, options); }), HasSubstr("progress"));
    stream_options window;
    window.window = static_cast<std::size_t>(-1);
    EXPECT_THAT(refusal_of([&] { executor.stream(body, std::vector{1}, window); }),
                HasSubstr("window is -1"));
}

class kinds_of_inputs : public any_model {};
QUARTET_SUITE(kinds_of_inputs, all_rows());

struct fixed {
    int const value;
};

TEST_P(kinds_of_inputs, may_be_the_elements_of_a_map) {
    auto executor = make();
    std::map<std::string, int> const ages{{"Ada", 36}, {"Bob", 7}};
    auto const lengths = executor.map(
        [](std::pair<std::string const, int> const& each) {
            return static_cast<int>(each.first.size()) + each.second;
        },
        ages);
    EXPECT_EQ(lengths, (std::vector{39, 10}));
    auto const texts = executor.starmap(
        [](context& ctx, std::string name, int age) -> task<std::string> {
            co_await ctx.yield();
            co_return name + std::to_string(age);
        },
        ages);
    EXPECT_EQ(texts, (std::vector<std::string>{"Ada36", "Bob7"}));
    std::map<int, std::map<int, std::string>> const nested{{1, {{2, "two"}}}};
    EXPECT_EQ(executor.map([](auto const& each) { return each.second.at(2); }, nested),
              std::vector<std::string>{"two"});
}

TEST_P(kinds_of_inputs, need_not_be_assignable) {
    auto executor = make();
    std::vector<fixed> const inputs{{1}, {2}};
    auto const body = [](context& ctx, fixed each) -> task<int> {
        co_await ctx.yield();
        co_return each.value;
    };
    EXPECT_EQ(executor.map(body, inputs), (std::vector{1, 2}));
}

TEST_P(kinds_of_inputs, may_be_text_that_can_be_written_to) {
    auto executor = make();
    char text[] = "early";
    auto size = executor.submit([](std::string const& of) { return of; }, static_cast<char*>(text));
    text[0] = 'E';
    EXPECT_THAT(size.get(), testing::EndsWith("arly"));
}

TEST_P(kinds_of_inputs, may_be_a_part_of_an_endless_range) {
    auto executor = make();
    EXPECT_EQ(executor.map([](int n) { return n * n; }, std::views::iota(0) | std::views::take(4)),
              (std::vector{0, 1, 4, 9}));
}

class bodies_in_processes : public any_model {};
QUARTET_SUITE(bodies_in_processes,
              rows_where([](row const& each) { return each.name.starts_with("processes"); }));

TEST_P(bodies_in_processes, that_follow_a_pointer_to_nowhere_are_told_what_it_may_be) {
    auto executor = make();
    auto const crash = [](int) {
        signal(SIGSEGV, SIG_DFL);  // a sanitizer's handler would exit
        return raise(SIGSEGV);
    };
    auto const outcomes = executor.try_map(crash, std::vector{1});
    ASSERT_FALSE(outcomes[0]);
    EXPECT_THAT(outcomes[0].error().message, HasSubstr("SIGSEGV"));
    EXPECT_THAT(outcomes[0].error().message, HasSubstr("docs/models.md#what-does-not-cross"));
    auto const killed = executor.try_map([](int) { return raise(SIGKILL); }, std::vector{1});
    EXPECT_THAT(killed[0].error().message, testing::Not(HasSubstr("docs/models.md")));
}

}  // namespace
}  // namespace quartet::conformance::options_test
