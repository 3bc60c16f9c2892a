#include <quartet/detail/call/body_name.hpp>
#include <quartet/task.hpp>
#include <quartet/version.hpp>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <typeinfo>

namespace quartet::version_test {
namespace {

TEST(version, says_the_same_as_text_and_as_numbers) {
    EXPECT_EQ(QUARTET_VERSION,
              fmt::format("{}.{}.{}", QUARTET_VERSION_MAJOR, QUARTET_VERSION_MINOR, QUARTET_VERSION_PATCH));
    EXPECT_EQ(QUARTET_VERSION, std::string(QUARTET_CMAKE_VERSION));
}

TEST(version, grows_as_a_number) {
    EXPECT_EQ(QUARTET_VERSION_NUMBER / 10000, QUARTET_VERSION_MAJOR);
    EXPECT_EQ(QUARTET_VERSION_NUMBER / 100 % 100, QUARTET_VERSION_MINOR);
    EXPECT_EQ(QUARTET_VERSION_NUMBER % 100, QUARTET_VERSION_PATCH);
}

// People write and read names without the inline namespace.
TEST(version, is_not_in_the_names_that_people_read) {
    EXPECT_NE(std::string(typeid(task<int>).name()).find("2v0"), std::string::npos);
    EXPECT_EQ(detail::readable_name(typeid(task<int>)), "quartet::task<int>");
}

}  // namespace
}  // namespace quartet::version_test
