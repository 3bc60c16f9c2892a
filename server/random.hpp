// server/random.hpp
//
// Numbers that look random and follow from a number: splitmix64, the finalizer of which mixes well enough
// that consecutive inputs give independent-looking outputs. Without state, so safe from any thread.
#pragma once

#include <cstdint>

namespace quartet::server_detail {

constexpr std::uint64_t mix(std::uint64_t n) {
    n += 0x9e3779b97f4a7c15;
    n = (n ^ (n >> 30)) * 0xbf58476d1ce4e5b9;
    n = (n ^ (n >> 27)) * 0x94d049bb133111eb;
    return n ^ (n >> 31);
}

/// A number in [0, 1).
constexpr double unit_interval(std::uint64_t bits) {
    return static_cast<double>(bits >> 11) * 0x1p-53;
}

}  // namespace quartet::server_detail
