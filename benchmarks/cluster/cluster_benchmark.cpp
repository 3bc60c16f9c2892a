// What a cluster adds to work, on MPI between machines of this one (tests/cluster/machines): run by run_peers, with
// mpi4py.futures on the same machines and MPI.
//
//     cluster_benchmark SPEC    one line a row: its name and its seconds

#include <quartet/cluster.hpp>
#include <quartet/quartet.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <numeric>
#include <string>
#include <vector>

namespace {

using clock_type = std::chrono::steady_clock;

int busy_microsecond(int input) {
    auto const end = clock_type::now() + std::chrono::microseconds(1);
    while (clock_type::now() < end) {
    }
    return input;
}

int give_back(int input) {
    return input;
}

std::vector<char> large_result(std::size_t bytes) {
    return std::vector<char>(bytes, 'x');
}

std::size_t large_input(std::vector<char> const& bytes) {
    return bytes.size();
}

template <class Row>
void measure(char const* name, Row&& row) {
    auto const began = clock_type::now();
    row();
    std::printf("%s %.6f\n", name, std::chrono::duration<double>(clock_type::now() - began).count());
    std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
    quartet::cluster_main(argc, argv);
    auto executor = quartet::make_executor(argc > 1 ? argv[1] : "cluster");
    std::vector<int> many(1'000'000);
    std::iota(many.begin(), many.end(), 0);
    executor.map(give_back, many);
    measure("million_of_1us", [&] { executor.map(busy_microsecond, many); });
    measure("thousand_submits", [&] {
        for (int call = 0; call < 1000; ++call)
            executor.submit(give_back, call).get();
    });
    measure("results_of_64MiB", [&] { executor.map(large_result, std::vector<std::size_t>(12, std::size_t{64} << 20)); });
    std::vector<std::vector<char>> const inputs(6, std::vector<char>(std::size_t{64} << 20, 'x'));
    measure("inputs_of_64MiB", [&] { executor.map(large_input, inputs); });
}
