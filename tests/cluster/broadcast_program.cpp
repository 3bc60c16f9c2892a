// Broadcasts on a cluster: broadcast_program SPEC MEBIBYTES. Several calls read a large range and a map;
// prints on how many machines, in how many files the range lies, how often a worker decoded the map at the
// most, how a value fared that is an input, and how much of them is left anywhere a while after they have
// ended.

#include <quartet/cluster.hpp>
#include <quartet/quartet.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <numeric>
#include <set>
#include <span>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;

int decoded = 0;  // in this process

struct table {
    std::map<std::string, int> numbers;
};

struct reading {
    std::string machine;
    std::uint64_t sum;
    int decoded;
    std::string file;  // in which the range lies

    void serialize(auto& archive) { archive(machine, sum, decoded, file); }
};

std::string machine_of(quartet::context const& ctx) {
    auto const name = ctx.where().name;
    return name.substr(0, name.find('/'));
}

std::uint64_t sum_of(std::span<std::uint64_t const> numbers) {
    return std::accumulate(numbers.begin(), numbers.end(), std::uint64_t{0});
}

/// The number of the file that is mapped there.
std::string file_at(void const* place) {
    auto const address = reinterpret_cast<std::uintptr_t>(place);
    std::ifstream maps("/proc/self/maps");
    for (std::string line; std::getline(maps, line);) {
        std::uintptr_t first = 0;
        std::uintptr_t last = 0;
        char file[32] = {};
        if (std::sscanf(line.c_str(), "%lx-%lx %*s %*s %*s %31s", &first, &last, file) == 3 &&
            first <= address && address < last)
            return file;
    }
    return "none";
}

/// How many descriptors of broadcasts there are on all machines, which see one another's processes.
std::size_t left_anywhere() {
    std::size_t found = 0;
    std::error_code ignored;
    for (auto const& process : std::filesystem::directory_iterator("/proc", ignored)) {
        for (auto const& each : std::filesystem::directory_iterator(process.path() / "fd", ignored))
            found += std::filesystem::read_symlink(each.path(), ignored)
                         .native()
                         .starts_with("/memfd:quartet-broadcast");
    }
    return found;
}

}  // namespace

template <>
struct quartet::codec<table> {
    static void encode(table const& value, byte_writer& out) {
        codec<std::map<std::string, int>>::encode(value.numbers, out);
    }
    static table decode(byte_reader& in) {
        ++decoded;
        return {codec<std::map<std::string, int>>::decode(in)};
    }
};

namespace {

using numbers_view = quartet::broadcast_view<std::uint64_t[]>;
using table_view = quartet::broadcast_view<table>;

quartet::task<reading> read(quartet::context& ctx, numbers_view large, table_view small) {
    co_await ctx.sleep_for(20ms);
    auto const number = static_cast<std::uint64_t>(small->numbers.at("b"));
    co_return reading{machine_of(ctx), sum_of(*large) + number, decoded, file_at(large.get().data())};
}

void read_by_all(quartet::executor& executor, std::size_t mebibytes) {
    std::vector<std::uint64_t> numbers((mebibytes << 20) / sizeof(std::uint64_t));
    std::iota(numbers.begin(), numbers.end(), std::uint64_t{7});
    quartet::broadcast<std::uint64_t[]> const large(numbers);
    quartet::broadcast const small(table{{{"a", 1}, {"b", 2}}});
    auto const expected = sum_of(numbers) + 2;
    auto const body = [large = large.view(), small = small.view()](quartet::context& ctx, int) {
        return read(ctx, large, small);
    };
    std::set<std::string> machines;
    std::set<std::string> files;
    std::size_t wrong = 0;
    int most_decoded = 0;
    for (int call = 0; call < 4; ++call) {
        for (auto const& each : executor.map(body, std::vector<int>(48))) {
            machines.insert(each.machine);
            files.insert(each.file);
            wrong += each.sum != expected;
            most_decoded = std::max(most_decoded, each.decoded);
        }
    }
    std::cout << "machines: " << machines.size() << "\nfiles: " << files.size() << "\nwrong: " << wrong
              << "\ndecoded: " << most_decoded << "\n";

    auto const of_inputs =
        executor.map([](table_view const& of) { return of->numbers.at("b"); }, std::vector(48, small.view()));
    std::cout << "of inputs: " << std::accumulate(of_inputs.begin(), of_inputs.end(), 0) << std::endl;
}

}  // namespace

int main(int argc, char** argv) {
    quartet::cluster_main(argc, argv);
    if (argc != 3) {
        std::cerr << "usage: broadcast_program SPEC MEBIBYTES\n";
        return EXIT_FAILURE;
    }
    auto executor = quartet::make_executor(argv[1]);
    read_by_all(executor, std::strtoull(argv[2], nullptr, 10));
    auto const until = std::chrono::steady_clock::now() + 10s;
    while (left_anywhere() > 0 && std::chrono::steady_clock::now() < until)
        std::this_thread::sleep_for(100ms);
    std::cout << "left: " << left_anywhere() << std::endl;
}
