// Much of everything: calls in flight, bytes in a result, executors made and unmade.
#include "tests/conformance/models.hpp"
#include "tests/conformance/shared.hpp"
#include "tests/faults/checks.hpp"

#include <quartet/quartet.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace quartet::faults::masses_test {
namespace {

using conformance::may_fork_beside_threads;
using conformance::sanitized;
using conformance::with_processes;

std::vector<std::string> specs() {
    std::vector<std::string> some{"single", "threads:2", "async:each", "threads:2+async:100"};
    if (with_processes) some.insert(some.end(), {"processes:2", "processes:2+async:100"});
    return some;
}

/// How many executors are made: as many as ./test has time for, unless QUARTET_ROUNDS says how many.
int rounds_of(std::string_view spec) {
    if (char const* const asked = std::getenv("QUARTET_ROUNDS")) return std::stoi(asked);
    if (sanitized) return 50;
    return spec.starts_with("processes") ? 150 : 1000;
}

class masses : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(models, masses, testing::ValuesIn(specs()), [](auto const& spec) {
    std::string name = spec.param;
    for (char& each : name)
        each = std::isalnum(static_cast<unsigned char>(each)) ? each : '_';
    return name;
});

TEST_P(masses, of_calls_in_flight_end_each_with_its_value) {
    std::size_t const many = sanitized ? 20'000 : 300'000;
    auto executor = make_executor(GetParam());
    std::vector<future<std::size_t>> calls;
    calls.reserve(many);
    for (std::size_t n = 0; n < many; ++n)
        calls.push_back(executor.submit([](std::size_t each) { return each + 1; }, n));
    for (std::size_t n = 0; n < many; ++n)
        ASSERT_EQ(calls[n].get(), n + 1);
}

TEST_P(masses, of_dropped_calls_are_run_all_the_same) {
    std::size_t const many = sanitized ? 5'000 : 100'000;
    auto executor = make_executor(GetParam());
    for (std::size_t n = 0; n < many; ++n)
        static_cast<void>(executor.submit([](std::size_t each) { return std::string(each % 1000, 'x'); }, n));
    executor.join();
    EXPECT_EQ(executor.map([](int n) { return n; }, std::vector{1, 2}), (std::vector{1, 2}));
}

TEST_P(masses, of_bytes_in_one_result_arrive) {
    if (sanitized) GTEST_SKIP() << "a sanitizer keeps freed memory for a while";
    constexpr std::size_t gibibyte = std::size_t{1} << 30;
    auto executor = make_executor(GetParam());
    for (std::size_t const bytes : {gibibyte, gibibyte / 16}) {  // the second where the first has been
        auto const result =
            executor.submit([](std::size_t size) { return std::string(size, 'x'); }, bytes).get();
        ASSERT_EQ(result.size(), bytes);
        EXPECT_EQ(result.front(), 'x');
        EXPECT_EQ(std::memcmp(result.data(), result.data() + 1, bytes - 1), 0);  // each is as the next
    }
}

TEST_P(masses, of_executors_are_made_while_other_threads_allocate_and_log) {
    if (GetParam().starts_with("processes") && !may_fork_beside_threads)
        GTEST_SKIP() << "the sanitizer's allocator does not stand a fork beside threads";
    std::atomic<bool> done = false;
    std::atomic<std::size_t> lines = 0;
    auto const write_lines = [&] {
        auto executor = make_executor("threads:1", {.log = [&](log_record const&) { ++lines; }});
        while (!done) {
            executor.map(
                [](context& ctx, int n) -> task<void> {
                    ctx.log(std::string(100, static_cast<char>('a' + n)));
                    co_return;
                },
                std::vector{1, 2, 3});
            std::vector<std::string>(20, std::string(100, 'x'));
        }
    };
    std::vector<std::jthread> others;
    for (int n = 0; n < 2; ++n)
        others.emplace_back(write_lines);
    int const rounds = rounds_of(GetParam());
    for (int n = 0; n < rounds; ++n) {
        auto executor = make_executor(GetParam());
        auto const body = [](int each) { return std::string(static_cast<std::size_t>(each), 'x').size(); };
        ASSERT_EQ(executor.submit(body, n).get(), static_cast<std::size_t>(n));
    }
    conformance::wait_until([&] { return lines > 0; });
    done = true;
    others.clear();
}

}  // namespace
}  // namespace quartet::faults::masses_test
