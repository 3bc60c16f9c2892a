// tests/measure/usage_test.cpp

#include "measure/probes/usage.hpp"

#include "tests/measure/forked.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <linux/magic.h>
#include <string>
#include <sys/statfs.h>
#include <time.h>
#include <unistd.h>

namespace quartet::measure::usage_test {
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
    EXPECT_GE(used.voluntary_switches, 1);  // we waited
    EXPECT_GE(used.minor_faults, 1);
}

TEST(usage, the_difference_is_by_member) {
    usage const later{.cpu_user_seconds = 5,
                      .cpu_system_seconds = 4,
                      .voluntary_switches = 30,
                      .involuntary_switches = 8,
                      .minor_faults = 9,
                      .major_faults = 3,
                      .read_bytes = 1024,
                      .written_bytes = 512};
    usage const earlier{
        .cpu_user_seconds = 1, .cpu_system_seconds = 3, .voluntary_switches = 10, .minor_faults = 2};
    auto const used = later - earlier;
    EXPECT_EQ(used.cpu_user_seconds, 4);
    EXPECT_EQ(used.cpu_system_seconds, 1);
    EXPECT_EQ(used.voluntary_switches, 20);
    EXPECT_EQ(used.involuntary_switches, 8);
    EXPECT_EQ(used.minor_faults, 7);
    EXPECT_EQ(used.major_faults, 3);
    EXPECT_EQ(used.read_bytes, 1024);
    EXPECT_EQ(used.written_bytes, 512);
}

// Written past the page cache, so that the kernel can't put it off.
TEST(usage, knows_what_goes_to_disk) {
    std::string name = testing::TempDir() + "quartet-usage-XXXXXX";
    int const file = mkostemp(name.data(), O_DIRECT);
    if (file < 0) GTEST_SKIP() << "this file system has no direct I/O";
    unlink(name.c_str());
    constexpr std::size_t size = 1 << 20;
    void* const block = std::aligned_alloc(4096, size);
    std::memset(block, 'x', size);
    auto const before = usage_of_this_tree();
    bool const wrote = write(file, block, size) == static_cast<ssize_t>(size);
    bool const read_back = pread(file, block, size, 0) == static_cast<ssize_t>(size);
    auto const used = usage_of_this_tree() - before;
    std::free(block);
    close(file);
    if (!wrote || !read_back) GTEST_SKIP() << "this file system has no direct I/O";
    struct statfs system {};
    statfs(testing::TempDir().c_str(), &system);
    if (system.f_type == TMPFS_MAGIC) GTEST_SKIP() << "this file system is in memory";
    EXPECT_GE(used.written_bytes, 1 << 20);
    EXPECT_GE(used.read_bytes, 1 << 20);
}

}  // namespace quartet::measure::usage_test
