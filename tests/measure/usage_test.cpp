// tests/measure/usage_test.cpp

#include "measure/usage.hpp"

#include "tests/measure/forked.hpp"

#include <gtest/gtest.h>

#include <time.h>

using namespace quartet::measure;

namespace {

/// Uses `seconds` of processor time, however long that takes on the clock.
bool burn(double seconds) {
    timespec now{};
    do {
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    } while (static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9 < seconds);
    return true;
}

}  // namespace

TEST(usage, children_that_were_waited_for_are_in_it) {
    auto const before = usage_of_this_tree();
    ASSERT_TRUE(quartet::test::in_child([] { return burn(0.2); }));
    auto const used = usage_of_this_tree() - before;
    EXPECT_GE(used.cpu_user_seconds + used.cpu_system_seconds, 0.19);
    EXPECT_GE(used.context_switches, 1);  // we waited
    EXPECT_GE(used.page_faults, 1);
}

TEST(usage, the_difference_is_by_member) {
    usage const later{
        .cpu_user_seconds = 5, .cpu_system_seconds = 4, .context_switches = 30, .page_faults = 9};
    usage const earlier{
        .cpu_user_seconds = 1, .cpu_system_seconds = 3, .context_switches = 10, .page_faults = 2};
    auto const used = later - earlier;
    EXPECT_EQ(used.cpu_user_seconds, 4);
    EXPECT_EQ(used.cpu_system_seconds, 1);
    EXPECT_EQ(used.context_switches, 20);
    EXPECT_EQ(used.page_faults, 7);
}
