// A large value that all tasks read: it is kept once on each machine, not once in each task.
//
//     ./broadcast                                             in two processes
//     quartet cluster --hosts a,b,c -- ./broadcast cluster    on three machines (docs/cluster.md)
#include <quartet/quartet.hpp>

#include <quartet/cluster.hpp>

#include <cmath>
#include <cstddef>
#include <iostream>
#include <map>
#include <numeric>
#include <ranges>
#include <span>
#include <string>
#include <vector>

struct order {
    std::string item;
    int count;

    void serialize(auto& archive) { archive(item, count); }
};

std::map<std::string, double> read_prices() {
    return {{"apple", 0.25}, {"bread", 3.50}, {"cheese", 12.00}};
}

int main(int argc, char** argv) {
    quartet::cluster_main(argc, argv);
    auto executor = quartet::make_executor(argc > 1 ? argv[1] : "processes:2");
    std::vector<order> const orders{{"bread", 2}, {"apple", 10}, {"cheese", 1}};

    // [value]
    quartet::broadcast const prices(read_prices());
    auto const worth = [prices = prices.view()](order const& each) {
        return prices->at(each.item) * each.count;
    };
    for (double each : executor.map(worth, orders))
        std::cout << each << '\n';
    // [/value]

    // [range]
    auto const squares =
        std::views::iota(0, 1'000'000) | std::views::transform([](int n) { return double(n) * n; });
    quartet::broadcast<double[]> const weights(squares);
    auto const sum_from = [weights = weights.view()](std::size_t first) {
        std::span<double const> const mine = (*weights).subspan(first, 1000);  // in place, in every process
        return std::accumulate(mine.begin(), mine.end(), 0.0);
    };
    auto const sums = executor.map(sum_from, std::vector<std::size_t>{0, 500'000, 999'000});
    std::cout << std::round(std::sqrt(sums[2] / 1000)) << " is the root of the mean of the last\n";
    // [/range]
}
