#include <quartet/outcome.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>

namespace quartet::outcome_test {
namespace {

using testing::HasSubstr;

failure threw(std::size_t index, std::string const& text) {
    return {.index = index, .message = text, .exception = std::make_exception_ptr(std::out_of_range(text))};
}

TEST(Outcome, HoldsAValue) {
    outcome<std::string> const good(std::string("x"));
    ASSERT_TRUE(good);
    EXPECT_EQ(good.value(), "x");
    EXPECT_EQ(*good, "x");
    EXPECT_EQ(good->size(), 1u);
}

TEST(Outcome, ThrowsTheBodysOwnException) {
    outcome<int> const bad(threw(3, "too far"));
    EXPECT_FALSE(bad);
    EXPECT_EQ(bad.error().index, 3u);
    EXPECT_THROW(bad.value(), std::out_of_range);
}

TEST(Outcome, ThrowsATaskErrorWhereNothingWasThrown) {
    outcome<int> const bad(failure{.index = 1, .why = cause::worker_died, .message = "killed", .signal = 9});
    try {
        bad.value();
        FAIL() << "nothing was thrown";
    } catch (task_error const& error) {
        EXPECT_EQ(error.why().signal, 9);
        EXPECT_STREQ(error.what(), "killed");
    }
}

TEST(Outcome, IsNotRunUntilItIsSet) {
    outcome<int> const fresh;
    EXPECT_FALSE(fresh);
    EXPECT_EQ(fresh.error().why, cause::cancelled);
}

TEST(Outcome, OfVoidHasNoValueToHold) {
    EXPECT_TRUE(outcome<void>(std::monostate{}));
    EXPECT_FALSE(outcome<void>(threw(0, "x")));
}

TEST(Outcome, MovesItsValueOut) {
    outcome<std::unique_ptr<int>> made(std::make_unique<int>(5));
    EXPECT_EQ(*std::move(made).value(), 5);
}

TEST(MapError, SaysHowManyAndWhichCameFirst) {
    map_error const error({threw(4, "first"), threw(9, "second")}, 100);
    EXPECT_EQ(error.tasks(), 100u);
    ASSERT_EQ(error.failures().size(), 2u);
    EXPECT_EQ(error.failures()[1].index, 9u);
    EXPECT_THAT(error.what(), HasSubstr("2 of 100 tasks failed"));
    EXPECT_THAT(error.what(), HasSubstr("task 4: first"));
}

TEST(Cause, HasAName) {
    EXPECT_EQ(to_string(cause::threw), "threw");
    EXPECT_EQ(to_string(cause::worker_died), "worker died");
    EXPECT_EQ(to_string(cause::cancelled), "cancelled");
}

}  // namespace
}  // namespace quartet::outcome_test
