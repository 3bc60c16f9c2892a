// benchmarks/sleeps/sleeps_asio.cpp
//
//     sleeps_asio COUNT
//
// The peer of sleeps_quartet without coroutines and results: COUNT Asio timers of 0.1 s, each with a
// callback that counts.
#include "benchmarks/sleeps/peak_memory.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <deque>
#include <string>

int main(int argc, char** argv) {
    std::size_t const count = argc > 1 ? std::stoul(argv[1]) : 100'000;
    boost::asio::io_context io(1);
    std::size_t const before = peak_memory();
    auto const began = std::chrono::steady_clock::now();
    std::deque<boost::asio::steady_timer> timers;
    std::size_t ended = 0;
    for (std::size_t i = 0; i < count; ++i) {
        auto& timer = timers.emplace_back(io, std::chrono::milliseconds(100));
        timer.async_wait([&ended](boost::system::error_code const&) { ++ended; });
    }
    io.run();
    std::chrono::duration<double> const took = std::chrono::steady_clock::now() - began;
    if (ended != count) return 1;
    std::printf("%.6f %zu\n", took.count(), (peak_memory() - before) / count);
}
