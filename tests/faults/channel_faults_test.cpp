// Channels between processes when processes are killed at any moment: nobody else hangs, no value comes
// twice, and only what a killed process had in its hands is lost.
#include "tests/conformance/models.hpp"
#include "tests/conformance/shared.hpp"
#include "tests/faults/checks.hpp"

#include <quartet/quartet.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

namespace quartet::faults::channel_faults_test {
namespace {

using conformance::sanitized;
using conformance::shared;
using conformance::shared_counter;
using conformance::wait_until;
using namespace std::chrono_literals;

constexpr std::size_t most_values = 4'000'000;

/// What happened to each value, as the processes themselves tell.
struct ledger {
    std::atomic<std::size_t> next{0};
    std::array<std::atomic<unsigned char>, most_values> offered{};
    std::array<std::atomic<unsigned char>, most_values> sent{};
    std::array<std::atomic<unsigned char>, most_values> received{};
};

using text = std::string;  // of changing sizes, beginning with the number

text text_of(std::size_t number) {
    return std::to_string(number) + text(1 + number % 50, ' ');
}

void produce(channel<text>& to, ledger& book) {
    for (std::size_t number; (number = book.next++) < most_values;) {
        book.offered[number] = 1;
        try {
            to.send(text_of(number));
        } catch (channel_closed const&) {
            return;
        }
        book.sent[number] = 1;
    }
}

void consume(channel<text>& from, ledger& book) {
    while (auto const value = from.receive())
        ++book.received[std::stoul(*value)];
}

void consume_on_a_loop(channel<text>& from, ledger& book) {
    auto const body = [&from, &book](context& ctx, int) -> task<void> {
        while (auto const value = co_await from.receive(ctx))
            ++book.received[std::stoul(*value)];
    };
    make_executor("async").map(body, std::vector<int>(3));
}

struct counts {
    std::size_t sent = 0, received = 0, lost = 0;
};

/// Once all have ended and the channel is drained.
counts check(ledger const& book) {
    counts found;
    for (std::size_t number = 0; number < std::min<std::size_t>(book.next, most_values); ++number) {
        found.sent += book.sent[number];
        found.received += book.received[number];
        found.lost += book.sent[number] && !book.received[number];
        EXPECT_LE(book.received[number], 1) << number << " came twice";
        EXPECT_LE(book.received[number], book.offered[number]) << number << " came from nowhere";
    }
    return found;
}

class kills : public testing::TestWithParam<void (*)(channel<text>&, ledger&)> {};
INSTANTIATE_TEST_SUITE_P(consumers, kills, testing::Values(&consume, &consume_on_a_loop),
                         [](auto const& each) { return each.param == &consume ? "blocking" : "on_a_loop"; });

TEST_P(kills, at_random_moments_cost_what_was_in_hand) {
    // A small channel keeps both sides waiting, a larger one keeps them busy.
    for (std::size_t const capacity : {1u, 5u, 200u}) {
        auto const book = std::make_unique<shared<ledger>>();
        channel<text> values(capacity, between_processes{.bytes = 4000});
        auto const start = [&](bool producer) {
            auto child = producer ? std::make_unique<process>([&] { produce(values, **book); })
                                  : std::make_unique<process>([&] { GetParam()(values, **book); });
            child->start();
            return child;
        };
        std::vector<std::unique_ptr<process>> running;
        for (bool const producer : {true, true, false, false, false})
            running.push_back(start(producer));

        std::mt19937 random(static_cast<unsigned>(capacity));
        std::size_t killed_consumers = 0;
        int const rounds = sanitized ? 30 : 150;
        for (int round = 0; round < rounds; ++round) {
            std::this_thread::sleep_for(std::chrono::microseconds(random() % 3000));
            std::size_t const victim = random() % running.size();
            running[victim]->kill();
            running[victim]->join();
            killed_consumers += victim >= 2;
            running[victim] = start(victim < 2);
        }
        // The others go on: some hundred more values come through.
        std::size_t const reached = (*book)->next;
        wait_until([&] { return (*book)->next > std::min(reached + 500, most_values - 1); });
        values.close();
        for (auto& each : running) {
            EXPECT_TRUE(each->join_for(200s)) << "hangs";
            EXPECT_EQ(each->exit_code(), 0);
        }
        consume(values, **book);
        auto const found = check(**book);
        EXPECT_GT(found.received, 500u);
        EXPECT_LE(found.lost, killed_consumers * 3);  // three bodies of a loop may have one each
    }
}

TEST(kills_of_workers, leave_the_others_their_values) {
    channel<int> values(4, between_processes{});
    auto executor = make_executor("processes:3");
    std::jthread const producer([&] {
        for (int number = 0; number < 3000; ++number)
            values.send(number);
        values.close();
    });
    auto const body = [&values](context& ctx, int task) -> quartet::task<int> {
        int got = 0;
        while (co_await values.receive(ctx)) {
            if (++got == 100 && task % 3 == 0) std::raise(SIGKILL);
        }
        co_return got;
    };
    int received = 0;
    int killed = 0;
    for (auto const& each : executor.try_map(body, std::vector{0, 1, 2, 3, 4, 5, 6})) {
        if (each) {
            received += *each;
        } else {
            EXPECT_EQ(each.error().signal, SIGKILL);
            ++killed;
        }
    }
    EXPECT_EQ(received + killed * 100, 3000);
}

TEST(kills_of_workers, while_they_hold_the_lock_are_survived) {
    // A worker that is killed the more often within a send the longer a send takes.
    struct heavy {
        std::array<char, 1 << 20> bytes{};
    };
    auto const values = std::make_unique<channel<heavy>>(2, between_processes{});
    auto const value = std::make_unique<heavy>();
    for (int round = 0; round < 40; ++round) {
        process sender([&] {
            for (;;) {
                values->try_send(*value);
                values->try_receive();
            }
        });
        sender.start();
        std::this_thread::sleep_for(std::chrono::microseconds(1000 + round * 137));
        sender.kill();
        sender.join();
        while (values->try_receive()) {
        }
        values->send(*value);
        EXPECT_EQ(values->size(), 1u);
        EXPECT_TRUE(values->receive_for(100s));
    }
}

std::string message_of(executor& how, auto const& body) {
    auto const outcome = how.try_map(body, std::vector{0}).front();
    return outcome ? "nothing was wrong" : outcome.error().message;
}

TEST(unreachable_channels, are_an_error_when_made_after_the_workers) {
    std::unique_ptr<channel<int>> late;
    auto executor = make_executor("processes:1");
    late = std::make_unique<channel<int>>(1, between_processes{});
    auto const wait = [c = late.get()](context& ctx, int) -> task<void> { co_await c->receive(ctx); };
    EXPECT_THAT(message_of(executor, wait), testing::HasSubstr("was made after the process that uses it"));
    auto const look = [c = late.get()](int) { c->try_receive(); };
    EXPECT_THAT(message_of(executor, look), testing::HasSubstr("was made after the process that uses it"));
}

TEST(unreachable_channels, are_an_error_when_they_are_of_one_process) {
    channel<int> within(1);
    auto executor = make_executor("processes:1");
    auto const body = [c = &within](context& ctx, int) -> task<void> { co_await c->send(ctx, 1); };
    EXPECT_THAT(message_of(executor, body), testing::HasSubstr("belongs to another process"));
    // A worker may have channels of its own.
    auto const own = [](context& ctx, int n) -> task<int> {
        channel<int> mine(1);
        co_await mine.send(ctx, n);
        co_return *mine.receive();
    };
    EXPECT_EQ(executor.map(own, std::vector{5}), std::vector{5});
}

TEST(channels_that_go, let_those_go_who_wait_in_other_processes) {
    shared_counter begun;
    auto values = std::make_unique<channel<int>>(1, between_processes{});
    process waiting([&] {
        ++*begun;
        return values->receive() ? 1 : 7;
    });
    waiting.start();
    wait_until([&] { return *begun > 0; });
    std::this_thread::sleep_for(10ms);
    values.reset();
    EXPECT_TRUE(waiting.join_for(200s));
    EXPECT_EQ(waiting.exit_code(), 7);
}

TEST(channels_that_go, are_not_taken_along_by_copies) {
    channel<int> values(3, between_processes{});
    process child([&] { std::destroy_at(&values); });
    child.start();
    child.join();
    values.send(1);
    EXPECT_EQ(values.receive(), 1);
}

TEST(channels_that_go, give_their_descriptors_back) {
    auto const before = open_descriptors();
    for (int round = 0; round < 10; ++round) {
        channel<int> values(3, between_processes{});
        auto const body = [c = &values](context& ctx, int n) -> task<void> {
            if (n == 0) {
                co_await c->receive(ctx);
            } else {
                co_await c->send(ctx, n);
            }
        };
        make_executor("async").map(body, std::vector{0, 1});
    }
    EXPECT_EQ(open_descriptors(), before);
}

}  // namespace
}  // namespace quartet::faults::channel_faults_test
