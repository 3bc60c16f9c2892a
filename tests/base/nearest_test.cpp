#include "src/base/nearest.hpp"

#include <gtest/gtest.h>

namespace quartet::detail::nearest_test {
namespace {

constexpr std::string_view names[] = {"sleep", "fetch", "append", "power", "csv", "run"};

TEST(Nearest, FindsASlip) {
    EXPECT_EQ(nearest("slep", names), "sleep");
    EXPECT_EQ(nearest("fetsch", names), "fetch");
    EXPECT_EQ(nearest("powre", names), "power");
    EXPECT_EQ(nearest("append", names), "append");
    EXPECT_EQ(nearest("rnu", names), "run");
    EXPECT_EQ(nearest("cvs", names), "csv");
}

TEST(Nearest, LeavesAnotherWordAlone) {
    EXPECT_EQ(nearest("database", names), "");
    EXPECT_EQ(nearest("x", names), "");
    EXPECT_EQ(nearest("sleep", {}), "");
}

TEST(Nearest, MakesASuggestionOrNothing) {
    EXPECT_EQ(did_you_mean("slep", names), "; did you mean 'sleep'?");
    EXPECT_EQ(did_you_mean("database", names), "");
}

}  // namespace
}  // namespace quartet::detail::nearest_test
