// A process is killed after every so many instructions of a send or a receive, while another one sleeps that
// waits for just that. Whatever was done, the sleeper must not sleep beside a value, or beside room.
#include "tests/conformance/models.hpp"
#include "tests/conformance/shared.hpp"

#include <quartet/quartet.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <fstream>
#include <ostream>
#include <string>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace quartet::faults {
namespace {

using conformance::wait_until;
using namespace std::chrono_literals;

using numbers = channel<int>;

void receive_blocking(numbers& from) {
    while (from.receive()) {
    }
}
void receive_on_a_loop(numbers& from) {
    auto const body = [&from](context& ctx, int) -> task<void> {
        while (co_await from.receive(ctx)) {
        }
    };
    make_executor("async").map(body, std::vector{0});
}
void send_blocking(numbers& to) {
    try {
        for (;;)
            to.send(1);
    } catch (channel_closed const&) {
    }
}
void send_on_a_loop(numbers& to) {
    auto const body = [&to](context& ctx, int) -> task<void> {
        try {
            for (;;)
                co_await to.send(ctx, 1);
        } catch (channel_closed const&) {
        }
    };
    make_executor("async").map(body, std::vector{0});
}

struct duel {
    char const* name;
    void (*sleeper)(numbers&);
    void (*victim)(numbers&);
    std::size_t at_rest;  ///< the size of the channel when the sleeper sleeps

    friend void PrintTo(duel const& each, std::ostream* out) { *out << each.name; }
};

duel const duels[] = {
    {"sender_and_thread", receive_blocking, [](numbers& to) { to.send(1); }, 0},
    {"sender_and_loop", receive_on_a_loop, [](numbers& to) { to.send(1); }, 0},
    {"receiver_and_thread", send_blocking, [](numbers& from) { from.receive(); }, 1},
    {"receiver_and_loop", send_on_a_loop, [](numbers& from) { from.receive(); }, 1},
};

bool sleeps(pid_t process) {
    std::ifstream file("/proc/" + std::to_string(process) + "/stat");
    std::string text;
    std::getline(file, text);
    auto const after_name = text.rfind(')');
    return after_name != text.npos && text[after_name + 2] == 'S';
}

/// Runs `victim` in a process that is killed after so many instructions; how many it made, 0 if it may not be
/// traced.
std::size_t run_steps(numbers& with, void (*victim)(numbers&), std::size_t most) {
    pid_t const traced = fork();
    if (traced == 0) {
        if (ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) _exit(1);
        static_cast<void>(with.size());  // so that what is done once has been done
        raise(SIGSTOP);
        victim(with);
        _exit(0);
    }
    std::size_t steps = 0;
    int status = 0;
    while (waitpid(traced, &status, 0) == traced && WIFSTOPPED(status) && steps < most) {
        ptrace(PTRACE_SINGLESTEP, traced, nullptr, nullptr);
        ++steps;
    }
    if (WIFSTOPPED(status)) {
        kill(traced, SIGKILL);
        waitpid(traced, &status, 0);
    }
    return steps;
}

class steps : public testing::TestWithParam<duel> {};
INSTANTIATE_TEST_SUITE_P(channels, steps, testing::ValuesIn(duels),
                         [](auto const& each) { return each.param.name; });

TEST_P(steps, of_one_that_is_killed_leave_nobody_asleep) {
    constexpr std::size_t kills = conformance::sanitized ? 50 : 400;
    numbers with(1, between_processes{});
    process sleeper([&] { GetParam().sleeper(with); });
    sleeper.start();
    auto const at_rest = [&] { return sleeps(sleeper.pid()) && with.size() == GetParam().at_rest; };
    auto const come_to_rest = [&] {
        auto const until = std::chrono::steady_clock::now() + 100s;
        while (!at_rest() && std::chrono::steady_clock::now() < until)
            std::this_thread::yield();
        return at_rest();
    };
    ASSERT_TRUE(come_to_rest());
    std::size_t const all = run_steps(with, GetParam().victim, ~std::size_t{0});
    if (all == 0) GTEST_SKIP() << "processes can't be traced here";
    RecordProperty("instructions", std::to_string(all));
    std::size_t const stride = std::max<std::size_t>(all / kills, 1);
    for (std::size_t most = 1; most < all; most += stride) {
        ASSERT_TRUE(come_to_rest()) << "after a kill before instruction " << most << " of " << all;
        run_steps(with, GetParam().victim, most);
    }
    EXPECT_TRUE(come_to_rest());
    with.close();
    EXPECT_TRUE(sleeper.join_for(60s));
    EXPECT_EQ(sleeper.exit_code(), 0);
}

}  // namespace
}  // namespace quartet::faults
