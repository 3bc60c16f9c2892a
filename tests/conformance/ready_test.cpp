// Waiting for descriptors, under every model: pipes, sockets, files; one body and thousands at one
// descriptor; what is closed, bad, or never ready.
#include "tests/conformance/models.hpp"
#include "tests/conformance/shared.hpp"

#include <quartet/quartet.hpp>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <fcntl.h>
#include <limits>
#include <memory>
#include <numeric>
#include <random>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace quartet::conformance::ready_test {
namespace {

using namespace std::chrono_literals;

/// Two ends, which do not block.
class ends {
public:
    static ends of_pipe() {
        std::array<int, 2> both{};
        if (pipe2(both.data(), O_CLOEXEC | O_NONBLOCK) != 0) throw std::runtime_error("no pipe");
        return ends(both);
    }
    static ends of_sockets() {
        std::array<int, 2> both{};
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, both.data()) != 0)
            throw std::runtime_error("no sockets");
        return ends(both);
    }
    ends(ends&& other) noexcept : both_(std::exchange(other.both_, {-1, -1})) {}
    ends& operator=(ends&&) = delete;
    ~ends() {
        close_end(0);
        close_end(1);
    }

    int out() const { return both_[0]; }  ///< to read from
    int in() const { return both_[1]; }   ///< to write to
    void close_end(std::size_t which) {
        if (both_[which] >= 0) ::close(std::exchange(both_[which], -1));
    }
    /// Gives an end a high number, which no other open(2) of this process comes to once it is closed.
    void move_to_high_number(std::size_t which) {
        int const high = fcntl(both_[which], F_DUPFD_CLOEXEC, 900);
        if (high < 0) throw std::runtime_error("no high number");
        ::close(std::exchange(both_[which], high));
    }
    /// Not by close(2): ThreadSanitizer takes one during a wait for a race, which is what is tried here.
    void close_while_waited_for(std::size_t which) { syscall(SYS_close, std::exchange(both_[which], -1)); }

private:
    explicit ends(std::array<int, 2> both) : both_(both) {}
    std::array<int, 2> both_;
};

void put(int descriptor, char what = 'x') {
    if (::write(descriptor, &what, 1) != 1) throw std::runtime_error("it can't be written to");
}

/// 0 if there is nothing to read.
char take(int descriptor) {
    char what = 0;
    return ::read(descriptor, &what, 1) == 1 ? what : '\0';
}

void fill(int descriptor) {
    std::string const much(4096, 'x');
    while (::write(descriptor, much.data(), much.size()) > 0) {
    }
}

void drain(int descriptor) {
    std::string room(4096, ' ');
    while (::read(descriptor, room.data(), room.size()) > 0) {
    }
}

int words_of(readiness holds) {
    return (holds & readable ? 1 : 0) + (holds & writable ? 2 : 0);
}

class a_descriptor : public any_model {};
QUARTET_SUITE(a_descriptor, all_rows());

TEST_P(a_descriptor, that_is_ready_is_told_at_once) {
    auto const body = [](context& ctx, int n) -> task<int> {
        auto const pipe = n == 0 ? ends::of_pipe() : ends::of_sockets();
        put(pipe.in());
        auto const out = co_await ctx.ready(pipe.out(), readable);
        auto const in = co_await ctx.ready(pipe.in(), readable | writable);
        co_return 10 * words_of(out) + words_of(in);
    };
    EXPECT_EQ(make().map(body, std::vector{0, 1}), (std::vector{12, 12}));
}

TEST_P(a_descriptor, is_waited_for) {
    auto const body = [](context& ctx, int n) -> task<char> {
        auto const pipe = n % 2 ? ends::of_pipe() : ends::of_sockets();
        std::jthread const writer([&pipe, n] {
            std::this_thread::sleep_for(1ms);  // so that most wait
            put(pipe.in(), static_cast<char>('a' + n));
        });
        co_await ctx.ready(pipe.out(), readable);
        co_return take(pipe.out());
    };
    EXPECT_EQ(make().map(body, std::vector{0, 1, 2, 3}), (std::vector{'a', 'b', 'c', 'd'}));
}

TEST_P(a_descriptor, that_a_worker_inherits_is_waited_for) {
    std::vector<ends> pipes;
    std::vector<std::pair<int, int>> inputs;  // what comes, and from where
    for (int n = 0; n < 5; ++n) {
        pipes.push_back(ends::of_pipe());
        inputs.emplace_back('a' + n, pipes.back().out());
    }
    auto executor = make();
    std::jthread const writer([&] {
        for (auto const& pipe : pipes) {
            std::this_thread::sleep_for(1ms);
            put(pipe.in(), static_cast<char>('a' + (&pipe - pipes.data())));
        }
    });
    auto const body = [](context& ctx, std::pair<int, int> what) -> task<bool> {
        co_await ctx.ready(what.second, readable);
        co_return take(what.second) == what.first;
    };
    EXPECT_EQ(executor.map(body, inputs), std::vector<bool>(5, true));
}

TEST_P(a_descriptor, is_told_by_its_direction) {
    auto const body = [](context& ctx, int) -> task<std::vector<int>> {
        auto const pair = ends::of_sockets();
        std::vector<int> told;
        fill(pair.out());
        std::jthread const first([&pair] {
            std::this_thread::sleep_for(1ms);
            put(pair.in());
        });
        told.push_back(words_of(co_await ctx.ready(pair.out(), readable | writable)));
        std::jthread const second([&pair] {
            std::this_thread::sleep_for(1ms);
            drain(pair.in());
        });
        told.push_back(words_of(co_await ctx.ready(pair.out(), writable)));
        told.push_back(words_of(co_await ctx.ready(pair.out(), readable | writable)));
        co_return told;
    };
    std::vector<int> const expected{1, 2, 3};
    EXPECT_EQ(make().map(body, std::vector{1, 2}), (std::vector{expected, expected}));
}

TEST_P(a_descriptor, whose_other_side_hangs_up_is_ready) {
    auto const body = [](context& ctx, int n) -> task<int> {
        auto pair = n < 2 ? ends::of_pipe() : ends::of_sockets();
        auto const left = static_cast<std::size_t>(n % 2);  // the end that stays
        int const stays = left ? pair.in() : pair.out();
        if (left) fill(pair.in());
        std::jthread const closer([&pair, left] {
            std::this_thread::sleep_for(1ms);
            pair.close_end(1 - left);
        });
        co_return words_of(co_await ctx.ready(stays, left ? writable : readable));
    };
    EXPECT_EQ(make().map(body, std::vector{0, 1, 2, 3}), (std::vector{1, 2, 1, 2}));
}

TEST_P(a_descriptor, that_is_none_is_the_systems_error) {
    auto const body = [](context& ctx, int descriptor) -> task<int> {
        co_await ctx.ready(descriptor, readable);
        co_return 0;
    };
    for (auto const& each : make().try_map(body, std::vector{-1, 987'654, std::numeric_limits<int>::max()})) {
        ASSERT_FALSE(each.has_value());
        try {
            each.value();
        } catch (std::system_error const& why) {
            EXPECT_EQ(why.code().value(), EBADF);
        }
    }
    auto const outcomes = make().try_map(body, std::vector{987'654});
    EXPECT_EQ(outcomes[0].error().message, "cannot wait for descriptor 987654: Bad file descriptor");
}

TEST_P(a_descriptor, of_a_file_is_always_ready) {
    temporary_folder const folder;
    auto const body = [](context& ctx, std::string path) -> task<int> {
        int const file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        auto const holds = co_await ctx.ready(file, readable | writable);
        ::close(file);
        int const device = ::open("/dev/null", O_RDWR | O_CLOEXEC);
        auto const of_device = co_await ctx.ready(device, readable | writable);
        ::close(device);
        co_return words_of(holds & of_device);
    };
    EXPECT_EQ(make().map(body, std::vector{folder / "one", folder / "two"}), (std::vector{3, 3}));
}

TEST_P(a_descriptor, is_waited_for_to_be_something) {
    auto const body = [](context& ctx, int) -> task<int> {
        co_await ctx.ready(0, readable & writable);
        co_return 0;
    };
    auto const outcomes = make().try_map(body, std::vector{1});
    ASSERT_FALSE(outcomes[0].has_value());
    EXPECT_NE(outcomes[0].error().message.find("not for nothing"), std::string::npos);
}

TEST_P(a_descriptor, may_be_waited_for_again_after_a_limit) {
    auto const body = [](context& ctx, int) -> task<int> {
        auto const pipe = ends::of_pipe();
        int ended = 0;
        for (int i = 0; i < 3; ++i) {
            try {
                co_await ctx.with_timeout(5ms, ctx.ready(pipe.out(), readable));
            } catch (timed_out const&) {
                ++ended;
            }
        }
        put(pipe.in());
        auto const holds = co_await ctx.with_timeout(1h, ctx.ready(pipe.out(), readable));
        co_return 10 * ended + words_of(holds);
    };
    EXPECT_EQ(make().map(body, std::vector{1, 2}), (std::vector{31, 31}));
}

TEST_P(a_descriptor, that_is_never_ready_is_left_at_a_stop) {
    if (!GetParam().real_io) return;  // a fake ends what never ends
    auto const body = [](context& ctx, unsigned) -> task<int> {
        auto const pipe = ends::of_pipe();
        co_await ctx.ready(pipe.out(), readable);
        co_return 0;
    };
    auto executor = make();
    std::mt19937 random(1);
    for (int round = 0; round < 5; ++round) {
        std::stop_source stop;
        std::jthread const stopper([&stop, wait = std::chrono::microseconds(random() % 5'000)] {
            std::this_thread::sleep_for(wait);
            stop.request_stop();
        });
        for (auto const& each :
             executor.try_map(body, std::vector{1u, 2u, 3u, 4u, 5u}, {.stop = stop.get_token()})) {
            ASSERT_FALSE(each.has_value());
            EXPECT_TRUE(each.error().why == cause::cancelled || may_be_taken_along(GetParam(), each.error()))
                << each.error().message;
        }
    }
}

TEST_P(a_descriptor, races_with_its_time_limit) {
    if (!GetParam().real_io) return;  // there the pipe always wins
    auto const body = [](context& ctx, int n) -> task<bool> {
        auto const pipe = ends::of_pipe();
        std::jthread const writer([&pipe, n] {
            std::this_thread::sleep_for(std::chrono::microseconds(900 + 10 * (n % 20)));
            put(pipe.in());
        });
        try {
            co_return (co_await ctx.with_timeout(1ms, ctx.ready(pipe.out(), readable))) == readable;
        } catch (timed_out const&) {
            co_return true;
        }
    };
    EXPECT_EQ(make().map(body, std::views::iota(0, 60)), std::vector<bool>(60, true));
}

TEST_P(a_descriptor, that_is_closed_meanwhile_does_not_hang) {
    if (GetParam().name.starts_with("async_each_") || GetParam().name == "fake_each")
        return;  // as the others
    auto const body = [](context& ctx, int) -> task<int> {
        auto pipe = ends::of_pipe();
        pipe.move_to_high_number(0);
        int const out = pipe.out();
        std::jthread const closer([&pipe] {
            std::this_thread::sleep_for(5ms);  // so that most wait
            pipe.close_while_waited_for(0);
        });
        try {
            co_await ctx.ready(out, readable);
        } catch (std::system_error const& why) {
            co_return why.code().value();
        }
        co_return 0;
    };
    EXPECT_EQ(make().map(body, std::vector{1}), std::vector{EBADF});
}

class descriptors_on_one_loop : public any_model {};
QUARTET_SUITE(descriptors_on_one_loop, rows_that_interleave());

TEST_P(descriptors_on_one_loop, wake_bodies_that_play_ping_pong) {
    auto const there = ends::of_pipe();
    auto const back = ends::of_pipe();
    auto const body = [there = &there, back = &back](context& ctx, int who) -> task<int> {
        ends const& from = who == 0 ? *back : *there;
        ends const& to = who == 0 ? *there : *back;
        int rounds = 0;
        if (who == 0) put(to.in());
        while (rounds < 1000) {
            co_await ctx.ready(from.out(), readable);
            if (take(from.out()) == '\0') co_return -1;
            ++rounds;
            if (who == 1 || rounds < 1000) put(to.in());
        }
        co_return rounds;
    };
    EXPECT_EQ(make().map(body, std::vector{0, 1}), (std::vector{1000, 1000}));
}

TEST_P(descriptors_on_one_loop, wake_one_who_has_waited_since_before_a_long_game) {
    auto const there = ends::of_pipe();
    auto const back = ends::of_pipe();
    auto const end = ends::of_pipe();
    auto const play = [&](context& ctx, ends const& from, ends const& to) -> task<void> {
        for (int pass = 0; pass < 1000; ++pass) {
            co_await ctx.ready(from.out(), readable);
            take(from.out());
            put(to.in());
        }
    };
    auto const body = [&](context& ctx, int who) -> task<int> {
        if (who == 0) {
            co_await ctx.ready(end.out(), readable);
            co_return take(end.out());
        }
        co_await ctx.sleep_for(1ms);  // the loop has waited, so the system knows of the first wait
        if (who == 1) put(there.in());
        co_await play(ctx, who == 1 ? back : there, who == 1 ? there : back);
        if (who == 2) put(end.in(), 'e');
        co_return who;
    };
    EXPECT_EQ(make().map(body, std::vector{0, 1, 2}), (std::vector{int{'e'}, 1, 2}));
}

TEST_P(descriptors_on_one_loop, wake_each_who_waits_while_they_hold) {
    auto const pipe = ends::of_pipe();
    auto const body = [pipe = &pipe](context& ctx, int who) -> task<int> {
        if (who == 5) {
            for (int i = 0; i < 500; ++i) {
                for (int bytes = i % 4; bytes >= 0; --bytes)
                    put(pipe->in());
                if (i % 3 == 0) co_await ctx.yield();
            }
            for (int reader = 0; reader < 5; ++reader)
                put(pipe->in(), 'e');
            co_return 0;
        }
        int taken = 0;
        for (;;) {
            if (co_await ctx.ready(pipe->out(), readable) != readable) co_return -1'000'000;
            char const what = take(pipe->out());
            if (what == '\0') co_return -2'000'000;  // it did not hold
            if (what == 'e') co_return taken;
            ++taken;
        }
    };
    auto const taken = make().map(body, std::vector{0, 1, 2, 3, 4, 5});
    EXPECT_EQ(std::accumulate(taken.begin(), taken.end(), 0), 1250);
}

TEST_P(descriptors_on_one_loop, wake_readers_and_writers_each_by_what_they_wait_for) {
    auto const pair = ends::of_sockets();
    fill(pair.out());
    std::vector<std::string> order;
    auto const body = [pair = &pair, to = &order](context& ctx, int who) -> task<int> {
        if (who == 0) {
            co_await ctx.ready(pair->out(), readable);
            to->push_back("reader");
        } else if (who == 1) {
            co_await ctx.ready(pair->out(), writable);
            to->push_back("writer");
        } else {
            put(pair->in());
            while (to->empty())
                co_await ctx.yield();
            to->push_back("drain");
            drain(pair->in());
        }
        co_return 0;
    };
    make().map(body, std::vector{0, 1, 2});
    EXPECT_EQ(order, (std::vector<std::string>{"reader", "drain", "writer"}));
}

TEST_P(descriptors_on_one_loop, that_are_always_ready_let_others_run) {
    auto const pipe = ends::of_pipe();
    put(pipe.in());
    bool over = false;
    auto const body = [pipe = &pipe, over = &over](context& ctx, int who) -> task<int> {
        if (who == 1) {
            co_await ctx.sleep_for(GetParam().real_io ? 1ms : 0ms);
            *over = true;
        }
        while (!*over)
            co_await ctx.ready(pipe->out(), readable);
        co_return who;
    };
    EXPECT_EQ(make().map(body, std::vector{0, 1}), (std::vector{0, 1}));
}

TEST_P(descriptors_on_one_loop, may_be_left_by_one_and_waited_for_by_another) {
    auto const pipe = ends::of_pipe();
    auto const body = [pipe = &pipe](context& ctx, int who) -> task<int> {
        if (who == 2) {
            co_await ctx.sleep_for(20ms);
            put(pipe->in());
            co_return 0;
        }
        if (who == 1) {
            co_await ctx.ready(pipe->out(), readable);
            co_return 1;
        }
        auto const first = co_await when_any(ctx.sleep_for(1ms), ctx.ready(pipe->out(), readable));
        co_return static_cast<int>(first.index());
    };
    auto const told = make().map(body, std::vector{0, 1, 2});
    EXPECT_EQ(told[1], 1);
    if (GetParam().real_io) {
        EXPECT_EQ(told[0], 0);
    }
}

TEST_P(descriptors_on_one_loop, that_mean_another_file_do_not_wake_who_waited_for_the_one_before) {
    if (!GetParam().real_io) return;  // a fake asks for the number only
    auto old_pipe = ends::of_pipe();
    auto const new_pipe = ends::of_pipe();
    int const number = old_pipe.out();
    auto const body = [number, fresh = &new_pipe](context& ctx, int who) -> task<int> {
        if (who == 1) {
            // The loop has had nothing to do by then, so the other's wait is known to the system.
            for (int i = 0; i < 3; ++i)
                co_await ctx.sleep_for(1ms);
            if (dup2(fresh->out(), number) != number) co_return -1;
            put(fresh->in());
            std::jthread writer;  // after the wait has begun: it was readable, and is taken
            take(number);
            writer = std::jthread([fresh] { put(fresh->in(), 'n'); });
            co_await ctx.ready(number, readable);
            co_return take(number);
        }
        try {
            co_await ctx.ready(number, readable);
        } catch (std::system_error const& why) {
            co_return why.code().value();
        }
        co_return 0;
    };
    EXPECT_EQ(make().map(body, std::vector{0, 1}), (std::vector{EBADF, int{'n'}}));
}

TEST(descriptors, wake_thousands_who_wait_for_one) {
    auto const pipe = ends::of_pipe();
    auto executor = make_executor("async:each");
    int waiting = 0;
    auto const body = [pipe = &pipe, waiting = &waiting](context& ctx, int n) -> task<int> {
        if (n == 0) {
            while (*waiting < 5000)
                co_await ctx.yield();
            put(pipe->in());
            co_return 1;
        }
        ++*waiting;
        co_return words_of(co_await ctx.ready(pipe->out(), readable));
    };
    EXPECT_EQ(executor.map(body, std::views::iota(0, 5001)), std::vector<int>(5001, 1));
}

TEST(descriptors, are_watched_by_the_hundred) {
    std::vector<ends> pipes;
    while (pipes.size() < 300)
        pipes.push_back(ends::of_pipe());
    auto executor = make_executor("async:each");
    auto const body = [pipes = &pipes](context& ctx, std::size_t n) -> task<int> {
        std::size_t const count = pipes->size();
        if (n == 0) put(pipes->back().in());
        for (int rounds = 0; rounds < 20; ++rounds) {
            co_await ctx.ready((*pipes)[(n + count - 1) % count].out(), readable);
            if (take((*pipes)[(n + count - 1) % count].out()) == '\0') co_return -1;
            put((*pipes)[n].in());
        }
        co_return 1;
    };
    std::vector<std::size_t> all(pipes.size());
    std::iota(all.begin(), all.end(), std::size_t{0});
    EXPECT_EQ(executor.map(body, all), std::vector<int>(pipes.size(), 1));
}

}  // namespace
}  // namespace quartet::conformance::ready_test
