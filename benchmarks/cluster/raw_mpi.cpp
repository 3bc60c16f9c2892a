// The same MPI without quartet, as a program that is written for it would use it, by the same plug-in: the
// limit of cluster_benchmark's rows.
//
//     raw_mpi ROW...    one line a row: its name and a number
//
// round_trip        microseconds of 8 bytes to another rank and back
// fresh_N, same_N   bytes a second: values of N MiB from the other ranks to rank 0, made and kept anew, or
// always the
//                   same bytes

#include "src/models/cluster/launch.hpp"
#include "src/models/cluster/mpi_loader.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <sched.h>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using namespace quartet::detail;
using clock_type = std::chrono::steady_clock;

class rank {
public:
    explicit rank(launch const& how)
        : mpi_(load_mpi_plugin(find_mpi_plugin(how.flavour), how.flavour)),
          number_(how.rank),
          size_(how.size) {
        if (mpi_.start() != 0) throw std::runtime_error("MPI does not start");
    }
    ~rank() { mpi_.finish(); }
    rank(rank const&) = delete;
    rank& operator=(rank const&) = delete;

    std::size_t number() const { return number_; }
    std::size_t others() const { return size_ - 1; }

    void send(std::vector<char> const& bytes, std::size_t to) {
        quartet_mpi_request request{};
        mpi_.send(bytes.data(), bytes.size(), static_cast<std::int32_t>(to), 1, &request);
        finish(request);
    }

    void receive(std::vector<char>& into, std::size_t from) {
        quartet_mpi_request request{};
        mpi_.receive(into.data(), into.size(), static_cast<std::int32_t>(from), 1, &request);
        finish(request);
    }

    /// From whom something has come.
    std::size_t await_any() {
        for (;;) {
            quartet_mpi_arrival arrival{};
            std::int32_t found = 0;
            mpi_.probe(&arrival, &found);
            if (found) return static_cast<std::size_t>(arrival.from);
            sched_yield();
        }
    }

private:
    void finish(quartet_mpi_request request) {
        for (std::int8_t said = 0; said == 0;) {
            mpi_.test(&request, 1, &said);
            if (said == 0) sched_yield();
        }
    }

    quartet_mpi_table const& mpi_;
    std::size_t number_;
    std::size_t size_;
};

double seconds_since(clock_type::time_point began) {
    return std::chrono::duration<double>(clock_type::now() - began).count();
}

void tell(std::string const& row, double number) {
    std::printf("%s %.6g\n", row.c_str(), number);
    std::fflush(stdout);
}

void round_trip(rank& own) {
    constexpr int times = 1000;
    std::vector<char> word(8);
    std::vector<double> took;
    for (int each = 0; each < times && own.number() < 2; ++each) {
        auto const began = clock_type::now();
        if (own.number() == 0) own.send(word, 1);
        own.receive(word, 1 - own.number());
        if (own.number() == 1) own.send(word, 0);
        took.push_back(seconds_since(began));
    }
    if (own.number() > 0) return;
    std::nth_element(took.begin(), took.begin() + times / 2, took.end());
    tell("round_trip", took[times / 2] * 1e6);
}

void values(rank& own, std::string const& row, std::size_t mebibytes, bool fresh) {
    std::size_t const bytes = mebibytes << 20;
    std::size_t const each_sends = std::max<std::size_t>(8, 384 / mebibytes);
    std::vector<char> word(1);
    std::vector<char> same(bytes, 'x');
    if (own.number() > 0) {
        own.receive(word, 0);
        for (std::size_t left = each_sends; left > 0; --left)
            own.send(fresh ? std::vector<char>(bytes, 'x') : same, 0);
        return;
    }
    auto const began = clock_type::now();
    for (std::size_t other = 1; other <= own.others(); ++other)
        own.send(word, other);
    std::vector<std::vector<char>> kept;
    for (std::size_t left = each_sends * own.others(); left > 0; --left) {
        std::size_t const from = own.await_any();
        own.receive(fresh ? kept.emplace_back(bytes) : same, from);
    }
    tell(row, static_cast<double>(each_sends * own.others() * bytes) / seconds_since(began));
}

}  // namespace

int main(int argc, char** argv) {
    try {
        auto const how = how_launched();
        if (!how) throw std::runtime_error("was not started as a rank");
        rank own(*how);
        for (int each = 1; each < argc; ++each) {
            std::string const row = argv[each];
            auto const mebibytes = std::strtoull(row.c_str() + row.find('_') + 1, nullptr, 10);
            if (row == "round_trip")
                round_trip(own);
            else if (row.starts_with("fresh_") || row.starts_with("same_"))
                values(own, row, mebibytes, row[0] == 'f');
            else
                throw std::runtime_error("there is no row " + row);
        }
    } catch (std::exception const& error) {
        std::fprintf(stderr, "raw_mpi: %s\n", error.what());
        return EXIT_FAILURE;
    }
}
