// benchmarks/ready/ready_benchmark.cpp
//
// What does it cost to wait for a descriptor? One byte goes to and fro, by pipes and by a TCP connection on
// loopback, between two bodies of one event loop; every byte is waited for. Divide a time by the number of
// passes for the cost of one.
//
//     ready_benchmark --benchmark_repetitions=9 --benchmark_enable_random_interleaving=true
//
// Peers in the same run: the same passes written by hand with epoll (each pipe is registered once, a wait is
// epoll_wait and a read), and for TCP with Asio's callbacks on one io_context. They run on a thread of their
// own, as quartet's loop does: in a process of one thread a system call is some 3 % cheaper.
#include <quartet/quartet.hpp>

#include <benchmark/benchmark.h>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <fcntl.h>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <sys/epoll.h>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

constexpr int passes = 20'000;

class pipe_ends {
public:
    pipe_ends() {
        if (pipe2(both_.data(), O_CLOEXEC | O_NONBLOCK) != 0)
            throw std::system_error(errno, std::generic_category(), "pipe2");
    }
    pipe_ends(pipe_ends const&) = delete;
    pipe_ends& operator=(pipe_ends const&) = delete;
    ~pipe_ends() {
        close(both_[0]);
        close(both_[1]);
    }
    int out() const { return both_[0]; }

    void put() const { require(write(both_[1], "x", 1)); }
    void take() const {
        char byte = 0;
        require(read(both_[0], &byte, 1));
    }

private:
    static void require(ssize_t count) {
        if (count != 1) throw std::runtime_error("a pipe did not carry its byte");
    }
    std::array<int, 2> both_{};
};

using lines = std::array<pipe_ends, 2>;

quartet::task<int> pass_by_pipe(quartet::context& ctx, lines& between, std::size_t who) {
    if (who == 0) between[1].put();
    for (int i = 0; i < passes / 2; ++i) {
        co_await ctx.ready(between[who].out(), quartet::readable);
        between[who].take();
        if (who == 1 || i + 1 < passes / 2) between[1 - who].put();
    }
    co_return 0;
}

void pipes_quartet(benchmark::State& state) {
    lines between;
    auto executor = quartet::make_executor("async:2");
    auto const body = [&between](quartet::context& ctx, std::size_t who) {
        return pass_by_pipe(ctx, between, who);
    };
    for (auto _ : state)
        executor.map(body, std::vector<std::size_t>{0, 1});
}
BENCHMARK(pipes_quartet)->Unit(benchmark::kMillisecond)->UseRealTime();

void pipes_epoll(benchmark::State& state) {
    lines between;
    int const set = epoll_create1(EPOLL_CLOEXEC);
    for (std::uint32_t who : {0u, 1u}) {
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.u32 = who;
        epoll_ctl(set, EPOLL_CTL_ADD, between[who].out(), &event);
    }
    for (auto _ : state) {
        std::thread([&] {
            between[0].put();
            for (int i = 0; i < passes; ++i) {
                epoll_event event{};
                if (epoll_wait(set, &event, 1, -1) != 1) throw std::runtime_error("nothing was ready");
                between[event.data.u32].take();
                if (i + 1 < passes) between[1 - event.data.u32].put();
            }
        }).join();
    }
    close(set);
}
BENCHMARK(pipes_epoll)->Unit(benchmark::kMillisecond)->UseRealTime();

void ready_at_once_quartet(benchmark::State& state) {
    pipe_ends full;
    full.put();
    auto executor = quartet::make_executor("async:1");
    auto const body = [&full](quartet::context& ctx, int) -> quartet::task<int> {
        for (int i = 0; i < passes; ++i)
            co_await ctx.ready(full.out(), quartet::readable);
        co_return 0;
    };
    for (auto _ : state)
        executor.map(body, std::vector{0});
}
BENCHMARK(ready_at_once_quartet)->Unit(benchmark::kMillisecond)->UseRealTime();

quartet::task<int> pass_by_tcp(quartet::context& ctx, quartet::connection& line, bool begins) {
    std::array<char, 1> ball{'x'};
    std::string_view const whole(ball.data(), 1);
    if (begins) co_await line.write(ctx, whole);
    for (int i = 0; i < passes / 2; ++i) {
        co_await line.read_some(ctx, ball);
        if (!begins || i + 1 < passes / 2) co_await line.write(ctx, whole);
    }
    co_return 0;
}

void tcp_quartet(benchmark::State& state) {
    auto executor = quartet::make_executor("async:2");
    quartet::listener door("127.0.0.1", 0);
    std::optional<quartet::connection> near;
    std::optional<quartet::connection> far;
    auto const connect = [&](quartet::context& ctx, int) -> quartet::task<int> {
        near.emplace(co_await ctx.connect("127.0.0.1", door.port()));
        far = co_await door.accept(ctx);
        co_return 0;
    };
    executor.map(connect, std::vector{0});
    auto const body = [&](quartet::context& ctx, int who) {
        return pass_by_tcp(ctx, who == 0 ? *near : *far, who == 0);
    };
    for (auto _ : state)
        executor.map(body, std::vector{0, 1});
}
BENCHMARK(tcp_quartet)->Unit(benchmark::kMillisecond)->UseRealTime();

namespace asio = boost::asio;

/// One side of the game, by callbacks.
class asio_player {
public:
    asio_player(asio::ip::tcp::socket& line, int rounds) : line_(line), left_(rounds) {}

    void write() {
        asio::async_write(line_, asio::buffer(ball_), [this](auto const& error, std::size_t) {
            if (!error && left_ > 0) read();
        });
    }
    void read() {
        line_.async_read_some(asio::buffer(ball_), [this](auto const& error, std::size_t) {
            if (!error && (--left_ > 0 || answers_last_)) write();
        });
    }
    void answer_last() { answers_last_ = true; }

private:
    asio::ip::tcp::socket& line_;
    int left_;
    bool answers_last_ = false;
    std::array<char, 1> ball_{'x'};
};

void tcp_asio(benchmark::State& state) {
    asio::io_context io(1);
    asio::ip::tcp::acceptor door(io, {asio::ip::address_v4::loopback(), 0});
    asio::ip::tcp::socket near(io);
    near.connect(door.local_endpoint());
    auto far = door.accept();
    near.set_option(asio::ip::tcp::no_delay(true));
    far.set_option(asio::ip::tcp::no_delay(true));
    for (auto _ : state) {
        asio_player first(near, passes / 2);
        asio_player second(far, passes / 2);
        second.answer_last();
        second.read();
        first.write();
        io.restart();
        std::thread([&io] { io.run(); }).join();
    }
}
BENCHMARK(tcp_asio)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace

BENCHMARK_MAIN();
