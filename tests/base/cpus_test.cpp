// tests/base/cpus_test.cpp

#include <quartet/cpus.hpp>

#include <gtest/gtest.h>

#include <sched.h>
#include <thread>

namespace quartet::cpus_test {
namespace {

// On a thread of its own, whose mask goes with it.
TEST(usable_cpus, follow_affinity) {
    std::size_t before = 0;
    std::size_t restricted = 0;
    std::thread([&] {
        before = usable_cpus();
        cpu_set_t mask;
        CPU_ZERO(&mask);
        sched_getaffinity(0, sizeof mask, &mask);
        int first = 0;
        while (!CPU_ISSET(first, &mask))
            ++first;
        CPU_ZERO(&mask);
        CPU_SET(first, &mask);
        sched_setaffinity(0, sizeof mask, &mask);
        restricted = usable_cpus();
    }).join();
    EXPECT_GE(before, 1u);
    EXPECT_EQ(restricted, 1u);
}

}  // namespace
}  // namespace quartet::cpus_test
