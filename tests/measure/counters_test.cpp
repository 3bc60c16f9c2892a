// Counting in children. Hardware events are not everywhere, so the way is tried with one of the kernel's own.

#include "measure/commands/counters.hpp"

#include "src/base/descriptor.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <linux/perf_event.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace quartet::measure::counters_test {
namespace {

struct reading {
    std::uint64_t count = 0, wanted = 0, counted = 0;
};

reading of_children(char const* line) {
    detail::descriptor const event(open_child_event(PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS));
    reading got;
    if (event.get() < 0) return got;
    char const* words[] = {"sh", "-c", line, nullptr};
    pid_t child = 0;
    if (posix_spawn(&child, "/bin/sh", nullptr, nullptr, const_cast<char* const*>(words), environ) != 0)
        return got;
    waitpid(child, nullptr, 0);
    if (::read(event.get(), &got, sizeof got) != sizeof got) return {};
    return got;
}

TEST(counters, count_in_children_and_in_what_these_start_and_nowhere_else) {
    detail::descriptor const event(open_child_event(PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS));
    if (event.get() < 0) GTEST_SKIP() << "this kernel lets us count nothing";
    reading own;
    ASSERT_EQ(::read(event.get(), &own, sizeof own), static_cast<ssize_t>(sizeof own));
    EXPECT_EQ(own.count, 0u) << "what this process does is not counted";
    auto const one = of_children(":");
    auto const several = of_children("/bin/true; /bin/true; /bin/true; :");
    EXPECT_GT(one.count, 10u);
    EXPECT_GT(several.count, 2 * one.count);
}

TEST(counters, what_the_kernel_took_turns_with_is_scaled) {
    EXPECT_EQ(scaled_count(100, 50, 50), 100u);
    EXPECT_EQ(scaled_count(100, 100, 25), 400u);
    EXPECT_EQ(scaled_count(0, 100, 0), std::nullopt) << "it was never counted";
    EXPECT_EQ(scaled_count(7, 10, 11), 7u);
}

TEST(counters, without_hardware_are_absent) {
    child_counters const counters;
    if (counters.any()) GTEST_SKIP() << "there are some";
    EXPECT_EQ(counters.read(), counter_figures());
}

}  // namespace
}  // namespace quartet::measure::counters_test
