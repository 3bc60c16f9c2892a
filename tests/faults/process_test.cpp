// One child process that runs a function: its end, in every way, and that it never outlives its owner.
#include "tests/conformance/models.hpp"
#include "tests/conformance/shared.hpp"
#include "tests/faults/checks.hpp"

#include <quartet/quartet.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <sys/prctl.h>
#include <thread>
#include <unistd.h>

namespace quartet::faults::process_test {
namespace {

using conformance::shared;
using conformance::shared_counter;
using conformance::wait_until;
using namespace std::chrono_literals;

[[noreturn]] void wait_for_ever() {
    for (;;)
        pause();
}

TEST(a_process, runs_its_function_with_copies_of_its_arguments) {
    shared<std::atomic<int>> sum;
    std::string text = "four";
    int here = 1;
    process child(
        [&, text](int a, std::unique_ptr<int> const& b) {
            here = 2;
            *sum = a + *b + static_cast<int>(text.size());
        },
        10, std::make_unique<int>(20));
    text = "changed later";
    child.start();
    child.join();
    EXPECT_EQ(*sum, 34);
    EXPECT_EQ(here, 1);
    EXPECT_EQ(child.exit_code(), 0);
}

TEST(a_process, is_another_one_with_a_name) {
    shared<std::atomic<pid_t>> id;
    shared<std::array<char, 16>> name;
    process child("greeter", [&] {
        *id = getpid();
        prctl(PR_GET_NAME, name->data());
    });
    EXPECT_EQ(child.name(), "greeter");
    EXPECT_EQ(child.pid(), 0);
    EXPECT_FALSE(child.alive());
    EXPECT_EQ(child.exit_code(), std::nullopt);
    child.start();
    EXPECT_GT(child.pid(), 0);
    child.join();
    EXPECT_EQ(*id, child.pid());
    EXPECT_NE(*id, getpid());
    EXPECT_STREQ(name->data(), "greeter");
    EXPECT_NE(process([] {}).name(), process([] {}).name());
}

TEST(a_process, ends_with_the_integer_that_its_function_returns) {
    process child([] { return 7; });
    child.start();
    child.join();
    EXPECT_EQ(child.exit_code(), 7);
    child.join();  // again: nothing
    EXPECT_FALSE(child.alive());
}

/// How a process that returns `value` ends, and what it says.
std::pair<std::optional<int>, std::string> end_of(auto value) {
    process child("counter", [value] { return value; });
    testing::internal::CaptureStderr();
    child.start();
    child.join();
    return {child.exit_code(), testing::internal::GetCapturedStderr()};
}

TEST(a_process, ends_with_1_where_its_number_is_no_exit_code) {
    EXPECT_EQ(end_of(0).first, 0);
    EXPECT_EQ(end_of(255).first, 255);
    EXPECT_EQ(end_of(std::uint8_t{255}).first, 255);
    EXPECT_EQ(end_of(17L), (std::pair(std::optional(17), std::string())));
    auto const [code, words] = end_of(256);
    EXPECT_EQ(code, 1);
    EXPECT_EQ(words,
              "process 'counter' ended by std::out_of_range: it returned 256, and an exit code is from 0 "
              "to 255\n");
    EXPECT_EQ(end_of(512u).first, 1);
    EXPECT_EQ(end_of(-1).first, 1);
    EXPECT_EQ(end_of(-9L).first, 1);
    EXPECT_EQ(end_of(std::int64_t{1} << 32).first, 1);
    EXPECT_EQ(end_of(std::uint64_t{1} << 63).first, 1);
}

struct wordless : std::exception {
    char const* what() const noexcept override { return nullptr; }
};

TEST(a_process, that_throws_without_words_ends_with_1_too) {
    process child("wordless", [] { throw wordless(); });
    testing::internal::CaptureStderr();
    child.start();
    child.join();
    EXPECT_TRUE(testing::internal::GetCapturedStderr().ends_with("whose what() is null\n"));
    EXPECT_EQ(child.exit_code(), 1);
}

TEST(a_process, that_was_moved_from_says_so) {
    process child([] { return 3; });
    process const moved = std::move(child);
    EXPECT_THROW(child.start(), std::logic_error);
    EXPECT_THROW(child.join(), std::logic_error);
    EXPECT_THROW(child.join_for(1ms), std::logic_error);
    EXPECT_THROW(child.alive(), std::logic_error);
    EXPECT_THROW(child.terminate(), std::logic_error);
    EXPECT_THROW(child.kill(), std::logic_error);
    EXPECT_THROW(child.exit_code(), std::logic_error);
    EXPECT_THROW(child.pid(), std::logic_error);
    EXPECT_THROW(child.name(), std::logic_error);
    child = process([] { return 4; });
    child.start();
    child.join();
    EXPECT_EQ(child.exit_code(), 4);
}

TEST(a_process, that_throws_ends_with_1_and_says_why) {
    process child("thrower", [] { throw std::out_of_range("too far"); });
    testing::internal::CaptureStderr();
    child.start();
    child.join();
    EXPECT_EQ(testing::internal::GetCapturedStderr(),
              "process 'thrower' ended by std::out_of_range: too far\n");
    EXPECT_EQ(child.exit_code(), 1);
}

TEST(a_process, can_be_waited_for_for_a_while) {
    process child(wait_for_ever);
    child.start();
    EXPECT_FALSE(child.join_for(10ms));
    EXPECT_FALSE(child.join_for(-1s));
    EXPECT_TRUE(child.alive());
    EXPECT_EQ(child.exit_code(), std::nullopt);
    child.terminate();
    EXPECT_TRUE(child.join_for(1h));
    EXPECT_EQ(child.exit_code(), -SIGTERM);
    child.terminate();  // too late: nothing
}

TEST(a_process, that_ignores_being_asked_can_be_killed) {
    shared_counter ready;
    process child([&] {
        std::signal(SIGTERM, SIG_IGN);
        ++*ready;
        wait_for_ever();
    });
    child.start();
    wait_until([&] { return *ready > 0; });
    child.terminate();
    EXPECT_FALSE(child.join_for(20ms));
    child.kill();
    child.join();
    EXPECT_EQ(child.exit_code(), -SIGKILL);
}

TEST(a_process, does_not_outlive_its_object) {
    pid_t asked = 0;
    pid_t stubborn = 0;
    {
        shared_counter ready;
        process first(wait_for_ever);
        process second([&] {
            std::signal(SIGTERM, SIG_IGN);
            ++*ready;
            wait_for_ever();
        });
        first.start();
        second.start();
        asked = first.pid();
        stubborn = second.pid();
        wait_until([&] { return *ready > 0; });
    }
    EXPECT_EQ(::kill(asked, 0), -1);
    EXPECT_EQ(::kill(stubborn, 0), -1);
}

// The twin of it: the same questions find a process that lives.
TEST(a_process, is_found_as_long_as_it_lives) {
    process child(wait_for_ever);
    child.start();
    EXPECT_EQ(::kill(child.pid(), 0), 0);
    EXPECT_TRUE(runs(child.pid()));
}

TEST(a_process, ends_when_its_parent_is_killed) {
    if (!conformance::may_fork_beside_threads) GTEST_SKIP() << "the process watches its parent by a thread";
    shared<std::atomic<pid_t>> grandchild;
    process child([&] {
        std::signal(SIGTERM, SIG_IGN);
        process inner(wait_for_ever);
        // Started by a thread that ends at once: that is no reason to end.
        std::jthread([&] { inner.start(); }).join();
        std::this_thread::sleep_for(20ms);
        if (inner.alive()) *grandchild = inner.pid();
        wait_for_ever();
    });
    child.start();
    wait_until([&] { return *grandchild > 0; });
    child.kill();
    child.join();
    wait_until([&] { return !runs(*grandchild); });
}

TEST(a_process, keeps_what_was_moved_into_it_until_its_object_goes) {
    struct guard {
        explicit guard(bool& told) : gone(&told) {}
        guard(guard&& other) noexcept : gone(std::exchange(other.gone, nullptr)) {}
        ~guard() {
            if (gone) *gone = true;
        }
        bool* gone;
    };
    bool gone = false;
    {
        process child([](guard const&) { wait_for_ever(); }, guard(gone));
        child.start();
        EXPECT_FALSE(gone);
    }
    EXPECT_TRUE(gone);
}

TEST(a_process, has_an_end_that_the_kernel_may_forget_where_children_are_not_waited_for) {
    auto* const before = std::signal(SIGCHLD, SIG_IGN);
    process child(wait_for_ever);
    child.start();
    child.kill();
    child.join();
    EXPECT_FALSE(child.alive());
    EXPECT_EQ(child.exit_code().value_or(-SIGKILL), -SIGKILL) << "before 6.15 nobody knows";
    std::signal(SIGCHLD, before);
}

// Each ends at once, often before its parent has a descriptor for it.
TEST(a_process, that_is_gone_at_once_where_children_are_not_waited_for_has_ended) {
    auto* const before = std::signal(SIGCHLD, SIG_IGN);
    for (int i = 0; i < 100; ++i) {
        process child([] { _exit(7); });
        child.start();
        child.join();
        EXPECT_FALSE(child.alive());
        EXPECT_EQ(child.exit_code().value_or(7), 7);
    }
    std::signal(SIGCHLD, before);
}

TEST(a_process, is_not_ended_by_a_worker_that_has_a_copy_of_it) {
    static std::optional<process> child(std::in_place, wait_for_ever);
    child->start();
    auto executor = make_executor("processes:1");
    auto const outcomes = executor.try_map([](int code) { std::exit(code); }, std::vector{0});
    EXPECT_EQ(outcomes[0].error().why, cause::worker_died);
    EXPECT_TRUE(child->alive());
    child.reset();
}

TEST(a_process, writes_what_was_buffered_once) {
    testing::internal::CaptureStdout();
    std::fputs("before ", stdout);
    process child([] { std::fputs("child ", stdout); });
    child.start();
    child.join();
    std::fputs("after", stdout);
    EXPECT_EQ(testing::internal::GetCapturedStdout(), "before child after");
}

TEST(a_process, may_be_moved_and_replaced) {
    process child(wait_for_ever);
    child.start();
    pid_t const first = child.pid();
    child = process([] { return 3; });
    EXPECT_EQ(::kill(first, 0), -1);
    process other = std::move(child);
    other.start();
    other.join();
    EXPECT_EQ(other.exit_code(), 3);
}

TEST(a_process, is_started_once_and_before_it_is_used) {
    process child([] {});
    EXPECT_THROW(child.join(), std::logic_error);
    EXPECT_THROW(child.terminate(), std::logic_error);
    child.start();
    EXPECT_THROW(child.start(), std::logic_error);
}

TEST(a_process, may_be_ended_by_another_thread_than_waits) {
    process child(wait_for_ever);
    child.start();
    std::jthread const stopper([&] {
        std::this_thread::sleep_for(5ms);
        child.terminate();
    });
    child.join();
    EXPECT_EQ(child.exit_code(), -SIGTERM);
}

TEST(a_process, may_have_an_executor) {
    if (!conformance::may_fork_beside_threads) GTEST_SKIP() << "the process watches its parent by a thread";
    process child([] {
        auto executor = make_executor("processes:2");
        auto const squares = executor.map([](int n) { return n * n; }, std::vector{1, 2, 3});
        return squares[0] + squares[1] + squares[2];
    });
    child.start();
    child.join();
    EXPECT_EQ(child.exit_code(), 14);
}

}  // namespace
}  // namespace quartet::faults::process_test
