// tests/conformance/stopped.hpp
//
// Bodies of which a stop is asked while they wait.
#pragma once

#include "tests/conformance/shared.hpp"
#include "tests/waiting.hpp"

#include <quartet/quartet.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <stop_token>
#include <thread>
#include <vector>

namespace quartet::conformance {

/// When most bodies have begun.
inline void wait_a_moment() {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
}

/// When one of them has.
inline auto wait_for_one(shared_counter& begun) {
    return [&begun] { EXPECT_TRUE(test::comes_true([&begun] { return *begun > 0; })); };
}

/// What becomes of bodies of which a stop is asked when `wait()` returns.
template <class Body>
auto stopped(executor&& runs, Body body, auto wait, int bodies = 2) {
    std::stop_source stop;
    std::jthread const stopper([&] {
        wait();
        stop.request_stop();
    });
    std::vector<int> inputs;
    for (int n = 1; n <= bodies; ++n)
        inputs.push_back(n);
    return runs.try_map(body, inputs, {.stop = stop.get_token()});
}

void expect_cancelled(auto const& outcomes) {
    for (auto const& each : outcomes) {
        ASSERT_FALSE(each.has_value());
        EXPECT_EQ(each.error().why, cause::cancelled);
    }
}

}  // namespace quartet::conformance
