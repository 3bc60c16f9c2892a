// A program of Boost.Asio that hands work to processes: its one thread goes on with what else there is, and
// each end of a call is an operation of Asio, for whatever completion token.
#include <quartet/asio.hpp>
#include <quartet/quartet.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <exception>
#include <iostream>
#include <stdexcept>

namespace asio = boost::asio;

long sum_to(long n) {
    if (n < 0) throw std::invalid_argument("nothing to add up");
    long sum = 0;
    for (long i = 1; i <= n; ++i)
        sum += i;
    return sum;
}

// [program]
asio::awaitable<void> program(asio::io_context& io, quartet::executor& pool) {
    long const sum = co_await quartet::async_get(io, pool.submit(sum_to, 1'000'000L), asio::use_awaitable);
    std::cout << "the sum is " << sum << '\n';

    quartet::async_get(io, pool.submit(sum_to, -1L), [](std::exception_ptr const& why, long) {
        std::cout << (why ? "the other one failed\n" : "the other one is there\n");
    });
}
// [/program]

int main() {
    try {
        auto pool = quartet::make_executor("processes:2");
        asio::io_context io;
        asio::co_spawn(io, program(io, pool), asio::detached);
        io.run();  // until both calls have ended
    } catch (std::exception const& error) {
        std::cerr << error.what() << '\n';
        return 1;
    }
}
