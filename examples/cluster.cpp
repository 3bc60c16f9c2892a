// The same program on one machine and on many: the word "cluster", and cluster_main() first in main().
//
//     ./cluster                                   this machine alone
//     quartet cluster --hosts a,b,c -- ./cluster cluster    three machines (docs/cluster.md)
#include <quartet/quartet.hpp>

#include <quartet/cluster.hpp>

#include <iostream>
#include <numeric>
#include <random>
#include <vector>

// How many of a million random points lie in the quarter of a circle.
int points_within(unsigned seed) {
    std::mt19937 random(seed);
    std::uniform_real_distribution<> coordinate(0, 1);
    int within = 0;
    for (int point = 0; point < 1'000'000; ++point) {
        double const x = coordinate(random);
        double const y = coordinate(random);
        if (x * x + y * y < 1) ++within;
    }
    return within;
}

// [main]
int main(int argc, char** argv) {
    quartet::cluster_main(argc, argv);

    auto executor = quartet::make_executor(argc > 1 ? argv[1] : "cluster:1");
    std::vector<unsigned> seeds(20);
    std::iota(seeds.begin(), seeds.end(), 1U);

    // A machine that is lost takes what it was at along: that is tried again on the others.
    auto const counts = executor.map(points_within, seeds, {.retry = {.times = 3}});
    double const all = std::accumulate(counts.begin(), counts.end(), 0.0);
    std::cout << "pi is about " << 4 * all / 20e6 << "\n";
}
// [/main]
