// tests/waiting.hpp
//
// How tests wait for what has to happen first, and nobody tells them of.
#pragma once

#include <chrono>
#include <concepts>
#include <thread>

namespace quartet::test {

/// Waits until `holds()`, which is asked every two milliseconds. False if it does not after some minutes.
bool comes_true(std::predicate auto&& holds) {
    auto const deadline = std::chrono::steady_clock::now() + std::chrono::seconds(200);
    while (!holds()) {
        if (std::chrono::steady_clock::now() > deadline) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return true;
}

}  // namespace quartet::test
