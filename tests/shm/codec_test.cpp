#include <quartet/codec.hpp>

#include <quartet/codec_cereal.hpp>
#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

namespace quartet::codec_test {
namespace {

template <class T>
T round_trip(T const& value) {
    byte_writer out;
    codec<T>::encode(value, out);
    byte_reader in(out.bytes());
    T copy = codec<T>::decode(in);
    EXPECT_EQ(in.left(), 0u) << "decode left some bytes";
    return copy;
}

struct point {
    int x;
    double y;
    bool operator==(point const&) const = default;
};

struct person {
    std::string name;
    int age = 0;
    bool operator==(person const&) const = default;
    template <class Archive>
    void serialize(Archive& archive) {
        archive(name, age);
    }
};

struct own_way {
    explicit own_way(int v) : value(v) {}
    int value;
};

struct empty {
    bool operator==(empty const&) const = default;
};

}  // namespace
}  // namespace quartet::codec_test

template <>
struct quartet::codec<quartet::codec_test::own_way> {
    using own_way = codec_test::own_way;
    static void encode(own_way const& value, byte_writer& out) {
        out.write(&value.value, sizeof value.value);
    }
    static own_way decode(byte_reader& in) { return own_way(codec<int>::decode(in)); }
};

namespace quartet::codec_test {
namespace {

TEST(Codec, TrivialTypesCrossAsTheirBytes) {
    EXPECT_EQ(round_trip(42), 42);
    EXPECT_EQ(round_trip(-0.5), -0.5);
    EXPECT_EQ(round_trip(point{1, 2.5}), (point{1, 2.5}));
    EXPECT_EQ(round_trip(std::array{1, 2, 3}), (std::array{1, 2, 3}));
    EXPECT_EQ(round_trip(empty{}), empty{});
    EXPECT_TRUE(detail::fixed_size<point>);
}

TEST(Codec, StringsKeepEveryByte) {
    EXPECT_EQ(round_trip(std::string()), "");
    EXPECT_EQ(round_trip(std::string("a\0b", 3)), std::string("a\0b", 3));
    EXPECT_EQ(round_trip(std::string(1 << 20, 'x')).size(), std::size_t{1} << 20);
}

TEST(Codec, ContainersCross) {
    EXPECT_EQ(round_trip(std::vector{1, 2, 3}), (std::vector{1, 2, 3}));
    EXPECT_EQ(round_trip(std::vector<int>()), std::vector<int>());
    EXPECT_EQ(round_trip(std::vector{true, false, true}), (std::vector{true, false, true}));
    EXPECT_EQ(round_trip(std::vector<std::string>{"a", "", "c"}), (std::vector<std::string>{"a", "", "c"}));
    EXPECT_EQ(round_trip(std::map<std::string, int>{{"a", 1}}), (std::map<std::string, int>{{"a", 1}}));
    EXPECT_EQ(round_trip(std::optional<std::string>("x")), std::optional<std::string>("x"));
    EXPECT_EQ(round_trip(std::tuple(1, std::string("two"))), std::tuple(1, std::string("two")));
}

TEST(Codec, UserTypesCross) {
    EXPECT_EQ(round_trip(person{"Ada", 36}), (person{"Ada", 36}));
    EXPECT_EQ(round_trip(own_way(7)).value, 7);
    EXPECT_EQ(*round_trip(std::make_shared<int>(4)), 4);
}

TEST(Codec, WhatCannotCrossIsKnownAtCompileTime) {
    static_assert(!crossable<int*>);
    static_assert(!crossable<char const*>);
    static_assert(!crossable<std::string_view>);
    static_assert(!crossable<std::span<int>>);
    static_assert(!crossable<std::reference_wrapper<int>>);
    static_assert(!crossable<std::function<void()>>);
    static_assert(crossable<std::string> && crossable<person> && crossable<own_way>);
}

TEST(Codec, ACutValueIsAnErrorAndNotAGuess) {
    byte_writer out;
    codec<std::string>::encode("hello", out);
    byte_reader in(out.bytes().first(10));
    EXPECT_THROW(codec<std::string>::decode(in), std::length_error);
    byte_writer numbers;
    codec<std::vector<int>>::encode({1, 2, 3}, numbers);
    byte_reader cut(numbers.bytes().first(numbers.bytes().size() - 1));
    EXPECT_THROW(codec<std::vector<int>>::decode(cut), std::length_error);
}

}  // namespace
}  // namespace quartet::codec_test
