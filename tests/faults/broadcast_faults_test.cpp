// What a broadcast does when the system refuses, when processes end or fork, and what stays behind: nothing.
#include "tests/conformance/models.hpp"
#include "tests/faults/checks.hpp"
#include "tests/faults/limits.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <optional>
#include <string>
#include <sys/wait.h>
#include <thread>
#include <vector>

namespace quartet::faults::broadcast_faults_test {
namespace {

using conformance::may_fork_beside_threads;
using conformance::with_processes;

constexpr std::size_t mebibyte = std::size_t{1} << 20;

/// How many objects of it there are in this process.
struct counted_object {
    counted_object() noexcept { ++count; }
    counted_object(counted_object const& other) : text(other.text) { ++count; }
    counted_object(counted_object&& other) noexcept : text(std::move(other.text)) { ++count; }
    counted_object& operator=(counted_object const&) = default;
    counted_object& operator=(counted_object&&) noexcept = default;
    ~counted_object() { --count; }

    void serialize(auto& archive) { archive(text); }

    std::string text{};
    static inline std::atomic<int> count{0};
};

TEST(a_broadcasts_memory, is_given_back) {
    auto const descriptors = open_descriptors();
    for (int round = 0; round < 50; ++round) {
        broadcast const text(std::string(mebibyte, 'x'));
        broadcast const copy = text;
        broadcast<char[]> const letters(std::string(mebibyte, 'x'));
        EXPECT_EQ(copy.view()->size(), (*letters.view()).size());
        broadcast const objects(counted_object{});
        EXPECT_EQ(counted_object::count, 1);
    }
    EXPECT_EQ(counted_object::count, 0);
    EXPECT_EQ(open_descriptors(), descriptors);
    EXPECT_EQ(mappings_of("quartet-broadcast"), 0U);
}

TEST(a_broadcasts_memory, is_given_back_when_a_call_ends_that_kept_it) {
    auto executor = make_executor("threads:1");
    {
        auto numbers = std::make_optional<broadcast<std::vector<int>>>(std::vector{7});
        auto const first = [all = numbers->view()](int) { return all->front(); };
        auto call = executor.submit(first, 0);
        numbers.reset();
        EXPECT_EQ(call.get(), 7);
    }
    executor.join();
    EXPECT_EQ(mappings_of("quartet-broadcast"), 0U);
}

TEST(a_broadcasts_memory, does_not_stay_in_a_worker) {
    if (!with_processes) GTEST_SKIP() << "no processes under this sanitizer";
    auto executor = make_executor("processes:1");
    auto const look = [](broadcast_view<counted_object> const& object) {
        return std::array{object->text.size(), mappings_of("quartet-broadcast"), open_descriptors(),
                          static_cast<std::size_t>(counted_object::count)};
    };
    std::optional<std::array<std::size_t, 4>> before;
    for (int round = 0; round < 20; ++round) {
        counted_object made;
        made.text.assign(mebibyte, 'x');
        broadcast const object(made);
        auto const now = executor.map(look, std::vector{object.view()})[0];
        EXPECT_EQ(now, before.value_or(now));
        EXPECT_EQ(now[3], 1U);
        before = now;
    }
}

TEST(a_broadcast_that_is_too_large, is_refused) {
    resource_limit const lower(RLIMIT_FSIZE, mebibyte);
    try {
        broadcast<char[]> const letters(std::string(2 * mebibyte, 'x'));
        FAIL() << "it was made";
    } catch (std::system_error const& error) {
        EXPECT_NE(std::string(error.what()).find("a broadcast of 2097152 bytes is larger than"),
                  std::string::npos)
            << error.what();
    }
}

TEST(a_broadcast_without_a_descriptor, is_refused) {
    std::string text("abc");
    try {
        resource_limit const lower(RLIMIT_NOFILE, 3);
        broadcast const refused(text);
        FAIL() << "there was a descriptor";
    } catch (std::system_error const& error) {
        EXPECT_EQ(error.code(), std::errc::too_many_files_open) << error.what();
        EXPECT_NE(std::string(error.what()).find("cannot make a broadcast"), std::string::npos)
            << error.what();
    }
}

TEST(a_broadcast_of_many_threads, is_decoded_once) {
    if (!with_processes) GTEST_SKIP() << "no processes under this sanitizer";
    auto executor = make_executor("processes:1");
    broadcast const object(counted_object{});
    auto const ask = [object = object.view()](int) {
        std::atomic<int> alike = 0;
        auto const* const first = &*object;
        std::vector<std::thread> threads;
        for (int thread = 0; thread < 4; ++thread)
            threads.emplace_back([&] { alike += &*object == first ? 1 : 0; });
        for (auto& each : threads)
            each.join();
        return alike.load();
    };
    EXPECT_EQ(executor.submit(ask, 1).get(), 4);
}

/// Is slow to decode, so that others come meanwhile.
struct slow_object {
    std::vector<int> numbers;
};

}  // namespace
}  // namespace quartet::faults::broadcast_faults_test

template <>
struct quartet::codec<quartet::faults::broadcast_faults_test::slow_object> {
    using value = quartet::faults::broadcast_faults_test::slow_object;
    static inline std::atomic<int> decoded{0};
    static void encode(value const& given, byte_writer& out) {
        codec<std::vector<int>>::encode(given.numbers, out);
    }
    static value decode(byte_reader& in) {
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
        // The first who makes it fails.
        if (++decoded == 1) throw std::runtime_error("not yet");
        return {codec<std::vector<int>>::decode(in)};
    }
};

namespace quartet::faults::broadcast_faults_test {
namespace {

TEST(a_broadcast_of_many_threads, is_made_by_the_next_where_one_failed) {
    if (!with_processes) GTEST_SKIP() << "no processes under this sanitizer";
    auto executor = make_executor("processes:1");
    broadcast const object(slow_object{{1, 2, 3}});
    auto const ask = [object = object.view()](int) {
        std::atomic<int> failed = 0;
        std::vector<std::thread> threads;
        for (int thread = 0; thread < 4; ++thread)
            threads.emplace_back([&] {
                try {
                    static_cast<void>(object->numbers.at(2));
                } catch (std::runtime_error const&) {
                    ++failed;
                }
            });
        for (auto& each : threads)
            each.join();
        return std::array{failed.load(), codec<slow_object>::decoded.load()};
    };
    EXPECT_EQ(executor.submit(ask, 1).get(), (std::array{1, 2}));
}

TEST(a_child_of_a_process_with_a_broadcast, loses_nothing_of_it) {
    auto text = std::make_optional<broadcast<std::string>>("abc");
    auto const view = text->view();
    pid_t const child = fork();
    if (child == 0) {
        text.reset();
        _exit(*view == "abc" ? 0 : 1);
    }
    int status = 1;
    waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
    EXPECT_EQ(*view, "abc");
}

TEST(a_child_of_a_process_with_a_broadcast, can_use_it_though_threads_were_making_some) {
    if (!may_fork_beside_threads) GTEST_SKIP() << "no fork beside threads under a sanitizer";
    broadcast const text(std::string("abc"));
    std::atomic<bool> enough = false;
    std::thread busy([&] {
        while (!enough)
            static_cast<void>(broadcast(std::string("x")).view()->size());
    });
    for (int round = 0; round < 200; ++round) {
        pid_t const child = fork();
        if (child == 0) {
            alarm(100);  // a lock that nobody releases
            _exit(*text.view() == "abc" ? 0 : 1);
        }
        int status = 0;
        waitpid(child, &status, 0);
        EXPECT_EQ(status, 0);
        if (status != 0) break;
    }
    enough = true;
    busy.join();
}

TEST(a_broadcast_of_a_worker, is_found_by_others_while_the_worker_lives) {
    if (!with_processes) GTEST_SKIP() << "no processes under this sanitizer";
    auto executor = make_executor("processes:1");
    auto const keep = [](int value) {
        static std::vector<broadcast<std::vector<int>>> kept;
        kept.emplace_back(std::vector{value});
        return kept.back().view();
    };
    auto const view = executor.submit(keep, 7).get();
    EXPECT_EQ(view->front(), 7);
}

}  // namespace
}  // namespace quartet::faults::broadcast_faults_test
