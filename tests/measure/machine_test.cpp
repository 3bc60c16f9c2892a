// tests/measure/machine_test.cpp

#include "measure/probes/machine.hpp"

#include <quartet/cpus.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace quartet::measure::machine_test {

using testing::HasSubstr;

TEST(machine, is_described) {
    auto const here = this_machine(testing::TempDir());
    EXPECT_EQ(here.usable_cpus, quartet::usable_cpus());
    EXPECT_GE(here.cpus, here.usable_cpus);
    EXPECT_FALSE(here.cpu_model.empty());
    EXPECT_THAT(here.kernel, HasSubstr("Linux "));
    EXPECT_GT(here.memory_bytes, 64u << 20);
    EXPECT_FALSE(here.clock_source.empty());
    EXPECT_FALSE(here.distribution.empty());
    EXPECT_THAT(here.libc, testing::MatchesRegex("glibc [0-9.]+"));
    EXPECT_FALSE(here.scratch_file_system.empty());
    EXPECT_FALSE(here.build_type.empty());
    EXPECT_THAT(here.compiler, testing::ContainsRegex("[0-9]+\\.[0-9]+"));
    EXPECT_THAT(here.libraries, testing::MatchesRegex("Boost [0-9.]+, libcurl [0-9.]+, liburing [0-9.]+"));
}

TEST(machine, says_on_which_file_system_a_folder_is) {
    EXPECT_EQ(this_machine("/proc/self").scratch_file_system, "proc");
    EXPECT_EQ(this_machine("/nowhere").scratch_file_system, "");
}

}  // namespace quartet::measure::machine_test
