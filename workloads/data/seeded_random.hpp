// workloads/data/seeded_random.hpp
//
// Random numbers that are the same for a seed on every machine and with every standard library.
//
// <random> promises that for its engines, but not for its distributions. This is splitmix64: good enough
// for made-up data, not for statistics or secrets. A plain value; one thread at a time; about 1 ns a number.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace quartet {

class seeded_random {
public:
    explicit constexpr seeded_random(std::uint64_t seed) : state_(seed) {}

    constexpr std::uint64_t next() {
        state_ += 0x9e3779b97f4a7c15;
        std::uint64_t mixed = state_;
        mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
        return mixed ^ (mixed >> 31);
    }

    /// From `lowest` to `highest`, both included, which may be 2^32 - 1 apart at most. A remainder is not
    /// quite even; for spans this small the bias is under one in four billion.
    constexpr std::uint64_t between(std::uint64_t lowest, std::uint64_t highest) {
        return lowest + next() % (highest - lowest + 1);
    }

    /// True once in `times` calls, on average.
    constexpr bool once_in(std::uint64_t times) { return next() % times == 0; }

    template <typename Item, std::size_t Count>
    constexpr Item const& one_of(std::array<Item, Count> const& items) {
        return items[between(0, Count - 1)];
    }

private:
    std::uint64_t state_;
};

}  // namespace quartet
