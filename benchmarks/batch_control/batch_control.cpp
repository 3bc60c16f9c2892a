// benchmarks/batch_control/batch_control.cpp
//
// The automatic number of jobs at once against the best fixed one, over all kinds of batch and some seeds, in
// simulated time:  batch_control [seeds] [first seed] [kind]
#include "tests/batch/batch_kinds.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace quartet::batch::simulated;

double quantile(std::vector<double> values, double part) {
    std::ranges::sort(values);
    return values[static_cast<std::size_t>(part * static_cast<double>(values.size() - 1) + 0.5)];
}

}  // namespace

int main(int count, char** arguments) {
    std::size_t const seeds = count > 1 ? std::strtoul(arguments[1], nullptr, 10) : 5;
    std::size_t const first = count > 2 ? std::strtoul(arguments[2], nullptr, 10) : 1;
    std::string_view const only = count > 3 ? arguments[3] : "";
    std::vector<double> all;
    fmt::print("seeds {} to {}; seconds in the median; regrets against the best fixed number of each seed\n",
               first, first + seeds - 1);
    fmt::print("{:22} {:>6} {:>9} {:>9} {:>7} {:>7}\n", "kind", "best", "seconds", "auto", "median", "worst");
    for (auto const& kind : all_kinds()) {
        if (!only.empty() && kind.name != only) continue;
        std::vector<double> regrets;
        std::vector<double> bests, bested, autos;
        for (std::size_t seed = first; seed < first + seeds; ++seed) {
            auto const best = find_best(kind, seed);
            auto const found = run_automatic(kind, seed);
            regrets.push_back(found.seconds / best.seconds - 1);
            bests.push_back(static_cast<double>(best.count));
            bested.push_back(best.seconds);
            autos.push_back(found.seconds);
        }
        all.insert(all.end(), regrets.begin(), regrets.end());
        fmt::print("{:22} {:6.0f} {:9.2f} {:9.2f} {:6.1f}% {:6.1f}%\n", kind.name, quantile(bests, 0.5),
                   quantile(bested, 0.5), quantile(autos, 0.5), 100 * quantile(regrets, 0.5),
                   100 * quantile(regrets, 1));
    }
    fmt::print("\nover all: median {:.1f} %, 95th percentile {:.1f} %, worst {:.1f} %\n",
               100 * quantile(all, 0.5), 100 * quantile(all, 0.95), 100 * quantile(all, 1));
}
