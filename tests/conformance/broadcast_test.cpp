// A value that all tasks read, in every model and on a cluster of one node.
#include "tests/conformance/models.hpp"

#include <map>
#include <numeric>
#include <optional>
#include <ranges>
#include <stdexcept>
#include <string>
#include <vector>

namespace quartet::conformance::broadcast_test {
namespace {

class a_broadcast : public any_model {};
QUARTET_SUITE(a_broadcast, all_rows());

using table = std::map<std::string, int>;

table some_table() {
    return {{"one", 1}, {"two", 2}, {"three", 3}};
}
std::vector<std::string> const keys{"three", "one", "two", "three"};
std::vector<int> const values{3, 1, 2, 3};

TEST_P(a_broadcast, is_captured) {
    broadcast const numbers(some_table());
    auto const look_up = [numbers = numbers.view()](std::string const& key) { return numbers->at(key); };
    EXPECT_EQ(make().map(look_up, keys), values);
}

TEST_P(a_broadcast, is_an_input) {
    broadcast const numbers(some_table());
    std::vector<std::tuple<broadcast_view<table>, std::string>> inputs;
    for (auto const& key : keys)
        inputs.emplace_back(numbers.view(), key);
    auto const look_up = [](broadcast_view<table> const& all, std::string const& key) {
        return all.get().at(key);
    };
    auto executor = make();
    EXPECT_EQ(executor.starmap(look_up, inputs), values);
    EXPECT_EQ(executor.submit(look_up, numbers.view(), "two").get(), 2);
}

TEST_P(a_broadcast, may_be_younger_than_the_workers) {
    auto executor = make();
    executor.map([](int n) { return n; }, std::vector{1, 2, 3, 4, 5, 6});
    for (int round = 0; round < 5; ++round) {
        broadcast const text(std::string(1000, static_cast<char>('a' + round)));
        auto const letter = [text = text.view()](std::size_t place) { return (*text)[place]; };
        EXPECT_EQ(executor.map(letter, std::views::iota(std::size_t{0}, std::size_t{20})),
                  std::vector<char>(20, static_cast<char>('a' + round)));
    }
}

TEST_P(a_broadcast, of_a_range_is_read_where_it_lies) {
    auto executor = make();
    broadcast<int[]> const numbers(std::views::iota(0, 10'000));
    auto const sum_from = [numbers = numbers.view()](std::size_t first) {
        auto const mine = numbers.get().subspan(first, 1000);
        return std::accumulate(mine.begin(), mine.end(), 0);
    };
    auto const sums = executor.map(sum_from, std::vector<std::size_t>{0, 3000, 9000});
    EXPECT_EQ(sums, (std::vector{499'500, 3'499'500, 9'499'500}));
    broadcast<double[]> const none(std::vector<double>{});
    EXPECT_EQ(executor.submit([none = none.view()](int) { return (*none).size(); }, 1).get(), 0U);
}

struct model_of_something {
    double factors[100];
    int offset;
};

TEST_P(a_broadcast, of_plain_bytes_is_read_where_it_lies) {
    model_of_something const made{.factors = {0.5, 1.5}, .offset = 7};
    broadcast const whole(made);
    auto const apply = [whole = whole.view()](int x) { return whole->factors[1] * x + whole->offset; };
    EXPECT_EQ(make().map(apply, std::vector{2, 4}), (std::vector{10.0, 13.0}));
}

task<int> value_of(context& ctx, broadcast_view<table> numbers, std::string key) {
    co_await ctx.yield();
    co_return numbers->at(key);
}

TEST_P(a_broadcast, is_used_by_coroutines) {
    broadcast const numbers(some_table());
    auto const body = [all = numbers.view()](context& ctx, std::string const& key) {
        return value_of(ctx, all, key);
    };
    EXPECT_EQ(make().map(body, keys), values);
}

TEST_P(a_broadcast, is_kept_by_a_call_that_has_begun) {
    auto executor = make();
    executor.map([](int n) { return n; }, std::vector{1, 2, 3});
    auto numbers = std::make_optional<broadcast<table>>(some_table());
    auto call =
        executor.map_async([all = numbers->view()](std::string const& key) { return all->at(key); }, keys);
    numbers.reset();
    EXPECT_EQ(call.get(), values);
}

TEST_P(a_broadcast, that_is_gone_is_an_error) {
    auto executor = make();
    auto const first = [](broadcast_view<std::string> const& text) { return text->front(); };
    auto text = std::make_optional<broadcast<std::string>>("abc");
    std::vector const views(3, text->view());
    EXPECT_EQ(executor.map(first, views), std::vector(3, 'a'));
    text.reset();
    for (auto const& each : executor.try_map(first, views)) {
        ASSERT_FALSE(each.has_value());
        EXPECT_NE(each.error().message.find("the broadcast of this view is gone"), std::string::npos)
            << each.error().message;
    }
}

/// Says no where it is decoded.
struct undecodable {
    std::string text;
};

int decodings = 0;  // in this process

/// Counts how often it is decoded.
struct counted {
    std::string text;
};

}  // namespace
}  // namespace quartet::conformance::broadcast_test

template <>
struct quartet::codec<quartet::conformance::broadcast_test::undecodable> {
    using value = quartet::conformance::broadcast_test::undecodable;
    static void encode(value const& given, byte_writer& out) {
        if (given.text.empty()) throw std::invalid_argument("nothing to encode");
        codec<std::string>::encode(given.text, out);
    }
    static value decode(byte_reader& in) {
        throw std::runtime_error("no such thing: " + codec<std::string>::decode(in));
    }
};

template <>
struct quartet::codec<quartet::conformance::broadcast_test::counted> {
    using value = quartet::conformance::broadcast_test::counted;
    static void encode(value const& given, byte_writer& out) { codec<std::string>::encode(given.text, out); }
    static value decode(byte_reader& in) {
        ++quartet::conformance::broadcast_test::decodings;
        return {codec<std::string>::decode(in)};
    }
};

namespace quartet::conformance::broadcast_test {
namespace {

TEST_P(a_broadcast, is_decoded_once_in_a_worker) {
    auto executor = make();
    executor.map([](int n) { return n; }, std::vector{1, 2, 3, 4, 5, 6});
    broadcast const text(counted{"abc"});
    auto const count = [text = text.view()](int place) {
        return text->text[static_cast<std::size_t>(place)] == "abc"[place] ? decodings : -1;
    };
    for (int call = 0; call < 3; ++call) {
        for (int const so_far : executor.map(count, std::vector{0, 1, 2, 0, 1, 2, 0, 1, 2, 0})) {
            EXPECT_GE(so_far, 0);
            EXPECT_LE(so_far, 1);
        }
    }
    EXPECT_EQ(decodings, 0) << "here is the object";
}

TEST_P(a_broadcast, that_cannot_be_decoded_fails_the_tasks_that_ask_for_it) {
    auto executor = make();
    executor.map([](int n) { return n; }, std::vector{1, 2, 3, 4, 5, 6});
    broadcast const odd(undecodable{"x"});
    auto const text_of = [odd = odd.view()](int) { return odd->text; };
    for (auto const& each : executor.try_map(text_of, std::vector{1, 2, 3})) {
        if (each.has_value()) {  // where the object is
            EXPECT_EQ(*each, "x");
        } else {
            EXPECT_NE(each.error().message.find("no such thing: x"), std::string::npos)
                << each.error().message;
        }
    }
    EXPECT_THROW(broadcast(undecodable{}), std::invalid_argument);
    EXPECT_EQ(executor.submit([](int n) { return n; }, 3).get(), 3);
}

TEST_P(a_broadcast, is_the_very_object_where_memory_is_shared) {
    auto executor = make();
    broadcast const numbers(some_table());
    auto const where = [numbers = numbers.view()](int) {
        return reinterpret_cast<std::uintptr_t>(&*numbers);
    };
    auto const here = reinterpret_cast<std::uintptr_t>(&*numbers);
    for (auto const address : executor.map(where, std::vector{1, 2, 3})) {
        if (executor.traits().shares_memory) {
            EXPECT_EQ(address, here);
        }
    }
}

TEST(a_view_of_a_broadcast, of_nothing_says_so) {
    EXPECT_THROW(broadcast_view<table>().get(), std::runtime_error);
    EXPECT_THROW(broadcast_view<int[]>().get(), std::runtime_error);
}

}  // namespace
}  // namespace quartet::conformance::broadcast_test
