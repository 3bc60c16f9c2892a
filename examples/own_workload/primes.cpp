// A workload of your own: this file and quartet::main are a program with the whole command line of quartet.
// [program]
#include <quartet/workload/workload.hpp>

#include <cstdint>
#include <ranges>

// The primes below 1000 * (block + 1) and not below 1000 * block.
std::uint64_t count_primes(std::uint64_t block) {
    std::uint64_t found = 0;
    for (std::uint64_t number = 1000 * block; number < 1000 * (block + 1); ++number) {
        bool prime = number > 1;
        for (std::uint64_t d = 2; prime && d * d <= number; ++d)
            prime = number % d != 0;
        found += prime;
    }
    return found;
}

quartet::registration const primes{{
    .name = "primes",
    .help = "counts primes by trial division, a thousand numbers a task",
    .parameters = {quartet::integer("blocks", 500, 1, 100'000, "how many thousands of numbers")},
    .run =
        [](quartet::workload_run& run) {
            auto const counts = run.map(count_primes, std::views::iota(0u, run.get<unsigned>("blocks")));
            run.checksum(counts);
            run.expect(counts[0] && *counts[0] == 168, "there are 168 primes below 1000");
        },
}};

QUARTET_MAIN()
// [/program]
