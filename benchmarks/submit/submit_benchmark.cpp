// benchmarks/submit/submit_benchmark.cpp
//
// What do single calls cost? There are seven questions, some with peers that do the least which the job
// takes. A run has rounds, and each measures everything once. Prints a line for each measure with the
// seconds, or bytes, of every round.
//
//   - the round trip of a call: submit and get, one after another. Peers: asio::post to a pool and a
//     std::future; a byte through a pipe to another process and back;
//   - throughput: a million calls whose futures are waited for at the end, and a million whose futures are
//     dropped. Peers: asio::post with a std::future for each; without results, asio::post and oneTBB's
//     task_group;
//   - a call that a body on a loop awaits there, one after another. Beside it: the same call, and the body
//   lets
//     others run (ctx.yield) until it has ended, which is the least that a wait on a loop takes;
//   - ten thousand calls under way that have time limits, and as many without; and the threads that they add;
//   - a stream of a million integers;
//   - from nothing to the first result of a pool of two processes;
//   - an executor that has nothing to do: processor time over two seconds, and the memory (PSS) of an idle
//     worker process.
#include <quartet/quartet.hpp>

#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <tbb/global_control.h>
#include <tbb/task_group.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <iterator>
#include <map>
#include <ranges>
#include <stdexcept>
#include <string>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

using namespace std::chrono_literals;
using clock_type = std::chrono::steady_clock;

constexpr int round_trips = 3000;
constexpr int calls = 1'000'000;

int add_one(int number) {
    return number + 1;
}

void check(bool right) {
    if (!right) throw std::runtime_error("wrong results");
}

/// Nanoseconds for each of `count`.
double time_each(int count, std::function<void()> const& pass) {
    auto const began = clock_type::now();
    pass();
    return std::chrono::duration<double, std::nano>(clock_type::now() - began).count() / count;
}

// ---- Round trips

double round_trip(quartet::executor& executor) {
    return time_each(round_trips, [&] {
        for (int n = 0; n < round_trips; ++n)
            check(executor.submit(add_one, n).get() == n + 1);
    });
}

double round_trip_asio() {
    boost::asio::thread_pool pool(2);
    return time_each(round_trips, [&] {
        for (int n = 0; n < round_trips; ++n) {
            std::promise<int> result;
            auto future = result.get_future();
            boost::asio::post(pool, [n, &result] { result.set_value(add_one(n)); });
            check(future.get() == n + 1);
        }
    });
}

double round_trip_pipe() {
    int there[2];
    int back[2];
    check(pipe(there) == 0 && pipe(back) == 0);
    pid_t const child = fork();
    if (child == 0) {
        close(there[1]);
        char byte = 0;
        while (read(there[0], &byte, 1) == 1)
            static_cast<void>(!write(back[1], &byte, 1));
        _exit(0);
    }
    close(there[0]);
    double const each = time_each(round_trips, [&] {
        char byte = 0;
        for (int n = 0; n < round_trips; ++n)
            check(write(there[1], &byte, 1) == 1 && read(back[0], &byte, 1) == 1);
    });
    close(there[1]);
    close(back[0]);
    close(back[1]);
    waitpid(child, nullptr, 0);
    return each;
}

// ---- Throughput

double throughput(quartet::executor& executor) {
    std::vector<quartet::future<int>> futures;
    futures.reserve(calls);
    return time_each(calls, [&] {
        for (int n = 0; n < calls; ++n)
            futures.push_back(executor.submit(add_one, n));
        for (int n = 0; n < calls; ++n)
            check(futures[static_cast<std::size_t>(n)].get() == n + 1);
    });
}

double throughput_asio() {
    std::vector<int> results(calls);
    return time_each(calls, [&] {
        boost::asio::thread_pool pool(2);
        for (int n = 0; n < calls; ++n)
            boost::asio::post(pool, [n, &results] { results[static_cast<std::size_t>(n)] = add_one(n); });
        pool.join();
    });
}

double throughput_asio_with_futures() {
    std::vector<std::future<int>> futures;
    futures.reserve(calls);
    return time_each(calls, [&] {
        boost::asio::thread_pool pool(2);
        for (int n = 0; n < calls; ++n) {
            std::packaged_task<int()> call([n] { return add_one(n); });
            futures.push_back(call.get_future());
            boost::asio::post(pool, std::move(call));
        }
        for (int n = 0; n < calls; ++n)
            check(futures[static_cast<std::size_t>(n)].get() == n + 1);
    });
}

double throughput_dropped(quartet::executor& executor) {
    return time_each(calls, [&] {
        for (int n = 0; n < calls; ++n)
            static_cast<void>(executor.submit(add_one, n));
        executor.join();
    });
}

double throughput_tbb() {
    std::vector<int> results(calls);
    return time_each(calls, [&] {
        tbb::task_group group;
        for (int n = 0; n < calls; ++n)
            group.run([n, &results] { results[static_cast<std::size_t>(n)] = add_one(n); });
        group.wait();
    });
}

// ---- Awaited, and limited

constexpr int awaited_calls = 100'000;

quartet::task<int> add_one_later(quartet::context&, int number) {
    co_return number + 1;
}

double awaited(quartet::executor& executor) {
    auto const body = [runs = &executor](quartet::context&) -> quartet::task<void> {
        for (int n = 0; n < awaited_calls; ++n)
            check(co_await runs->submit(add_one_later, n) == n + 1);
    };
    return time_each(awaited_calls, [&] { executor.submit(body).get(); });
}

double yielded(quartet::executor& executor) {
    auto const body = [runs = &executor](quartet::context& ctx) -> quartet::task<void> {
        for (int n = 0; n < awaited_calls; ++n) {
            auto call = runs->submit(add_one_later, n);
            while (!call.done())
                co_await ctx.yield();
            check(call.get() == n + 1);
        }
    };
    return time_each(awaited_calls, [&] { executor.submit(body).get(); });
}

constexpr int limited_calls = 10'000;

double with_options(quartet::executor& executor, quartet::call_options const& options) {
    std::vector<quartet::future<int>> futures;
    futures.reserve(limited_calls);
    return time_each(limited_calls, [&] {
        for (int n = 0; n < limited_calls; ++n)
            futures.push_back(executor.submit(options, add_one_later, n));
        for (int n = 0; n < limited_calls; ++n)
            check(futures[static_cast<std::size_t>(n)].get() == n + 1);
    });
}

/// How many more threads there are while calls with a limit are under way than while those without are.
double threads_of_limits(quartet::executor& executor) {
    auto const threads = [] {
        auto const all = std::filesystem::directory_iterator("/proc/self/task");
        return static_cast<double>(std::distance(begin(all), end(all)));
    };
    auto const sleep = [](quartet::context& ctx) -> quartet::task<void> { co_await ctx.sleep_for(1h); };
    double counts[2];
    for (int limited = 0; limited < 2; ++limited) {
        quartet::call_options options;
        if (limited == 1) options.timeout = 1h;
        std::vector<quartet::future<void>> futures;
        for (int n = 0; n < limited_calls; ++n)
            futures.push_back(executor.submit(options, sleep));
        counts[limited] = threads();
        for (auto& each : futures)
            each.cancel();
        for (auto& each : futures)
            each.wait();
    }
    return counts[1] - counts[0];
}

double stream(quartet::executor& executor) {
    return time_each(calls, [&] {
        int expected = 0;
        for (auto const& each : executor.stream(add_one, std::views::iota(0, calls)))
            check(each.value() == ++expected);
        check(expected == calls);
    });
}

// ---- Beginning and idling

double first_result() {
    return time_each(1, [] { check(quartet::make_executor("processes:2").submit(add_one, 1).get() == 2); });
}

/// The processor time of a process's threads, without the calling one, as the scheduler counts it.
double processor_seconds(std::filesystem::path const& process) {
    double nanoseconds = 0;
    for (auto const& thread : std::filesystem::directory_iterator(process / "task")) {
        if (thread.path().filename() == std::to_string(gettid())) continue;
        double each = 0;
        check(static_cast<bool>(std::ifstream(thread.path() / "schedstat") >> each));
        nanoseconds += each;
    }
    return nanoseconds * 1e-9;
}

/// The processor time of this process and all its descendants.
double processor_seconds_of_tree() {
    std::multimap<pid_t, pid_t> children;
    for (auto const& entry : std::filesystem::directory_iterator("/proc")) {
        std::ifstream status(entry.path() / "status");
        pid_t process = 0;
        for (std::string word; status >> word;) {
            if (word == "Pid:") status >> process;
            if (word == "PPid:") {
                pid_t parent = 0;
                status >> parent;
                children.emplace(parent, process);
                break;
            }
        }
    }
    double sum = 0;
    std::vector<pid_t> found{getpid()};
    for (std::size_t n = 0; n < found.size(); ++n) {
        sum += processor_seconds("/proc/" + std::to_string(found[n]));
        auto const [first, last] = children.equal_range(found[n]);
        for (auto each = first; each != last; ++each)
            found.push_back(each->second);
    }
    return sum;
}

/// The processor time that an idle executor's threads and processes use in two seconds.
double idle(char const* spec) {
    auto executor = quartet::make_executor(spec);
    executor.submit(add_one, 1).get();
    std::this_thread::sleep_for(100ms);
    double const before = processor_seconds_of_tree();
    std::this_thread::sleep_for(2s);
    return processor_seconds_of_tree() - before;
}

/// The PSS of an idle worker. The parent reads it: a worker that did so itself would touch more pages.
double idle_worker_bytes() {
    auto executor = quartet::make_executor("processes:2");
    pid_t const worker = executor.submit([] { return getpid(); }).get();
    std::ifstream rollup("/proc/" + std::to_string(worker) + "/smaps_rollup");
    double kilobytes = 0;
    for (std::string word; rollup >> word;) {
        if (word == "Pss:") rollup >> kilobytes;
    }
    check(kilobytes > 0);
    return kilobytes * 1024;
}

struct question {
    char const* name;
    double scale;  // to seconds, or bytes
    std::function<double()> measure;
    std::vector<double> rounds{};
};

}  // namespace

int main(int argc, char** argv) {
    int const rounds = argc > 1 ? std::stoi(argv[1]) : 21;
    tbb::global_control const two(tbb::global_control::max_allowed_parallelism, 2);
    // First, while this process is small: a fork copies its page tables, so it takes longer in a large one.
    double const worker = idle_worker_bytes();
    std::vector<double> first_results;
    for (int round = 0; round < rounds; ++round)
        first_results.push_back(first_result() * 1e-9);
    auto processes = quartet::make_executor("processes:2");
    auto loops = quartet::make_executor("processes:2+async:100");
    auto threads = quartet::make_executor("threads:2");
    auto async = quartet::make_executor("async:each");
    std::vector<question> questions{
        {"round_trip/threads", 1e-9, [&] { return round_trip(threads); }},
        {"round_trip/asio", 1e-9, round_trip_asio},
        {"round_trip/async", 1e-9, [&] { return round_trip(async); }},
        {"round_trip/processes", 1e-9, [&] { return round_trip(processes); }},
        {"round_trip/processes+async", 1e-9, [&] { return round_trip(loops); }},
        {"round_trip/pipe", 1e-9, round_trip_pipe},
        {"submit/threads", 1e-9, [&] { return throughput(threads); }},
        {"submit/threads_dropped", 1e-9, [&] { return throughput_dropped(threads); }},
        {"submit/asio", 1e-9, throughput_asio},
        {"submit/asio+future", 1e-9, throughput_asio_with_futures},
        {"submit/tbb", 1e-9, throughput_tbb},
        {"submit/async", 1e-9, [&] { return throughput(async); }},
        {"submit/processes", 1e-9, [&] { return throughput(processes); }},
        {"awaited/async", 1e-9, [&] { return awaited(async); }},
        {"yielded/async", 1e-9, [&] { return yielded(async); }},
        {"limits/with", 1e-9, [&] { return with_options(async, {.timeout = 1h}); }},
        {"limits/without", 1e-9, [&] { return with_options(async, {}); }},
        {"stream/threads", 1e-9, [&] { return stream(threads); }},
        {"stream/async", 1e-9, [&] { return stream(async); }},
        {"stream/processes", 1e-9, [&] { return stream(processes); }},
    };
    for (int round = 0; round < rounds; ++round) {
        for (auto& each : questions)
            each.rounds.push_back(each.measure() * each.scale);
    }
    questions.push_back({"first_result/processes", 1, {}, first_results});
    for (auto const& each : questions) {
        std::printf("%s", each.name);
        for (double const value : each.rounds)
            std::printf(" %.4g", value);
        std::printf("\n");
    }
    for (char const* spec : {"single", "threads:2", "async", "processes:2", "processes:2+async:100"})
        std::printf("idle/%s %.6f\n", spec, idle(spec));
    std::printf("limits/threads %.0f\n", threads_of_limits(async));
    std::printf("worker_bytes %.0f\n", worker);
}
