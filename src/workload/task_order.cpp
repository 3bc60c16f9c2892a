#include <quartet/workload/task_order.hpp>

#include <algorithm>
#include <numeric>
#include <random>
#include <utility>

namespace quartet::inline v0 {

std::vector<std::size_t> task_order::indices(std::size_t count) const {
    std::vector<std::size_t> order(count);
    std::iota(order.begin(), order.end(), std::size_t{0});
    if (how == backwards) std::ranges::reverse(order);
    if (how != shuffled) return order;
    std::mt19937_64 random(seed);  // std::shuffle gives other orders in other standard libraries
    for (std::size_t n = count; n > 1; --n)
        std::swap(order[n - 1], order[random() % n]);
    return order;
}

}  // namespace quartet::inline v0
