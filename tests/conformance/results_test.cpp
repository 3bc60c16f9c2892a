// Whatever a body may return, and whatever may be its input, arrives as it was: also through the codec and
// shared memory.
#include "tests/conformance/models.hpp"

#include <quartet/codec_cereal.hpp>

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <set>
#include <tuple>
#include <unordered_map>
#include <variant>

namespace quartet::conformance {

/// Not default-constructible, not trivially copyable; crosses by a specialization of its own.
class label {
public:
    explicit label(std::string text) : text_(std::move(text)) {}
    std::string const& text() const { return text_; }
    friend bool operator==(label const&, label const&) = default;

private:
    std::string text_;
};

}  // namespace quartet::conformance

template <>
struct quartet::codec<quartet::conformance::label> {
    static void encode(quartet::conformance::label const& value, byte_writer& out) {
        codec<std::string>::encode(value.text(), out);
    }
    static quartet::conformance::label decode(byte_reader& in) {
        return quartet::conformance::label(codec<std::string>::decode(in));
    }
};

namespace quartet::conformance::results_test {
namespace {

class results : public any_model {
protected:
    /// `value` goes in and comes out.
    template <class T>
    void expect_to_cross(T const& value) {
        std::vector<T> const inputs{value, value};
        EXPECT_EQ(make().map([](T const& each) { return each; }, inputs), inputs);
    }

    /// And by a coroutine, and in outcomes; a few types will do, since each costs the compiler seconds.
    template <class T>
    void expect_to_cross_in_all_ways(T const& value) {
        expect_to_cross(value);
        auto const outcomes = make().try_map([](context&, T const& each) -> task<T> { co_return each; },
                                             std::vector{value, value});
        EXPECT_EQ(outcomes.at(0).value(), value);
        EXPECT_EQ(outcomes.at(1).value(), value);
    }
};
QUARTET_SUITE(results, all_rows());

enum class colour : std::uint8_t { red = 3 };

struct nothing {
    friend bool operator==(nothing, nothing) = default;
};

struct point {
    explicit point(double both) : x(both), y(both) {}
    double x, y;
    friend bool operator==(point const&, point const&) = default;
};

struct alignas(64) wide {
    std::array<char, 3> text{'a', 'b', 'c'};
    friend bool operator==(wide const& a, wide const& b) { return a.text == b.text; }
};

struct person {
    std::string name;
    std::vector<std::string> mails;
    std::map<int, double> marks;

    template <class Archive>
    void serialize(Archive& archive) {
        archive(name, mails, marks);
    }
    friend bool operator==(person const&, person const&) = default;
};

TEST_P(results, scalars) {
    expect_to_cross_in_all_ways(42);
    expect_to_cross(char{'x'});
    expect_to_cross(1e300);
    expect_to_cross(colour::red);
    expect_to_cross(std::array<int, 5>{1, 2, 3, 4, 5});
    expect_to_cross(std::optional<int>(7));
    expect_to_cross(std::chrono::nanoseconds(9));
}

TEST_P(results, structs) {
    expect_to_cross(nothing{});
    expect_to_cross(point(2.5));
    expect_to_cross_in_all_ways(wide{});
    expect_to_cross(person{"Ada", {"a@b", ""}, {{1, 0.5}, {2, -1}}});
    expect_to_cross_in_all_ways(label("hello"));
}

TEST_P(results, texts_and_containers) {
    using namespace std::string_literals;
    expect_to_cross(""s);
    expect_to_cross_in_all_ways("a\0b\nc"s);
    expect_to_cross(std::vector<int>{});
    expect_to_cross(std::vector<int>{1, 2, 3});
    expect_to_cross(std::vector<bool>{true, false, true});
    expect_to_cross(std::vector<std::string>{"", "one", "two"});
    expect_to_cross(std::map<std::string, std::vector<int>>{{"a", {1}}, {"b", {}}});
    expect_to_cross(std::unordered_map<int, std::string>{{1, "x"}});
    expect_to_cross(std::set<int>{3, 1, 2});
    expect_to_cross(std::pair<std::string, int>("k", 5));
    expect_to_cross(std::tuple<int, std::string, double>(1, "t", 0.5));
    expect_to_cross(std::optional<std::string>("o"));
    expect_to_cross(std::variant<int, std::string>("v"));
}

// Odd sizes before the results, so that results which are not aligned by themselves would lie crooked.
TEST_P(results, of_another_size_than_the_inputs) {
    std::vector<std::string> const inputs{"a", "bcd", "", "efghi"};
    std::vector<std::size_t> const sizes{1, 3, 0, 5};
    struct three {
        char bytes[3];
    };
    auto executor = make();
    EXPECT_EQ(executor.map([](std::string const& text) { return text.size(); }, inputs), sizes);
    auto const odd_capture = [t = three{{'x', 'y', 'z'}}](std::string const& text) {
        return text + t.bytes[1];
    };
    EXPECT_EQ(executor.map(odd_capture, inputs), (std::vector<std::string>{"ay", "bcdy", "y", "efghiy"}));
    auto const to_wide = [t = three{}](char) { return t.bytes[0] ? wide{} : wide{{'x', 'y', 'z'}}; };
    EXPECT_EQ(executor.map(to_wide, std::string("abc")), std::vector<wide>(3, wide{{'x', 'y', 'z'}}));
}

TEST_P(results, none) {
    auto executor = make();
    executor.map([](int) {}, std::vector{1, 2, 3});
    executor.map([](context& ctx, int) -> task<void> { co_await ctx.yield(); }, std::vector{1, 2, 3});
    auto const outcomes = executor.try_map(
        [](int n) {
            if (n == 2) throw 2;
        },
        std::vector{1, 2, 3});
    ASSERT_EQ(outcomes.size(), 3u);
    EXPECT_TRUE(outcomes[0].has_value());
    EXPECT_FALSE(outcomes[1].has_value());
    EXPECT_TRUE(outcomes[2].has_value());
}

// Neighbouring elements of a std::vector<bool> share a byte, which threads must not write at the same time.
TEST_P(results, truth_values) {
    std::size_t const count = std::min<std::size_t>(many(), 5000);
    auto const truths =
        make().map([](std::size_t n) { return n % 3 == 0; }, std::views::iota(std::size_t{0}, count));
    for (std::size_t n = 0; n < count; ++n)
        ASSERT_EQ(truths[n], n % 3 == 0) << n;
}

TEST_P(results, that_can_only_be_moved) {
    auto executor = make();
    auto const made = executor.map([](int n) { return std::make_unique<int>(n); }, std::vector{5, 6});
    EXPECT_EQ(*made[0], 5);
    EXPECT_EQ(*made[1], 6);
    auto outcomes = executor.try_map(
        [](context&, int n) -> task<std::unique_ptr<int>> { co_return std::make_unique<int>(n); },
        std::vector{7});
    std::unique_ptr<int> const seven = std::move(outcomes[0]).value();
    EXPECT_EQ(*seven, 7);
}

TEST_P(results, ten_megabytes) {
    constexpr std::size_t size = 10'000'000;
    auto executor = make();
    auto const texts = executor.map([](char c) { return std::string(size, c); }, std::string("ab"));
    EXPECT_EQ(texts, (std::vector{std::string(size, 'a'), std::string(size, 'b')}));
    auto const sizes = executor.map([](std::string const& text) { return text.size(); }, texts);
    EXPECT_EQ(sizes, (std::vector{size, size}));
    std::vector<int> numbers(size / sizeof(int));
    std::iota(numbers.begin(), numbers.end(), 0);
    auto const same = executor.map([](std::vector<int> const& each) { return each; },
                                   std::vector<std::vector<int>>{numbers});
    EXPECT_EQ(same.at(0), numbers);
}

}  // namespace
}  // namespace quartet::conformance::results_test
