// What it costs that all tasks read a value: as a broadcast, as an input of each, or captured. Run by
// run_broadcast, with mpi4py's Bcast and bcast on the same machines and MPI.
//
//     broadcast_benchmark SPEC    one line a row: its name and its seconds

#include <quartet/cluster.hpp>
#include <quartet/quartet.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <thread>
#include <vector>

namespace {

using clock_type = std::chrono::steady_clock;

constexpr std::size_t mebibyte = std::size_t{1} << 20;
constexpr std::size_t tasks = 48;

/// A task of 2 ms, so that all workers get some.
std::size_t read_ends(std::span<char const> bytes) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    return bytes.size() + static_cast<unsigned char>(bytes.front()) +
           static_cast<unsigned char>(bytes.back());
}

template <class Row>
void measure(char const* name, Row&& row) {
    auto const began = clock_type::now();
    row();
    std::printf("%s %.6f\n", name, std::chrono::duration<double>(clock_type::now() - began).count());
    std::fflush(stdout);
}

std::vector<int> numbers(std::size_t count) {
    return std::vector<int>(count, 1);
}

}  // namespace

int main(int argc, char** argv) {
    quartet::cluster_main(argc, argv);
    auto executor = quartet::make_executor(argc > 1 ? argv[1] : "cluster");
    auto const map = [&](auto body) { executor.map(body, numbers(tasks)); };
    std::vector<char> const letters(64 * mebibyte, 'x');
    map([](int) {
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
        return 0;
    });

    measure("no_value", [&] {
        map([](int) {
            std::this_thread::sleep_for(std::chrono::milliseconds(2));
            return 0;
        });
    });
    measure("make_range_64MiB", [&] { quartet::broadcast<char[]> const made(letters); });
    quartet::broadcast<char[]> const range(letters);
    measure("range_64MiB_first_call", [&] { map([of = range.view()](int) { return read_ends(*of); }); });
    measure("range_64MiB_next_call", [&] { map([of = range.view()](int) { return read_ends(*of); }); });
    measure("make_vector_64MiB", [&] { quartet::broadcast const made(letters); });
    quartet::broadcast const whole(letters);
    measure("vector_64MiB_first_call", [&] { map([of = whole.view()](int) { return read_ends(*of); }); });
    measure("vector_64MiB_next_call", [&] { map([of = whole.view()](int) { return read_ends(*of); }); });
    std::vector<std::vector<char>> const inputs(12, letters);
    measure("12_inputs_of_64MiB",
            [&] { executor.map([](std::vector<char> const& of) { return read_ends(of); }, inputs); });

    // What can be captured has to fit on a stack.
    static std::array<char, mebibyte> const small{};
    quartet::broadcast<char[]> const small_range(small);
    measure("range_1MiB_first_call", [&] { map([of = small_range.view()](int) { return read_ends(*of); }); });
    measure("range_1MiB_next_call", [&] { map([of = small_range.view()](int) { return read_ends(*of); }); });
    struct captured {
        std::array<char, mebibyte> bytes;
        std::size_t operator()(int) const { return read_ends(bytes); }
    };
    static captured body{};
    measure("captured_1MiB_a_call", [&] { executor.map(body, numbers(tasks)); });
}
