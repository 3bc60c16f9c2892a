// measure/trial/round_order.hpp
//
// The order in which a round goes through the configurations. The first finds the machine as the previous
// round left it, and one that follows a heavy configuration finds it hot. So over the rounds each
// configuration has each place equally often, and follows each other one equally often.
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
