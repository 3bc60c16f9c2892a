// benchmarks/channel/channel_benchmark.cpp
//
// What does it cost to hand a value of 8 bytes through a channel? A fixed number of values goes through a
// queue with room for 1024: within one thread, so that nobody ever waits; from thread to thread; from body to
// body on one event loop, and on two; from process to process. Divide a time by the number of values for the
// cost of one.
//
//     channel_benchmark --benchmark_repetitions=9 --benchmark_enable_random_interleaving=true
//
// Peers in the same run: a deque under a std::mutex with two condition variables, which is what most programs
// have; boost::lockfree::queue, which can't wait, so its threads yield; a pipe, and a POSIX message queue (of
// ten messages, the system's limit) with a system call for each value on either side. Python's three queues
// are in queues.py. Asio's channels are not in Debian 12, and Boost.Fiber's are for fibers only.
#include <quartet/quartet.hpp>

#include <benchmark/benchmark.h>
#include <boost/lockfree/queue.hpp>

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <fcntl.h>
#include <mqueue.h>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

constexpr std::int64_t value_count = 200'000;
constexpr std::size_t room = 1024;

/// The queue that is written by hand.
class mutex_queue {
public:
    void send(std::int64_t value) {
        std::unique_lock lock(mutex_);
        has_room_.wait(lock, [this] { return values_.size() < room; });
        values_.push_back(value);
        lock.unlock();
        has_values_.notify_one();
    }
    std::int64_t receive() {
        std::unique_lock lock(mutex_);
        has_values_.wait(lock, [this] { return !values_.empty(); });
        auto const value = values_.front();
        values_.pop_front();
        lock.unlock();
        has_room_.notify_one();
        return value;
    }

private:
    std::mutex mutex_;
    std::condition_variable has_room_, has_values_;
    std::deque<std::int64_t> values_;
};

class lockfree_queue {
public:
    void send(std::int64_t value) {
        while (!values_.bounded_push(value))
            std::this_thread::yield();
    }
    std::int64_t receive() {
        std::int64_t value = 0;
        while (!values_.pop(value))
            std::this_thread::yield();
        return value;
    }

private:
    boost::lockfree::queue<std::int64_t> values_{room};
};

class within {
public:
    void send(std::int64_t value) { values_.send(value); }
    std::int64_t receive() { return *values_.receive(); }

private:
    quartet::channel<std::int64_t> values_{room};
};

class between {
public:
    void send(std::int64_t value) { values_.send(value); }
    std::int64_t receive() { return *values_.receive(); }

private:
    quartet::channel<std::int64_t> values_{room, quartet::between_processes{}};
};

class pipe_queue {
public:
    pipe_queue() {
        if (pipe(ends_) != 0) throw std::system_error(errno, std::generic_category(), "pipe");
    }
    ~pipe_queue() {
        close(ends_[0]);
        close(ends_[1]);
    }
    void send(std::int64_t value) {
        if (write(ends_[1], &value, sizeof value) != sizeof value) throw std::runtime_error("pipe");
    }
    std::int64_t receive() {
        std::int64_t value = 0;
        if (read(ends_[0], &value, sizeof value) != sizeof value) throw std::runtime_error("pipe");
        return value;
    }

private:
    int ends_[2];
};

class posix_queue {
public:
    posix_queue() {
        std::string const name = "/quartet-benchmark-" + std::to_string(getpid());
        mq_attr attributes{};
        attributes.mq_maxmsg = 10;
        attributes.mq_msgsize = sizeof(std::int64_t);
        queue_ = mq_open(name.c_str(), O_CREAT | O_EXCL | O_RDWR, 0600, &attributes);
        if (queue_ < 0) throw std::system_error(errno, std::generic_category(), "mq_open");
        mq_unlink(name.c_str());
    }
    ~posix_queue() { mq_close(queue_); }
    void send(std::int64_t value) {
        if (mq_send(queue_, reinterpret_cast<char const*>(&value), sizeof value, 0) != 0)
            throw std::runtime_error("mq_send");
    }
    std::int64_t receive() {
        std::int64_t value = 0;
        if (mq_receive(queue_, reinterpret_cast<char*>(&value), sizeof value, nullptr) != sizeof value)
            throw std::runtime_error("mq_receive");
        return value;
    }

private:
    mqd_t queue_;
};

void expect(bool right) {
    if (!right) throw std::runtime_error("wrong values");
}

template <class Queue>
void one_thread(benchmark::State& state) {
    Queue queue;
    for (auto _ : state) {
        for (std::int64_t value = 0; value < value_count; ++value) {
            queue.send(value);
            expect(queue.receive() == value);
        }
    }
}

template <class Queue>
void send_all(Queue& queue, std::int64_t count) {
    for (std::int64_t value = 0; value < count; ++value)
        queue.send(value);
}

template <class Queue>
std::int64_t receive_all(Queue& queue, std::int64_t count) {
    std::int64_t sum = 0;
    for (std::int64_t taken = 0; taken < count; ++taken)
        sum += queue.receive();
    return sum;
}

template <class Queue>
void threads(benchmark::State& state) {
    auto const each_side = state.range(0);
    auto const part = value_count / each_side;
    Queue queue;
    for (auto _ : state) {
        std::vector<std::jthread> running;
        for (std::int64_t t = 0; t < each_side; ++t) {
            running.emplace_back([&] { send_all(queue, part); });
            running.emplace_back([&] { benchmark::DoNotOptimize(receive_all(queue, part)); });
        }
    }
}

template <class Queue>
void processes(benchmark::State& state) {
    for (auto _ : state) {
        state.PauseTiming();
        Queue queue;
        Queue ready;
        quartet::process producer([&] {
            ready.send(1);
            send_all(queue, value_count);
        });
        producer.start();
        ready.receive();
        state.ResumeTiming();
        expect(receive_all(queue, value_count) == value_count * (value_count - 1) / 2);
        state.PauseTiming();
        producer.join();
        state.ResumeTiming();
    }
}

// Two bodies of one loop; the peer of Python's asyncio.Queue.
void loop(benchmark::State& state) {
    auto executor = quartet::make_executor("async");
    for (auto _ : state) {
        quartet::channel<std::int64_t> values(room);
        auto const body = [c = &values](quartet::context& ctx, int who) -> quartet::task<std::int64_t> {
            std::int64_t sum = 0;
            for (std::int64_t value = 0; value < value_count; ++value) {
                if (who == 0) {
                    co_await c->send(ctx, value);
                } else {
                    sum += *co_await c->receive(ctx);
                }
            }
            co_return sum;
        };
        expect(executor.map(body, std::vector{0, 1})[1] == value_count * (value_count - 1) / 2);
    }
}

// Two bodies on two loops, each of which has another body that never waits: so both loops are awake, and with
// room for one value each has to hear of the other for every value.
constexpr std::int64_t value_count_one_by_one = 20'000;

quartet::task<void> keep_awake(quartet::context& ctx, std::atomic<bool> const& over) {
    while (!over)
        co_await ctx.yield();
}

void awake_loops(benchmark::State& state) {
    auto executor = quartet::make_executor("threads:2+async");
    for (auto _ : state) {
        quartet::channel<std::int64_t> values(1);
        std::atomic<int> begun = 0;
        std::atomic<bool> over = false;
        auto const hand_over = [&](quartet::context& ctx, int who) -> quartet::task<void> {
            for (std::int64_t value = 0; value < value_count_one_by_one; ++value) {
                if (who == 0)
                    co_await values.send(ctx, value);
                else
                    expect(co_await values.receive(ctx) == value);
            }
            over = true;
        };
        auto const body = [&](quartet::context& ctx, int who) -> quartet::task<int> {
            for (++begun; begun < 2;) {
            }  // one on each loop
            co_await quartet::when_all(keep_awake(ctx, over), hand_over(ctx, who));
            co_return who;
        };
        auto sender = executor.submit(body, 0);
        executor.submit(body, 1).get();
        sender.get();
    }
}

void in_wall_time(benchmark::internal::Benchmark* each) {
    each->UseRealTime()->Iterations(1)->Unit(benchmark::kMillisecond);
}
void one_and_two_a_side(benchmark::internal::Benchmark* each) {
    in_wall_time(each);
    each->Arg(1)->Arg(2);
}

BENCHMARK_TEMPLATE(one_thread, within)->Apply(in_wall_time);
BENCHMARK_TEMPLATE(one_thread, between)->Apply(in_wall_time);
BENCHMARK_TEMPLATE(one_thread, mutex_queue)->Apply(in_wall_time);
BENCHMARK_TEMPLATE(one_thread, lockfree_queue)->Apply(in_wall_time);
BENCHMARK_TEMPLATE(threads, within)->Apply(one_and_two_a_side);
BENCHMARK_TEMPLATE(threads, between)->Apply(one_and_two_a_side);
BENCHMARK_TEMPLATE(threads, mutex_queue)->Apply(one_and_two_a_side);
BENCHMARK_TEMPLATE(threads, lockfree_queue)->Apply(one_and_two_a_side);
BENCHMARK(loop)->Apply(in_wall_time);
BENCHMARK(awake_loops)->Apply(in_wall_time);
BENCHMARK_TEMPLATE(processes, between)->Apply(in_wall_time);
BENCHMARK_TEMPLATE(processes, pipe_queue)->Apply(in_wall_time);
BENCHMARK_TEMPLATE(processes, posix_queue)->Apply(in_wall_time);

}  // namespace

BENCHMARK_MAIN();
