// Single cases of trouble, for benchmarks/trouble/trouble.py: `trouble_cases CASE [WORD...]` makes the
// trouble and prints what came of it in a few words. If it hangs or dies, trouble.py says so.
#include <quartet/detail/shm/shared_heap.hpp>
#include <quartet/quartet.hpp>

#include <algorithm>
#include <atomic>
#include <barrier>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <iterator>
#include <latch>
#include <map>
#include <mutex>
#include <new>
#include <optional>
#include <ranges>
#include <span>
#include <string>
#include <string_view>
#include <sys/resource.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace {

using namespace quartet;
using namespace std::chrono_literals;
using words = std::span<char* const>;

std::size_t entries_of(char const* folder) {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
}

std::size_t peak_megabytes() {
    rusage used{};
    getrusage(RUSAGE_SELF, &used);
    return static_cast<std::size_t>(used.ru_maxrss) / 1024;
}

template <class R>
std::string told(outcome<R> const& of) {
    return of ? "a value" : std::string(to_string(of.error().why)) + ": " + of.error().message;
}

std::string bytes_after(std::string const& path, std::size_t asked, char letter) {
    std::ifstream file(path, std::ios::binary);
    std::string const held{std::istreambuf_iterator<char>(file), {}};
    bool const right = held.find_first_not_of(letter) == held.npos;
    return "the file holds " + std::to_string(held.size()) + " of " + std::to_string(asked) + " bytes" +
           (right ? "" : ", some of them in the wrong place");
}

/// Writes a file of 40 MB whose last byte differs from the others, so that one can see if the end was written
/// over the beginning.
std::string write_large(words given) {
    std::string const path = given[0];
    auto executor = make_executor("async");
    std::string data(40 << 20, 'a');
    std::fill(data.end() - (8 << 20), data.end(), 'b');
    auto const body = [](context& ctx, std::string const& to, std::string const& what) -> task<int> {
        co_await ctx.write_file(to, what);
        co_return 1;
    };
    auto const outcome = executor.submit(body, path, data).take();
    return (outcome ? std::string("success, ") : "a failure, ") + bytes_after(path, data.size(), 'a');
}

std::string fetch_with(http_request const& request) {
    auto executor = make_executor("async");
    auto const body = [&request](context& ctx, int) -> task<std::string> {
        auto const reply = co_await ctx.fetch(request);
        co_return std::to_string(reply.status) + " with " + std::to_string(reply.body.size()) + " bytes";
    };
    auto const outcome = std::move(executor.try_map(body, std::vector{0})[0]);
    return outcome ? *outcome : told(outcome);
}

std::string fetch(words given) {
    http_request request{std::string(given[0])};
    if (given.size() > 1) request.method = given[1];
    if (given.size() > 2) request.body = given[2];
    return fetch_with(request);
}

std::string fetch_with_header(words given) {
    http_request request{std::string(given[0])};
    request.headers.emplace_back("X-One", "1\r\nX-Two: 2");
    return fetch_with(request);
}

std::string fetch_many(words given) {
    auto executor = make_executor("async:8");
    auto const body = [](context& ctx, std::string const& url) -> task<int> {
        co_return (co_await ctx.fetch(url)).status;
    };
    auto const outcomes = executor.try_map(body, std::vector<std::string>(500, given[0]));
    return std::to_string(std::ranges::count_if(outcomes, [](auto& each) { return !each; })) + " of 500 fail";
}

std::string fetch_name(words given) {
    std::atomic<std::size_t> most = 0;
    std::atomic<bool> over = false;
    auto executor = make_executor("async:300");
    std::thread counts([&] {
        while (!over) {
            most = std::max(most.load(), entries_of("/proc/self/task"));
            std::this_thread::sleep_for(1ms);
        }
    });
    auto const body = [](context& ctx, std::string const& url) -> task<int> {
        co_return (co_await ctx.fetch(url)).status;
    };
    auto const outcomes = executor.try_map(body, std::vector<std::string>(300, given[0]));
    over = true;
    counts.join();
    auto const failed = std::ranges::count_if(outcomes, [](auto& each) { return !each; });
    return "at most " + std::to_string(most) + " threads, " + std::to_string(failed) + " of 300 fail";
}

std::string stream_index(words) {
    auto executor = make_executor("threads:2");
    auto const body = [](int n) {
        if (n % 7 == 5) throw std::runtime_error("no");
        return n;
    };
    std::size_t last = 0;
    for (auto const& each : executor.stream(body, std::views::iota(0, 100))) {
        if (!each) last = each.error().index;
    }
    return "the last failure, of input 96, has the index " + std::to_string(last);
}

std::string limited_file_size(words) {
    rlimit limit{1 << 20, 1 << 20};
    setrlimit(RLIMIT_FSIZE, &limit);
    auto executor = make_executor("processes:2");
    auto const doubled = executor.map([](int n) { return 2 * n; }, std::views::iota(0, 100));
    return doubled[99] == 198 ? "works" : "wrong values";
}

std::string ignored_ends_of_children(words) {
    signal(SIGCHLD, SIG_IGN);
    auto executor = make_executor("async");
    auto const body = [](context& ctx, int) -> task<std::string> {
        co_return (co_await ctx.run(command::program("echo", "hello"))).output;
    };
    auto const outcomes = executor.try_map(body, std::vector{0});
    return outcomes[0] ? "its output is '" + outcomes[0]->substr(0, 5) + "'" : told(outcomes[0]);
}

std::string offload_in_circles(words) {
    auto executor = make_executor("async");
    std::latch all(8);
    auto const body = [&all](context& ctx, int) -> task<int> {
        co_await ctx.offload([&all] { all.arrive_and_wait(); });
        co_return 1;
    };
    auto const outcomes = executor.try_map(body, std::views::iota(0, 8), {.timeout = 500ms});
    return outcomes[0] ? "all end" : told(outcomes[0]);
}

std::string endless_output(words) {
    auto executor = make_executor("async");
    auto const body = [](context& ctx, int) -> task<std::size_t> {
        auto const line = command::shell("head -c 1500000000 /dev/zero");
        co_return (co_await ctx.run(line)).output.size();
    };
    auto const outcomes = executor.try_map(body, std::vector{0});
    return std::to_string(peak_megabytes()) + " MB of memory; " + told(outcomes[0]);
}

std::string calls_with_limits(words) {
    auto executor = make_executor("async:2000");
    auto const body = [](context& ctx) -> task<void> { co_await ctx.sleep_for(2s); };
    std::vector<future<void>> calls;
    for (int n = 0; n < 2000; ++n)
        calls.push_back(executor.submit(call_options{.timeout = 1min}, body));
    auto const threads = entries_of("/proc/self/task");
    executor.stop();
    return std::to_string(threads) + " threads for 2000 calls";
}

std::string crossing_blocks(words) {
    auto const over = std::chrono::steady_clock::now() + 8s;
    int crossed = 0;
    int rounds = 0;
    for (; std::chrono::steady_clock::now() < over; ++rounds) {
        auto const heap = detail::shared_heap::create(4 << 20);
        std::barrier both(2);
        std::byte* end_of_small = nullptr;
        std::byte* least_large = nullptr;
        auto const take = [&](std::size_t bytes, auto&& each) {
            both.arrive_and_wait();
            try {
                for (;;)
                    each(reinterpret_cast<std::byte*>(heap->take(bytes)));
            } catch (std::bad_alloc const&) {
            }
        };
        std::jthread other([&] { take(500'000, [&](std::byte* block) { end_of_small = block + 500'000; }); });
        take(1'100'000, [&](std::byte* block) { least_large = block; });
        other.join();
        crossed += least_large && end_of_small > least_large;
    }
    return std::to_string(crossed) + " of " + std::to_string(rounds) + " rounds with overlapping blocks";
}

std::string descriptors_of_executors(words given) {
    std::string const path = given[0];
    std::ofstream(path) << "hello";
    auto const before = entries_of("/proc/self/fd");
    auto const body = [](context& ctx, std::string const& from) -> task<std::size_t> {
        co_return (co_await ctx.read_file(from)).size();
    };
    for (int n = 0; n < 200; ++n)
        make_executor("async:10").map(body, std::vector<std::string>(8, path));
    return std::to_string(entries_of("/proc/self/fd") - before) + " descriptors more after 200 executors";
}

std::string calls_after_a_stop(words) {
    int lost = 0;
    auto executor = make_executor("async:10");
    auto const waits = [](context& ctx) -> task<void> { co_await ctx.sleep_for(1h); };
    auto const ends = [](context& ctx) -> task<int> {
        co_await ctx.sleep_for(5ms);
        co_return 1;
    };
    for (int n = 0; n < 200; ++n) {
        std::vector<future<void>> before;
        for (int call = 0; call < 8; ++call)
            before.push_back(executor.submit(waits));
        executor.stop();
        lost += !executor.submit(ends).take();
    }
    return std::to_string(lost) + " of 200 later calls are cancelled";
}

std::string little_address_space(words given) {
    rlim_t const megabytes = std::strtoull(given[0], nullptr, 10);
    rlimit limit{megabytes << 20, megabytes << 20};
    setrlimit(RLIMIT_AS, &limit);
    try {
        auto executor = make_executor("processes:2");
        std::size_t own = 0;
        std::vector<std::unique_ptr<char[]>> taken;
        try {
            for (;; own += 1)
                taken.push_back(std::make_unique_for_overwrite<char[]>(1 << 20));
        } catch (std::bad_alloc const&) {
            taken.clear();
        }
        executor.map([](int n) { return n; }, std::views::iota(0, 10));
        return "works, and leaves " + std::to_string(own) + " MB";
    } catch (std::exception const& why) {
        return std::string("is refused: ") + why.what();
    }
}

std::string fork_in_a_body(words given) {
    std::string const path = given[0];
    auto executor = make_executor("processes:2");
    auto const body = [](std::string const& to) {
        if (fork() == 0) return 0;
        std::ofstream(to, std::ios::app) << "x";
        return 1;
    };
    std::string told_of;
    {
        auto const outcomes = executor.try_map(body, std::vector<std::string>(20, path));
        auto const strange = std::ranges::count_if(outcomes, [](auto& each) { return !each || *each != 1; });
        told_of = std::to_string(strange) + " of 20 results are a child's";
    }
    return told_of;
}

std::string blame(words) {
    auto executor = make_executor("async");
    std::stop_source source;
    auto const body = [](context& ctx, int) -> task<int> {
        try {
            co_await ctx.with_timeout(150ms, [](context& inner) -> task<int> {
                try {
                    co_await inner.sleep_for(1h);
                } catch (...) {
                    std::this_thread::sleep_for(300ms);
                    throw;
                }
                co_return 1;
            }(ctx));
        } catch (timed_out const& late) {
            throw std::runtime_error(late.what());
        }
        co_return 1;
    };
    std::jthread stops([&] {
        std::this_thread::sleep_for(30ms);
        source.request_stop();
    });
    return told(executor.try_map(body, std::vector{0}, {.stop = source.get_token()})[0]);
}

std::string print_in_workers(words) {
    std::cout << "before\n";
    auto executor = make_executor("processes:2");
    executor.for_each([](int n) { std::cout << "line " << n << '\n'; }, std::views::iota(0, 100));
    return "";  // trouble.py counts the lines
}

int exit_with(int code) {
    return code;
}

std::string exit_code(words) {
    process child(exit_with, 256);
    child.start();
    child.join();
    return "a function that returns 256 ends with " + std::to_string(child.exit_code().value_or(-1));
}

std::string empty_future(words) {
    future<int> none;
    try {
        none.wait();
        return "waits for nothing";
    } catch (std::exception const& why) {
        return std::string("an exception: ") + why.what();
    }
}

std::string throwing_initialize(words given) {
    try {
        auto executor =
            make_executor(given[0], {.initialize = [] { throw std::runtime_error("no licence"); }});
        auto const outcomes = executor.try_map([](int n) { return n; }, std::vector{1});
        return told(outcomes[0]);
    } catch (std::exception const& why) {
        return std::string("an exception: ") + why.what();
    }
}

std::string held_loop(words) {
    static std::timed_mutex lock;
    std::scoped_lock const held(lock);
    std::atomic<bool> named = false;
    auto executor = make_executor("async", {.log = [&](log_record const&) { named = true; }});
    auto const body = [](context& ctx) -> task<int> {
        co_await ctx.yield();
        co_return lock.try_lock_for(3s);
    };
    auto call = executor.submit(body);
    std::this_thread::sleep_for(2s);
    return named ? "the body is named while it holds the loop" : "nobody says a word while a loop is held";
}

std::string swallowed_stop(words) {
    auto executor = make_executor("async");
    auto const body = [](context& ctx) -> task<int> {
        for (;;) {
            try {
                co_await ctx.sleep_for(10ms);
            } catch (std::exception const&) {
            }
        }
    };
    return told(executor.submit(call_options{.timeout = 200ms}, body).take());
}

std::string fifos(words given) {
    std::string const folder = given[0];
    std::string const file = folder + "/file";
    std::ofstream(file) << "hello";
    std::string const fifo = folder + "/fifo";
    std::filesystem::remove(fifo);
    if (std::system(("mkfifo " + shell_quote(fifo)).c_str()) != 0) return "no FIFO";
    auto executor = make_executor("async", {.stall_limit = 0s});
    auto const body = [](context& ctx, std::string const& from) -> task<std::size_t> {
        co_return (co_await ctx.read_file(from)).size();
    };
    std::vector<std::string> paths(200, fifo);
    paths.push_back(file);
    auto const outcomes = executor.try_map(body, paths, {.timeout = 1s});
    return "behind 200 FIFOs a file's read gives " + told(outcomes.back()) + "; theirs: " + told(outcomes[0]);
}

std::string option_of_another_model(words) {
    try {
        auto executor = make_executor("threads:2", {.recycle_after = 10});
        return "is accepted";
    } catch (std::exception const& why) {
        return std::string("an exception: ") + why.what();
    }
}

std::string long_text(words) {
    auto executor = make_executor("threads:2");
    auto const outcomes = executor.try_map(
        [](int) -> int { throw std::runtime_error(std::string(10 << 20, 'x')); }, std::vector{1});
    return "the failure's text has " + std::to_string(outcomes[0].error().message.size()) + " bytes";
}

std::map<std::string_view, std::string (*)(words)> const cases{
    {"write_large", write_large},
    {"fetch", fetch},
    {"fetch_with_header", fetch_with_header},
    {"fetch_many", fetch_many},
    {"fetch_name", fetch_name},
    {"stream_index", stream_index},
    {"limited_file_size", limited_file_size},
    {"ignored_ends_of_children", ignored_ends_of_children},
    {"offload_in_circles", offload_in_circles},
    {"endless_output", endless_output},
    {"calls_with_limits", calls_with_limits},
    {"crossing_blocks", crossing_blocks},
    {"descriptors_of_executors", descriptors_of_executors},
    {"calls_after_a_stop", calls_after_a_stop},
    {"little_address_space", little_address_space},
    {"fork_in_a_body", fork_in_a_body},
    {"blame", blame},
    {"print_in_workers", print_in_workers},
    {"exit_code", exit_code},
    {"empty_future", empty_future},
    {"throwing_initialize", throwing_initialize},
    {"held_loop", held_loop},
    {"swallowed_stop", swallowed_stop},
    {"fifos", fifos},
    {"option_of_another_model", option_of_another_model},
    {"long_text", long_text},
};

}  // namespace

int main(int argc, char** argv) {
    auto const found = argc > 1 ? cases.find(argv[1]) : cases.end();
    if (found == cases.end()) {
        std::cerr << "trouble_cases CASE [WORD...]; cases:";
        for (auto const& [name, run] : cases)
            std::cerr << ' ' << name;
        std::cerr << '\n';
        return 2;
    }
    std::string const came_of_it = found->second(words(argv + 2, static_cast<std::size_t>(argc - 2)));
    std::cout << came_of_it << '\n';
}
