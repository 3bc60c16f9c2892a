// measure/trial/round_order.hpp
//
// In which order a round goes through what it measures. Whatever runs first finds the machine as the round
// before left it, and what follows a heavy neighbour finds it hot: so over the rounds each has each place
// equally often, and follows each other equally often.
//
// The orders are the rows of a Williams design (Williams: Experimental designs balanced for the estimation of
// residual effects of treatments. Australian Journal of Scientific Research A 2 (1949) 149-168): n rounds
// for an even number n, 2n for an odd one. Each such block is shuffled anew, names and rows, by the seed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace quartet::measure {

/// The order of round `round`, which counts from 0, through 0 to count - 1. The same for the same seed, on
/// every machine.
std::vector<std::size_t> round_order(std::size_t count, std::size_t round, std::uint64_t seed);

}  // namespace quartet::measure
