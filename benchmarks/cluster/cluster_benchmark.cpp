// What a cluster adds to work, on MPI between machines of this one (tests/cluster/machines): run by
// run_peers, with raw MPI, mpi4py.futures and one machine alone in the same rounds.
//
//     cluster_benchmark SPEC ROW...    one line a row: its name and a number
//
// tasks_1us, tasks_0     tasks a second: a million that each take a microsecond, and that do nothing
// submit                 microseconds from submit() to the value, on a node that is not the root
// results_N, inputs_N    bytes a second: values of N MiB that come from other nodes, and that go to them
// efficiency             perfect packing's time by the time of 100 tasks of 50 to 150 ms
// idle                   eight seconds of nothing, for who looks what the ranks take
// loss                   12 seconds of tasks, with a line for each, for who cuts a machine off meanwhile

#include <quartet/cluster.hpp>
#include <quartet/quartet.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <functional>
#include <numeric>
#include <queue>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using clock_type = std::chrono::steady_clock;

double seconds_since(clock_type::time_point began) {
    return std::chrono::duration<double>(clock_type::now() - began).count();
}

void tell(std::string const& row, double number) {
    std::printf("%s %.6g\n", row.c_str(), number);
    std::fflush(stdout);
}

// ---- Bodies

int busy_microsecond(int input) {
    auto const end = clock_type::now() + std::chrono::microseconds(1);
    while (clock_type::now() < end) {
    }
    return input;
}

int give_back(int input) {
    return input;
}

std::string host() {
    char name[256] = {};
    gethostname(name, sizeof name - 1);
    return name;
}

struct large_order {
    std::size_t bytes;
    std::string root;  ///< where nothing is made: what stays on the machine crosses nothing

    void serialize(auto& archive) { archive(bytes, root); }
};

std::vector<char> large_result(large_order const& order) {
    if (host() != order.root) return std::vector<char>(order.bytes, 'x');
    std::this_thread::sleep_for(20ms);
    return {};
}

struct large_input {
    std::string root;
    std::vector<char> bytes;

    void serialize(auto& archive) { archive(root, bytes); }
};

std::size_t take_large(large_input const& input) {
    if (host() != input.root) return input.bytes.size();
    std::this_thread::sleep_for(20ms);
    return 0;
}

quartet::task<bool> sit(quartet::context& ctx, int) {
    co_await ctx.sleep_for(10min);
    co_return true;
}

std::string answer_with_host(int) {
    return host();
}

quartet::task<int> last(quartet::context& ctx, int milliseconds) {
    co_await ctx.sleep_for(std::chrono::milliseconds(milliseconds));
    co_return milliseconds;
}

quartet::task<std::string> last_and_tell(quartet::context& ctx, int milliseconds) {
    co_await ctx.sleep_for(std::chrono::milliseconds(milliseconds));
    co_return host();
}

// ---- Rows

std::vector<int> numbers(std::size_t count) {
    std::vector<int> all(count);
    std::iota(all.begin(), all.end(), 0);
    return all;
}

void tasks(quartet::executor& executor, std::string const& row, int (*body)(int)) {
    auto const many = numbers(1'000'000);
    executor.map(body, numbers(100'000));
    auto const began = clock_type::now();
    executor.map(body, many);
    tell(row, static_cast<double>(many.size()) / seconds_since(began));
}

/// The root's own workers have something to do, so that calls go elsewhere.
void submit(quartet::executor& executor, std::string const& spec) {
    constexpr int times = 1000;
    bool const is_cluster = spec.starts_with("cluster");
    std::vector<quartet::future<bool>> sitters;
    if (is_cluster) sitters.push_back(executor.submit(sit, 0));
    int far = 0;
    for (int call = 0; call < 100; ++call)
        far += executor.submit(answer_with_host, call).get() != host() ? 1 : 0;
    if (is_cluster && far < 95) throw std::runtime_error("calls stay on the root");
    std::vector<double> took;
    for (int call = 0; call < times; ++call) {
        auto const began = clock_type::now();
        executor.submit(give_back, call).get();
        took.push_back(seconds_since(began));
    }
    std::nth_element(took.begin(), took.begin() + times / 2, took.end());
    tell("submit", took[times / 2] * 1e6);
    for (auto& each : sitters)
        each.cancel();
}

std::size_t times_for(std::size_t mebibytes) {
    return std::max<std::size_t>(16, 768 / mebibytes);
}

void results(quartet::executor& executor, std::string const& row, std::size_t mebibytes) {
    std::vector<large_order> const orders(times_for(mebibytes), {mebibytes << 20, host()});
    executor.map(large_result, std::vector<large_order>(6, orders[0]));
    auto const began = clock_type::now();
    auto const values = executor.map(large_result, orders);
    double const seconds = seconds_since(began);
    std::size_t bytes = 0;
    for (auto const& each : values)
        bytes += each.size();
    tell(row, static_cast<double>(bytes) / seconds);
}

void inputs(quartet::executor& executor, std::string const& row, std::size_t mebibytes) {
    std::vector<large_input> const values(times_for(mebibytes),
                                          {host(), std::vector<char>(mebibytes << 20, 'x')});
    executor.map(take_large, std::vector<large_input>(6, values[0]));
    auto const began = clock_type::now();
    auto const taken = executor.map(take_large, values);
    double const seconds = seconds_since(began);
    tell(row, static_cast<double>(std::accumulate(taken.begin(), taken.end(), std::size_t{0})) / seconds);
}

/// The longest first, each to the worker that is free first: at most 4/3 of the best there is (Graham 1969),
/// and with these some parts in a thousand.
double packed_seconds(std::vector<int> milliseconds, std::size_t workers) {
    std::ranges::sort(milliseconds, std::greater());
    std::priority_queue<int, std::vector<int>, std::greater<>> free_at;
    for (std::size_t each = 0; each < workers; ++each)
        free_at.push(0);
    int end = 0;
    for (int const each : milliseconds) {
        int const done = free_at.top() + each;
        free_at.pop();
        free_at.push(done);
        end = std::max(end, done);
    }
    return end / 1e3;
}

void efficiency(quartet::executor& executor) {
    std::mt19937 random(7);
    std::vector<int> lengths;
    for (int each = 0; each < 100; ++each)
        lengths.push_back(static_cast<int>(50 + random() % 101));
    executor.map(last, std::vector<int>(20, 1));
    auto const began = clock_type::now();
    executor.map(last, lengths);
    tell("efficiency", packed_seconds(lengths, executor.concurrency()) / seconds_since(began));
}

/// A line for each task when it has ended: when, on which machine, and "lost" if it was lost with one.
void loss(quartet::executor& executor, double seconds) {
    std::vector<int> const lengths(static_cast<std::size_t>(seconds * 50) * executor.concurrency(), 20);
    auto const began = clock_type::now();
    auto outcomes = executor.stream(last_and_tell, lengths, {.order = quartet::stream_order::as_completed});
    for (auto& each : outcomes) {
        std::printf("%.4f %s\n", seconds_since(began), each ? each->c_str() : "lost");
        std::fflush(stdout);
    }
}

/// For who looks from outside what the ranks take meanwhile.
void idle(quartet::executor& executor) {
    executor.map(give_back, numbers(1000));
    std::printf("idle\n");
    std::fflush(stdout);
    std::this_thread::sleep_for(8s);
}

void run(quartet::executor& executor, std::string const& spec, std::string const& row) {
    auto const mebibytes = [&] { return std::strtoull(row.c_str() + row.find('_') + 1, nullptr, 10); };
    if (row == "tasks_1us") return tasks(executor, row, busy_microsecond);
    if (row == "tasks_0") return tasks(executor, row, give_back);
    if (row == "submit") return submit(executor, spec);
    if (row == "efficiency") return efficiency(executor);
    if (row == "idle") return idle(executor);
    if (row == "loss") return loss(executor, 12);
    if (row.starts_with("results_")) return results(executor, row, mebibytes());
    if (row.starts_with("inputs_")) return inputs(executor, row, mebibytes());
    throw std::runtime_error("there is no row " + row);
}

}  // namespace

int main(int argc, char** argv) {
    quartet::cluster_main(argc, argv);
    try {
        std::string const spec = argc > 1 ? argv[1] : "cluster";
        auto executor = quartet::make_executor(spec);
        for (int each = 2; each < argc; ++each)
            run(executor, spec, argv[each]);
    } catch (std::exception const& error) {
        std::fprintf(stderr, "cluster_benchmark: %s\n", error.what());
        return EXIT_FAILURE;
    }
}
