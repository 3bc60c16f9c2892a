// A failed task says which it was, why and where; it takes no other along unless told to.
#include "tests/conformance/models.hpp"
#include "tests/conformance/shared.hpp"

#include <algorithm>
#include <ranges>
#include <stdexcept>

namespace quartet::conformance {

/// Values below zero can't be encoded, values above 100 can't be decoded.
struct fussy {
    int value = 0;
};

}  // namespace quartet::conformance

template <>
struct quartet::codec<quartet::conformance::fussy> {
    static void encode(quartet::conformance::fussy const& fussy, byte_writer& out) {
        if (fussy.value < 0) throw std::domain_error("too low to be encoded");
        codec<int>::encode(fussy.value, out);
    }
    static quartet::conformance::fussy decode(byte_reader& in) {
        int const value = codec<int>::decode(in);
        if (value > 100) throw std::domain_error("too high to be decoded");
        return {value};
    }
};

namespace quartet::conformance::failures_test {
namespace {

using namespace std::chrono_literals;

class failures : public any_model {};
QUARTET_SUITE(failures, all_rows());

class failures_in_process : public any_model {};
QUARTET_SUITE(failures_in_process, rows_with(&model_traits::shares_memory));

class failures_across_processes : public any_model {};
QUARTET_SUITE(failures_across_processes, rows_with(&model_traits::shares_memory, false));

class own_error : public std::runtime_error {
public:
    explicit own_error(int code) : std::runtime_error("own error"), code_(code) {}
    int code() const { return code_; }

private:
    int code_;
};

int fail_always(int n) {
    throw own_error(n);
}

task<int> fail_later(context& ctx, int n) {
    co_await ctx.sleep_for(1ms);
    if (n % 2) throw std::invalid_argument("odd: " + std::to_string(n));
    co_return n;
}

TEST_P(failures, keep_index_cause_text_and_worker) {
    auto const outcomes = make().try_map(fail_later, std::vector{0, 1, 2, 3});
    EXPECT_EQ(outcomes[0].value(), 0);
    EXPECT_EQ(outcomes[2].value(), 2);
    auto const& why = outcomes[3].error();
    EXPECT_EQ(why.index, 3u);
    EXPECT_EQ(why.why, cause::threw);
    EXPECT_EQ(why.message, "odd: 3");
    EXPECT_FALSE(why.worker.empty());
    EXPECT_EQ(why.signal, 0);
    EXPECT_EQ(why.exit_code, 0);
}

TEST_P(failures, of_a_map_are_all_in_its_error) {
    auto executor = make();
    try {
        executor.map(fail_later, std::views::iota(0, 40));
        FAIL() << "nothing was thrown";
    } catch (map_error const& error) {
        EXPECT_EQ(error.tasks(), 40u);
        ASSERT_EQ(error.failures().size(), 20u);
        for (std::size_t n = 0; n < 20; ++n)
            EXPECT_EQ(error.failures()[n].index, 2 * n + 1);
        EXPECT_STREQ(error.what(), "20 of 40 tasks failed; the first is task 1: odd: 1");
    }
}

TEST_P(failures, of_a_map_whose_results_have_no_default) {
    struct no_default {
        explicit no_default(int number) : n(number) {}
        int n;
    };
    auto const body = [](int n) {
        if (n == 1) throw std::runtime_error("one");
        return no_default(n);
    };
    auto executor = make();
    EXPECT_EQ(executor.map(body, std::vector{0, 2}).size(), 2u);
    EXPECT_THROW(executor.map(body, std::vector{0, 1, 2}), map_error);
}

TEST_P(failures, of_a_map_without_results) {
    auto const body = [](int n) {
        if (n == 1) throw std::runtime_error("one");
    };
    auto executor = make();
    EXPECT_THROW(executor.map(body, std::vector{0, 1}), map_error);
    EXPECT_NO_THROW(executor.map(body, std::vector{0, 2}));
}

TEST_P(failures, may_be_of_any_type) {
    auto const body = [](int n) -> int {
        if (n == 0) throw 42;
        if (n == 1) throw "text";
        throw std::string("string");
    };
    auto const outcomes = make().try_map(body, std::vector{0, 1, 2});
    EXPECT_EQ(outcomes[0].error().message, "an exception of type int");
    EXPECT_EQ(outcomes[1].error().message, "an exception of type char const*");
    EXPECT_TRUE(outcomes[2].error().message.starts_with("an exception of type std::"))
        << outcomes[2].error().message;
}

TEST_P(failures, of_all_tasks_do_not_hurt_the_executor) {
    auto executor = make();
    std::size_t const count = std::min<std::size_t>(many(), 3000);
    for (int round = 0; round < 3; ++round) {
        auto const outcomes = executor.try_map(fail_always, std::views::iota(0, static_cast<int>(count)));
        ASSERT_TRUE(std::ranges::none_of(outcomes, [](auto const& each) { return each.has_value(); }));
        ASSERT_EQ(outcomes.back().error().index, count - 1);
    }
    EXPECT_EQ(executor.map([](int n) { return n; }, std::vector{1}), std::vector{1});
}

TEST_P(failures, stop_the_others_if_asked_to) {
    auto const body = [](context& ctx, int n) -> task<int> {
        if (n == 0) throw std::runtime_error("the first");
        for (;;)
            co_await ctx.sleep_for(1h);
    };
    auto const outcomes = make().try_map(body, std::views::iota(0, 20), {.failure = on_failure::stop_all});
    EXPECT_EQ(outcomes[0].error().why, cause::threw);
    for (std::size_t n = 1; n < 20; ++n)
        EXPECT_EQ(outcomes[n].error().why, cause::cancelled) << n;
}

TEST_P(failures, do_not_stop_the_others_unasked) {
    shared_counter ended;
    auto executor = make();
    auto const body = [ended = &ended](context& ctx, int n) -> task<void> {
        if (n == 0) throw std::runtime_error("the first");
        co_await ctx.sleep_for(5ms);
        ++*ended;
    };
    executor.try_map(body, std::views::iota(0, 20));
    EXPECT_EQ(*ended, 19u);
}

TEST_P(failures_in_process, keep_the_exception) {
    auto const outcomes = make().try_map(fail_always, std::vector{7, 8});
    try {
        outcomes[1].value();
        FAIL() << "nothing was thrown";
    } catch (own_error const& error) {
        EXPECT_EQ(error.code(), 8);
    }
}

[[noreturn]] void throw_known(int which) {
    switch (which) {
        case 0:
            throw std::runtime_error("zero");
        case 1:
            throw std::out_of_range("one");
        case 2:
            throw std::bad_alloc();
        case 3:
            throw std::system_error(ENOSPC, std::generic_category(), "write 'file'");
        case 4:
            throw std::system_error(EACCES, std::system_category());
        case 5:
            throw fetch_error(fetch_error::kind::resolve, "GET x: no such host");
        default:
            throw timed_out(1500ms);
    }
}

/// Type and text of what is thrown, and what else it holds.
std::string describe(auto&& thrower) {
    try {
        thrower();
    } catch (std::system_error const& error) {
        return std::string("system_error ") + error.code().category().name() + " " +
               std::to_string(error.code().value()) + " " + error.what();
    } catch (fetch_error const& error) {
        return "fetch_error " + std::to_string(static_cast<int>(error.what_kind())) + " " + error.what();
    } catch (timed_out const& error) {
        return "timed_out " + std::to_string(error.limit().count()) + " " + error.what();
    } catch (std::exception const& error) {
        return std::string(typeid(error).name()) + " " + error.what();
    }
    return "nothing was thrown";
}

TEST_P(failures, of_known_types_are_thrown_as_themselves) {
    auto const outcomes =
        make().try_map([](int which) -> int { throw_known(which); }, std::views::iota(0, 7));
    for (int which = 0; which < 7; ++which) {
        auto const& outcome = outcomes[static_cast<std::size_t>(which)];
        EXPECT_EQ(describe([&] { outcome.value(); }), describe([&] { throw_known(which); }));
    }
}

TEST_P(failures_across_processes, of_derived_types_are_not_taken_for_their_bases) {
    struct derived : std::out_of_range {
        using std::out_of_range::out_of_range;
    };
    auto const outcomes = make().try_map([](int) -> int { throw derived("derived"); }, std::vector{0});
    EXPECT_THROW(outcomes[0].value(), remote_error);
}

TEST_P(failures_across_processes, keep_the_first_type_and_text_when_they_cross_twice) {
    auto const body = [](int n) {
        auto inner = make_executor("processes:1");
        return inner.try_map(fail_always, std::vector{n}).front().value();
    };
    auto const outcomes = make().try_map(body, std::vector{7});
    try {
        outcomes[0].value();
        FAIL() << "nothing was thrown";
    } catch (remote_error const& error) {
        EXPECT_STREQ(error.what(), "own error");
        EXPECT_NE(error.type().find("own_error"), std::string::npos) << error.type();
    }
}

TEST_P(failures_across_processes, name_type_and_origin) {
    auto const outcomes = make().try_map(fail_always, std::vector{7, 8});
    try {
        outcomes[1].value();
        FAIL() << "nothing was thrown";
    } catch (remote_error const& error) {
        EXPECT_STREQ(error.what(), "own error");
        EXPECT_NE(error.type().find("own_error"), std::string::npos) << error.type();
        EXPECT_EQ(error.origin(), outcomes[1].error().worker);
        EXPECT_EQ(error.origin().find("processes-"), 0u);
    }
}

TEST_P(failures_across_processes, of_encoding_an_input_are_that_tasks) {
    auto executor = make();
    auto const outcomes =
        executor.try_map([](fussy each) { return each.value; }, std::vector<fussy>{{1}, {-2}, {3}});
    EXPECT_EQ(outcomes[0].value(), 1);
    EXPECT_EQ(outcomes[1].error().message, "too low to be encoded");
    EXPECT_EQ(outcomes[1].error().index, 1u);
    EXPECT_EQ(outcomes[2].value(), 3);
}

TEST_P(failures_across_processes, of_decoding_an_input_are_that_tasks) {
    auto executor = make();
    auto const outcomes =
        executor.try_map([](fussy each) { return each.value; }, std::vector<fussy>{{1}, {200}, {3}});
    EXPECT_EQ(outcomes[0].value(), 1);
    EXPECT_EQ(outcomes[1].error().message, "too high to be decoded");
    EXPECT_EQ(outcomes[2].value(), 3);
}

TEST_P(failures_across_processes, of_encoding_or_decoding_a_result_are_that_tasks) {
    auto executor = make();
    auto const outcomes = executor.try_map([](int n) { return fussy{n}; }, std::vector{1, -2, 300, 4});
    EXPECT_EQ(outcomes[0].value().value, 1);
    EXPECT_EQ(outcomes[1].error().message, "too low to be encoded");
    EXPECT_EQ(outcomes[2].error().message, "too high to be decoded");
    EXPECT_EQ(outcomes[2].error().index, 2u);
    EXPECT_EQ(outcomes[3].value().value, 4);
}

TEST_P(failures_across_processes, of_encoding_stop_the_others_if_asked_to) {
    auto const outcomes =
        make().try_map([](fussy each) { return each.value; }, std::vector<fussy>{{-1}, {2}, {3}},
                       {.failure = on_failure::stop_all});
    EXPECT_EQ(outcomes[0].error().why, cause::threw);
    EXPECT_EQ(outcomes[1].error().why, cause::cancelled);
    EXPECT_EQ(outcomes[2].error().why, cause::cancelled);
}

}  // namespace
}  // namespace quartet::conformance::failures_test
