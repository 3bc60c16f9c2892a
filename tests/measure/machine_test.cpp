// tests/measure/machine_test.cpp

#include "measure/machine.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <unistd.h>

using namespace quartet::measure;
using testing::HasSubstr;
using testing::Not;

TEST(machine, is_described) {
    auto const here = this_machine(3);
    EXPECT_EQ(here.usable_cpus, 3);
    EXPECT_FALSE(here.cpu_model.empty());
    EXPECT_THAT(here.kernel, HasSubstr("Linux "));
    EXPECT_GT(here.memory_bytes, 64u << 20);
    EXPECT_FALSE(here.build_type.empty());
    EXPECT_THAT(here.compiler, testing::ContainsRegex("[0-9]+\\.[0-9]+"));
}
