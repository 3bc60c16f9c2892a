// Exit codes that are no failure.

#include "measure/commands/exit_codes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <stdexcept>

namespace quartet::measure::exit_codes_test {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

constexpr int exited(int code) {
    return code << 8;
}

TEST(exit_codes, only_0_is_no_failure_unless_others_are_named) {
    EXPECT_TRUE(exit_code_set().accepts(exited(0)));
    EXPECT_FALSE(exit_code_set().accepts(exited(1)));
    EXPECT_FALSE(exit_code_set().accepts(SIGKILL));
}

TEST(exit_codes, lists_and_ranges) {
    auto const some = exit_code_set::parse("1,3-5,255");
    for (int const code : {0, 1, 3, 4, 5, 255})
        EXPECT_TRUE(some.accepts(exited(code))) << code;
    for (int const code : {2, 6, 254})
        EXPECT_FALSE(some.accepts(exited(code))) << code;
    EXPECT_FALSE(some.accepts(SIGTERM)) << "a signal is no exit code";
}

TEST(exit_codes, all_has_signals_too) {
    auto const all = exit_code_set::parse("all");
    EXPECT_TRUE(all.accepts(exited(77)));
    EXPECT_TRUE(all.accepts(SIGSEGV));
}

TEST(exit_codes, refuses_anything_else) {
    for (auto const* text : {"", ",", "1,", "256", "5-3", "-1", "1-", "x", "1 2", "99999999999999999999"})
        EXPECT_THAT([&] { exit_code_set::parse(text); },
                    ThrowsMessage<std::invalid_argument>(HasSubstr("such as 1,3-5")))
            << text;
}

}  // namespace
}  // namespace quartet::measure::exit_codes_test
