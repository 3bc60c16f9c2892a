#include "measure/trial/round_order.hpp"

#include <algorithm>
#include <numeric>
#include <random>

namespace quartet::measure {
namespace {

/// std::shuffle gives other orders in other standard libraries.
void shuffle(std::vector<std::size_t>& what, std::mt19937_64& random) {
    for (std::size_t n = what.size(); n > 1; --n)
        std::swap(what[n - 1], what[random() % n]);
}

std::vector<std::size_t> shuffled(std::size_t count, std::mt19937_64& random) {
    std::vector<std::size_t> order(count);
    std::iota(order.begin(), order.end(), std::size_t{0});
    shuffle(order, random);
    return order;
}

/// Row `row` of the design: 0, 1, n-1, 2, n-2, … with `row` added; the second half of an odd one backwards.
std::vector<std::size_t> williams_row(std::size_t count, std::size_t row) {
    std::vector<std::size_t> order;
    for (std::size_t position = 0; position < count; ++position) {
        std::size_t const step = position % 2 == 1 ? (position + 1) / 2 : count - position / 2;
        order.push_back((step + row) % count);
    }
    if (row >= count) std::ranges::reverse(order);
    return order;
}

}  // namespace

std::vector<std::size_t> round_order(std::size_t count, std::size_t round, std::uint64_t seed) {
    if (count == 0) return {};
    std::size_t const block = count % 2 == 0 ? count : 2 * count;
    std::seed_seq mixed{seed & 0xffffffff, seed >> 32, std::uint64_t{round / block}, std::uint64_t{count}};
    std::mt19937_64 random(mixed);
    auto const names = shuffled(count, random);
    auto const rows = shuffled(block, random);
    auto order = williams_row(count, rows[round % block]);
    for (auto& each : order)
        each = names[each];
    return order;
}

}  // namespace quartet::measure
