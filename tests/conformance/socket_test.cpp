// Sockets under every model, over loopback: both ends in one body, in two, or one in a thread of the test;
// and peers that close, reset, trickle and never read.
#include "tests/conformance/models.hpp"
#include "tests/conformance/shared.hpp"

#include <quartet/quartet.hpp>

#include <gmock/gmock.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <numeric>
#include <optional>
#include <random>
#include <ranges>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <string_view>
#include <sys/resource.h>
#include <sys/socket.h>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace quartet::conformance::socket_test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::StartsWith;

struct ends {
    connection near;
    connection far;
};

task<ends> over_tcp(context& ctx) {
    auto door = co_await ctx.listen("127.0.0.1", 0);
    auto near = co_await ctx.connect("127.0.0.1", door.port());
    auto far = co_await door.accept(ctx);
    co_return ends{std::move(near), std::move(far.value())};
}

task<ends> over_unix(context& ctx) {
    temporary_folder const folder;
    listener door(unix_path{folder / "door"});
    auto near = co_await ctx.connect(unix_path{folder / "door"});
    auto far = co_await door.accept(ctx);
    co_return ends{std::move(near), std::move(far.value())};
}

task<ends> pair_of(context& ctx, int kind) {
    return kind % 2 ? over_unix(ctx) : over_tcp(ctx);
}

/// Closes it so that the other side reads a reset.
void reset(connection& ended) {
    linger const at_once{.l_onoff = 1, .l_linger = 0};
    setsockopt(ended.native(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    ended.close();
}

std::string pattern(std::size_t length) {
    std::string text(length, ' ');
    for (std::size_t i = 0; i < length; ++i)
        text[i] = static_cast<char>('a' + (i * 7 + i / 251) % 26);
    return text;
}

/// What comes at a descriptor of a connection until its end, by a thread of the test.
std::string read_all(int descriptor) {
    std::string all;
    std::array<char, 4096> room{};
    for (;;) {
        auto const count = ::recv(descriptor, room.data(), room.size(), 0);
        if (count > 0) {
            all.append(room.data(), static_cast<std::size_t>(count));
        } else if (count < 0 && errno == EAGAIN) {
            std::this_thread::sleep_for(100us);
        } else {
            return all;
        }
    }
}

class a_connection : public any_model {};
QUARTET_SUITE(a_connection, all_rows());

TEST_P(a_connection, carries_bytes_both_ways) {
    auto const body = [](context& ctx, int kind) -> task<std::string> {
        auto [near, far] = co_await pair_of(ctx, kind);
        co_await near.write(ctx, "hello ");
        co_await near.write(ctx, std::array<std::string_view, 3>{"wor", "", "ld"});
        auto const there = co_await far.read_exactly(ctx, 11);
        co_await far.write(ctx, there);
        std::array<char, 5> first{};
        auto const count = co_await near.read_some(ctx, first);
        auto const rest = co_await near.read_some(ctx);
        co_return std::string(first.data(), count) + rest;
    };
    std::string const expected = "hello world";
    EXPECT_EQ(make().map(body, std::vector{0, 1}), (std::vector{expected, expected}));
}

TEST_P(a_connection, knows_where_it_is) {
    auto const body = [](context& ctx, int kind) -> task<bool> {
        auto [near, far] = co_await pair_of(ctx, kind);
        bool const counts = near.bytes_written() == 0 && near.bytes_read() == 0;
        co_return counts&& near.remote() == far.local() && near.remote().text() != "no address" &&
            (kind % 2 || near.local() == far.remote());
    };
    EXPECT_EQ(make().map(body, std::vector{0, 1}), (std::vector{true, true}));
}

TEST_P(a_connection, is_read_line_by_line) {
    auto const body = [](context& ctx, int kind) -> task<std::string> {
        auto [near, far] = co_await pair_of(ctx, kind);
        std::string got;
        co_await near.write(ctx, "one\r\ntwo\r");
        got += co_await far.read_until(ctx, "\r\n") == "one\r\n" ? "1" : "-";
        co_await near.write(ctx, "\nthree\r\nfour");
        got += co_await far.read_until(ctx, "\r\n") == "two\r\n" ? "2" : "-";
        try {
            co_await far.read_until(ctx, "\r\n", 4);
        } catch (std::length_error const&) {
            got += "l";
        }
        got += co_await far.read_until(ctx, "\r\n", 7) == "three\r\n" ? "3" : "-";
        near.finish();
        try {
            co_await far.read_until(ctx, "\r\n");
        } catch (connection_ended const& why) {
            got += std::to_string(why.received());
        }
        got += co_await far.read_some(ctx);
        got += co_await far.read_until(ctx, "\r\n") ? "?" : ".";
        co_return got;
    };
    EXPECT_EQ(make().map(body, std::vector{0, 1}), (std::vector<std::string>{"12l34four.", "12l34four."}));
}

TEST_P(a_connection, that_ends_too_early_tells_how_much_came_and_keeps_it) {
    auto const body = [](context& ctx, int kind) -> task<std::string> {
        auto [near, far] = co_await pair_of(ctx, kind);
        co_await near.write(ctx, "abc");
        near.close();
        std::string told;
        try {
            co_await far.read_exactly(ctx, 10);
        } catch (connection_ended const& why) {
            told = std::to_string(why.received()) +
                   (std::string(why.what()).ends_with("after 3 of 10 bytes") ? "" : "?");
        }
        for (std::size_t const most : {2u, 100u, 100u})
            told += co_await far.read_some(ctx, most) + ",";
        co_return told;
    };
    EXPECT_EQ(make().map(body, std::vector{0, 1}), (std::vector<std::string>{"3ab,c,,", "3ab,c,,"}));
}

TEST_P(a_connection, is_ended_one_way_and_goes_on_the_other) {
    auto const body = [](context& ctx, int kind) -> task<std::string> {
        auto [near, far] = co_await pair_of(ctx, kind);
        co_await near.write(ctx, "question");
        near.finish();
        auto const question = co_await far.read_to_end(ctx);
        co_await far.write(ctx, question + " and answer");
        far.close();
        co_return co_await near.read_to_end(ctx);
    };
    std::string const expected = "question and answer";
    EXPECT_EQ(make().map(body, std::vector{0, 1}), (std::vector{expected, expected}));
}

TEST_P(a_connection, is_read_to_the_end_within_a_limit) {
    auto const body = [](context& ctx, int kind) -> task<std::string> {
        auto [near, far] = co_await pair_of(ctx, kind);
        co_await near.write(ctx, "0123456789");
        near.finish();
        bool refused = false;
        try {
            co_await far.read_to_end(ctx, 9);
        } catch (std::length_error const&) {
            refused = true;
        }
        if (!refused) co_return "no limit";
        co_return co_await far.read_to_end(ctx, 10);
    };
    EXPECT_EQ(make().map(body, std::vector{0, 1}), (std::vector<std::string>{"0123456789", "0123456789"}));
}

TEST_P(a_connection, that_is_reset_is_an_error_and_no_signal) {
    auto const body = [](context& ctx, int) -> task<std::string> {
        auto [near, far] = co_await over_tcp(ctx);
        reset(near);
        std::string told;
        try {
            co_await far.read_some(ctx);
        } catch (std::system_error const& why) {
            told = why.what();
        }
        bool refused = false;
        try {
            for (int i = 0; i < 3; ++i)
                co_await far.write(ctx, "x");
        } catch (std::system_error const& why) {
            refused = why.code().value() == EPIPE || why.code().value() == ECONNRESET;
        }
        co_return refused ? told : "not refused";
    };
    for (auto const& told : make().map(body, std::vector{0, 1})) {
        EXPECT_THAT(told, StartsWith("cannot read from 127.0.0.1:"));
        EXPECT_THAT(told, HasSubstr("Connection reset by peer"));
    }
}

/// As send(2), all of it. A body that uses it lets no loop run meanwhile.
void send_raw(connection& by, std::string_view text, int flags = 0) {
    if (::send(by.native(), text.data(), text.size(), flags | MSG_NOSIGNAL) != std::ssize(text))
        throw std::runtime_error("it can't be sent");
}

/// One byte, and with it a descriptor that nobody takes.
void send_with_descriptor(connection& by, char what) {
    iovec part{.iov_base = &what, .iov_len = 1};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> room{};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = room.data();
    message.msg_controllen = room.size();
    cmsghdr* const header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    int const given = by.native();
    std::memcpy(CMSG_DATA(header), &given, sizeof given);
    if (::sendmsg(by.native(), &message, MSG_NOSIGNAL) != 1) throw std::runtime_error("it can't be sent");
}

/// All that comes up to a "z" or the end, with "!" for an error and "?" for nothing in a long time.
task<std::string> what_comes(context& ctx, connection& at) {
    std::string all;
    try {
        for (;;) {
            auto const some = co_await ctx.with_timeout(30s, at.read_some(ctx));
            if (some.empty()) co_return all;
            all += some;
            if (all.ends_with('z')) co_return all;
        }
    } catch (timed_out const&) {
        co_return all + "?";
    } catch (std::system_error const&) {
        co_return all + "!";
    }
}

// A loop takes a read that fell short for the last until the system tells of more. Here is more behind it,
// of which the system has told already.
TEST_P(a_connection, is_read_on_when_something_lies_behind_the_data) {
    auto const body = [](context& ctx, int which) -> task<std::string> {
        auto [near, far] = co_await pair_of(ctx, which == 3 ? 1 : 0);
        // The first is waited for, so that the loop knows the connection.
        std::jthread const writer([&by = near] {
            std::this_thread::sleep_for(1ms);
            send_raw(by, "a");
        });
        auto const first = co_await far.read_some(ctx);
        send_raw(near, "b");
        if (which == 1) {
            reset(near);
        } else if (which == 2) {
            send_raw(near, "u", MSG_OOB);  // passed over
            send_raw(near, "z");
        } else if (which == 3) {
            send_with_descriptor(near, 'c');
            send_raw(near, "z");
        } else {
            near.finish();
        }
        co_return first + co_await what_comes(ctx, far);
    };
    EXPECT_EQ(make().map(body, std::vector{0, 1, 2, 3}),
              (std::vector<std::string>{"ab", "ab!", "abz", "abcz"}));
}

TEST_P(a_connection, takes_what_trickles_in) {
    auto const body = [](context& ctx, int kind) -> task<std::string> {
        auto [near, far] = co_await pair_of(ctx, kind);
        std::jthread const peer([descriptor = near.native()] {
            for (char const each : std::string("trickle\n")) {
                ::send(descriptor, &each, 1, 0);
                std::this_thread::sleep_for(200us);
            }
        });
        if (kind < 2) co_return co_await far.read_exactly(ctx, 8);
        auto const line = co_await far.read_until(ctx, "\n");
        co_return line.value();
    };
    EXPECT_EQ(make().map(body, std::vector{0, 1, 2, 3}), std::vector<std::string>(4, "trickle\n"));
}

TEST_P(a_connection, carries_much_in_order) {
    auto const body = [](context& ctx, int kind) -> task<bool> {
        auto [near, far] = co_await pair_of(ctx, kind);
        auto const much = pattern(3'000'001);
        std::string there;
        std::jthread peer([&there, descriptor = far.native()] { there = read_all(descriptor); });
        co_await near.write(ctx, std::array<std::string_view, 2>{std::string_view(much).substr(0, 70'000),
                                                                 std::string_view(much).substr(70'000)});
        near.finish();
        peer.join();
        bool const went = there == much && near.bytes_written() == much.size();
        peer = std::jthread([&much, descriptor = far.native()] {
            for (std::size_t sent = 0; sent < much.size();) {
                auto const count = ::send(descriptor, much.data() + sent, much.size() - sent, MSG_NOSIGNAL);
                if (count > 0) sent += static_cast<std::size_t>(count);
            }
        });
        co_return went&& co_await near.read_exactly(ctx, much.size()) == much;
    };
    EXPECT_EQ(make().map(body, std::vector{0, 1}), (std::vector{true, true}));
}

TEST_P(a_connection, whose_peer_never_reads_is_left_by_a_limit_that_loses_nothing) {
    auto const body = [](context& ctx, int kind) -> task<std::string> {
        auto [near, far] = co_await pair_of(ctx, kind);
        auto const much = std::string(30'000'000, 'x');
        try {
            co_await ctx.with_timeout(20ms, near.write(ctx, much));
            co_return "it was read";
        } catch (timed_out const&) {
        }
        auto const written = near.bytes_written();
        std::string there;
        std::jthread peer([&there, descriptor = far.native()] { there = read_all(descriptor); });
        near.close();
        peer.join();
        bool const is_beginning =
            written > 0 && written < much.size() && there.size() == written && much.starts_with(there);
        co_return is_beginning ? "a beginning" : "something else";
    };
    EXPECT_EQ(make().map(body, std::vector{0, 1}), (std::vector<std::string>{"a beginning", "a beginning"}));
}

TEST_P(a_connection, keeps_what_came_before_a_limit) {
    auto const body = [](context& ctx, int kind) -> task<std::string> {
        auto [near, far] = co_await pair_of(ctx, kind);
        co_await near.write(ctx, "abc");
        bool late = false;
        try {
            co_await ctx.with_timeout(5ms, far.read_exactly(ctx, 10));
        } catch (timed_out const&) {
            late = true;
        }
        co_await near.write(ctx, "defg");
        if (!late) co_return "it came";
        co_return co_await far.read_exactly(ctx, 7);
    };
    EXPECT_EQ(make().map(body, std::vector{0, 1}), (std::vector<std::string>{"abcdefg", "abcdefg"}));
}

TEST_P(a_connection, that_nobody_takes_says_with_whom_it_was_tried) {
    auto const body = [](context& ctx, int) -> task<std::string> {
        std::uint16_t const port = listener("127.0.0.1", 0).port();  // free now
        try {
            co_await ctx.connect("127.0.0.1", port);
        } catch (std::system_error const& why) {
            auto const expected =
                "cannot connect to 127.0.0.1:" + std::to_string(port) + ": Connection refused";
            co_return why.what() == expected ? "refused" : why.what();
        }
        co_return "connected";
    };
    EXPECT_EQ(make().map(body, std::vector{0, 1}), (std::vector<std::string>{"refused", "refused"}));
}

TEST_P(a_connection, is_made_by_name) {
    auto const body = [](context& ctx, int) -> task<std::string> {
        listener door("127.0.0.1", 0);
        auto near = co_await ctx.connect("localhost", door.port());
        auto far = co_await door.accept(ctx);
        co_await far->write(ctx, "hi");
        co_return co_await near.read_exactly(ctx, 2);
    };
    EXPECT_EQ(make().map(body, std::vector{0, 1}), (std::vector<std::string>{"hi", "hi"}));
}

TEST_P(a_connection, to_a_name_that_is_none_is_told_in_the_resolvers_words) {
    auto const body = [](context& ctx, int) -> task<std::string> {
        try {
            co_await ctx.connect("no.such.host.invalid", 1);
        } catch (std::runtime_error const& why) {
            co_return why.what();
        }
        co_return "connected";
    };
    for (auto const& told : make().map(body, std::vector{0, 1}))
        EXPECT_THAT(told, StartsWith("cannot look up 'no.such.host.invalid': "));
}

TEST_P(a_connection, that_is_closed_or_moved_from_is_a_mistake) {
    auto const body = [](context& ctx, int kind) -> task<int> {
        auto [near, far] = co_await pair_of(ctx, kind);
        near.close();
        int mistakes = 0;
        try {
            co_await near.write(ctx, "x");
        } catch (std::logic_error const&) {
            ++mistakes;
        }
        auto const moved = std::move(far);
        try {
            co_await far.read_some(ctx);
        } catch (std::logic_error const&) {
            ++mistakes;
        }
        co_return mistakes;
    };
    EXPECT_EQ(make().map(body, std::vector{0, 1}), (std::vector{2, 2}));
}

TEST_P(a_connection, is_left_at_a_stop) {
    if (!GetParam().real_io) return;  // a fake ends what never ends
    auto const body = [](context& ctx, int kind) -> task<int> {
        auto [near, far] = co_await pair_of(ctx, kind);
        listener door("127.0.0.1", 0);
        std::string const much(kind < 4 ? 0 : 30'000'000, 'x');
        if (kind < 2) co_await door.accept(ctx);
        if (kind < 4) co_await far.read_exactly(ctx, 10);
        co_await near.write(ctx, much);
        co_return 0;
    };
    auto executor = make();
    std::mt19937 random(1);
    for (int round = 0; round < 5; ++round) {
        std::stop_source stop;
        std::jthread const stopper([&stop, wait = std::chrono::microseconds(random() % 8'000)] {
            std::this_thread::sleep_for(wait);
            stop.request_stop();
        });
        for (auto const& each :
             executor.try_map(body, std::vector{0, 1, 2, 3, 4, 5}, {.stop = stop.get_token()})) {
            ASSERT_FALSE(each.has_value());
            EXPECT_TRUE(each.error().why == cause::cancelled || may_be_taken_along(GetParam(), each.error()))
                << each.error().message;
        }
    }
}

class a_listener : public any_model {};
QUARTET_SUITE(a_listener, all_rows());

listener* common_door = nullptr;  // workers inherit it

/// Says a word to whoever accepts, and reads it back; by a thread of the test.
bool is_echoed(std::uint16_t port, std::string const& word) {
    int const near = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    socket_address const to("127.0.0.1", port);
    bool echoed = ::connect(near, to.native(), to.native_size()) == 0 &&
                  ::send(near, word.data(), word.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(word.size()) &&
                  ::shutdown(near, SHUT_WR) == 0;
    echoed = echoed && read_all(near) == word;
    ::close(near);
    return echoed;
}

TEST_P(a_listener, serves_bodies_that_accept_at_the_same_time) {
    listener door("127.0.0.1", 0);
    common_door = &door;
    auto executor = make();
    std::size_t echoed = 0;
    std::jthread clients([&echoed, port = door.port()] {
        for (int i = 0; i < 12; ++i)
            echoed += is_echoed(port, "word " + std::to_string(i));
    });
    auto const body = [](context& ctx, int) -> task<std::size_t> {
        auto next = co_await common_door->accept(ctx);
        auto const word = co_await next->read_to_end(ctx);
        co_await next->write(ctx, word);
        co_return word.size();
    };
    auto const served = executor.map(body, std::views::iota(0, 12));
    clients.join();
    EXPECT_EQ(echoed, 12u);
    EXPECT_EQ(std::accumulate(served.begin(), served.end(), std::size_t{0}), 10u * 6 + 2 * 7);
}

TEST_P(a_listener, that_is_closed_gives_nobody) {
    auto const body = [](context& ctx, int kind) -> task<bool> {
        temporary_folder const folder;
        auto door = kind % 2 ? listener(unix_path{folder / "door"}) : listener("127.0.0.1", 0);
        std::jthread const closer([&door] {
            std::this_thread::sleep_for(1ms);  // so that most wait
            door.close();
        });
        bool const before = !(co_await door.accept(ctx)).has_value();
        bool const after = !(co_await door.accept(ctx)).has_value();
        co_return before&& after;
    };
    EXPECT_EQ(make().map(body, std::vector{0, 1}), (std::vector{true, true}));
}

TEST_P(a_listener, at_a_path_takes_that_along_and_replaces_one_that_was_left) {
    temporary_folder const folder;
    auto const body = [](context& ctx, std::string path) -> task<std::string> {
        std::string told;
        {
            listener const first(unix_path{path});
            try {
                listener const second(unix_path{path});
                told = "both";
            } catch (std::system_error const& why) {
                told = why.what();
            }
        }
        if (std::filesystem::exists(path)) co_return "it was left";
        int const left = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        socket_address const where(unix_path{path});
        if (::bind(left, where.native(), where.native_size()) != 0) co_return "no socket to leave";
        ::close(left);
        listener replaced(unix_path{path});
        auto const near = co_await ctx.connect(unix_path{path});
        co_return told == "cannot listen at " + path + ": Address already in use" ? "in use" : told;
    };
    EXPECT_EQ(make().map(body, std::vector{folder / "one", folder / "two"}),
              (std::vector<std::string>{"in use", "in use"}));
}

TEST_P(a_listener, refuses_what_is_no_address) {
    auto const body = [](context& ctx, int) -> task<std::string> {
        std::string told;
        try {
            listener const door("not numeric", 0);
        } catch (std::invalid_argument const&) {
            told += "name ";
        }
        try {
            listener const door(unix_path{std::string(200, 'x')});
        } catch (std::invalid_argument const&) {
            told += "long ";
        }
        try {
            co_await ctx.connect("", 80);
        } catch (std::invalid_argument const&) {
            told += "empty";
        }
        co_return told;
    };
    EXPECT_EQ(make().map(body, std::vector{1}), std::vector<std::string>{"name long empty"});
}

class a_datagram_socket : public any_model {};
QUARTET_SUITE(a_datagram_socket, all_rows());

TEST_P(a_datagram_socket, sends_and_receives) {
    auto const body = [](context& ctx, int) -> task<std::string> {
        datagram_socket one("127.0.0.1");
        datagram_socket two("127.0.0.1");
        co_await one.send_to(ctx, "question", two.address());
        auto const question = co_await two.receive_from(ctx);
        co_await two.send_to(ctx, question.data + "!", question.from);
        co_await two.send_to(ctx, "", question.from);
        auto const answer = co_await one.receive_from(ctx, 4);
        auto const empty = co_await one.receive_from(ctx);
        bool const as_sent = question.from == one.address() && !question.truncated && answer.truncated &&
                             answer.from == two.address() && empty.data.empty();
        co_return as_sent ? answer.data : "?";
    };
    EXPECT_EQ(make().map(body, std::vector{0, 1}), (std::vector<std::string>{"ques", "ques"}));
}

TEST_P(a_datagram_socket, is_waited_for_and_closed) {
    auto const body = [](context& ctx, int) -> task<std::string> {
        datagram_socket here("127.0.0.1");
        std::jthread helper([&here] {
            std::this_thread::sleep_for(1ms);
            auto const to = here.address();
            ::sendto(here.native(), "self", 4, 0, to.native(), to.native_size());
        });
        auto const came = co_await here.receive_from(ctx);
        helper = std::jthread([&here] {
            std::this_thread::sleep_for(1ms);
            here.close();
        });
        try {
            co_await here.receive_from(ctx);
        } catch (std::system_error const& why) {
            co_return came.data + (why.code().value() == EBADF ? "" : why.what());
        }
        co_return "open";
    };
    EXPECT_EQ(make().map(body, std::vector{0, 1}), (std::vector<std::string>{"self", "self"}));
}

TEST_P(a_datagram_socket, refuses_what_is_too_long) {
    auto const body = [](context& ctx, int) -> task<int> {
        datagram_socket here("127.0.0.1");
        std::string const much(100'000, 'x');
        try {
            co_await here.send_to(ctx, much, here.address());
        } catch (std::system_error const& why) {
            co_return why.code().value();
        }
        co_return 0;
    };
    EXPECT_EQ(make().map(body, std::vector{1}), std::vector{EMSGSIZE});
}

class a_shared_connection : public any_model {};
QUARTET_SUITE(a_shared_connection, rows_with(&model_traits::shares_memory));

TEST_P(a_shared_connection, is_read_by_bodies_of_all_loops_in_turn) {
    if (!GetParam().real_io) return;  // a fake's limits don't wait for a peer outside
    std::optional<ends> line;
    auto const connect = [&line](context& ctx) -> task<void> { line = co_await over_tcp(ctx); };
    make_executor("single").submit(connect).get();
    mutex turns;
    auto const body = [&line = *line, &turns](context& ctx, int n) -> task<int> {
        int sum = 0;
        for (int i = 0; i < 20; ++i) {
            auto const turn = co_await turns.lock(ctx);
            std::jthread writer;
            if (i % 2) {
                send_raw(line.near, "x");
            } else {
                writer = std::jthread([&line] {
                    std::this_thread::sleep_for(200us);  // so that most wait
                    send_raw(line.near, "x");
                });
            }
            sum += static_cast<int>(
                (co_await ctx.with_timeout(30s, line.far.read_some(ctx, 1u + n % 3u))).size());
        }
        co_return sum;
    };
    EXPECT_EQ(make().map(body, std::views::iota(0, 8)), std::vector<int>(8, 20));
}

class sockets_on_one_loop : public any_model {};
QUARTET_SUITE(sockets_on_one_loop, rows_that_interleave());

TEST_P(sockets_on_one_loop, play_ping_pong) {
    listener door("127.0.0.1", 0);
    auto const body = [at = &door](context& ctx, int who) -> task<int> {
        std::optional<connection> line;
        if (who == 0) {
            line = co_await at->accept(ctx);
        } else {
            line.emplace(co_await ctx.connect("127.0.0.1", at->port()));
        }
        std::array<char, 1> ball{'x'};
        int rounds = 0;
        if (who == 0) co_await line->write(ctx, std::string_view(ball.data(), 1));
        while (co_await line->read_some(ctx, ball) == 1 && ++rounds < 1000)
            co_await line->write(ctx, std::string_view(ball.data(), 1));
        co_return rounds;
    };
    auto const rounds = make().map(body, std::vector{0, 1});
    EXPECT_GE(rounds[0], 999);
    EXPECT_GE(rounds[1], 999);
}

TEST_P(sockets_on_one_loop, are_read_while_another_body_waits_for_their_descriptor) {
    if (!GetParam().real_io) return;  // a fake's limits don't wait for a peer outside
    auto const body = [](context& ctx, int) -> task<std::string> {
        auto [near, far] = co_await over_tcp(ctx);
        // The first is waited for, so that the loop knows the connection.
        std::jthread const writer([&by = near] {
            std::this_thread::sleep_for(1ms);
            send_raw(by, "a");
        });
        auto const first = co_await far.read_some(ctx);
        auto const read = [](context& to, connection& at, connection& by) -> task<std::string> {
            auto const came = co_await to.with_timeout(30s, at.read_some(to));
            by.finish();  // ends the other's wait
            co_return came;
        };
        auto const wait = [](context& to, connection& at) -> task<int> {
            co_await to.ready(at.native(), readable);
            co_return 0;
        };
        auto const send = [](context& to, connection& by) -> task<int> {
            co_await to.sleep_for(1ms);  // both wait
            send_raw(by, "b");
            co_return 0;
        };
        auto const done = co_await when_all(read(ctx, far, near), wait(ctx, far), send(ctx, near));
        co_return first + std::get<0>(done);
    };
    EXPECT_EQ(make().map(body, std::vector{0, 1}), (std::vector<std::string>{"ab", "ab"}));
}

TEST_P(sockets_on_one_loop, are_read_by_one_body_and_written_by_another) {
    auto const body = [](context& ctx, int kind) -> task<bool> {
        auto [near, far] = co_await pair_of(ctx, kind);
        auto const much = pattern(5'000'000);
        auto const write = [](context& to, connection& by, std::string_view all) -> task<int> {
            co_await by.write(to, all);
            by.finish();
            co_return 0;
        };
        auto const done = co_await when_all(write(ctx, near, much), write(ctx, far, much),
                                            near.read_to_end(ctx), far.read_to_end(ctx));
        co_return std::get<2>(done) == much&& std::get<3>(done) == much;
    };
    EXPECT_EQ(make().map(body, std::vector{0, 1}), (std::vector{true, true}));
}

TEST_P(sockets_on_one_loop, that_are_always_ready_let_others_run) {
    bool over = false;
    auto const body = [over = &over](context& ctx, int who) -> task<int> {
        if (who == 1) {
            co_await ctx.sleep_for(GetParam().real_io ? 1ms : 0ms);
            *over = true;
            co_return 1;
        }
        auto [near, far] = co_await over_tcp(ctx);
        std::array<char, 1> ball{'x'};
        while (!*over) {
            co_await near.write(ctx, std::string_view(ball.data(), 1));
            co_await far.read_some(ctx, ball);
        }
        co_return 0;
    };
    EXPECT_EQ(make().map(body, std::vector{0, 1}), (std::vector{0, 1}));
}

TEST_P(sockets_on_one_loop, wake_who_waits_when_another_closes_them) {
    auto const body = [](context& ctx, int kind) -> task<std::size_t> {
        auto [near, far] = co_await pair_of(ctx, kind);
        auto const close_later = [](context& by, connection& what) -> task<int> {
            co_await by.yield();
            what.close();
            co_return 0;
        };
        auto const done = co_await when_all(near.read_to_end(ctx), close_later(ctx, near));
        co_return std::get<0>(done).size() + (co_await far.read_some(ctx)).size();
    };
    EXPECT_EQ(make().map(body, std::vector{0, 1}), (std::vector<std::size_t>{0, 0}));
}

TEST(sockets, are_many_on_one_loop) {
    auto executor = make_executor("async:each");
    listener door("127.0.0.1", 0);
    auto const body = [at = &door](context& ctx, int who) -> task<int> {
        if (who % 2) {
            auto line = co_await ctx.connect("127.0.0.1", at->port());
            for (int i = 0; i < 5; ++i) {
                co_await line.write(ctx, "line\n");
                if (co_await line.read_until(ctx, "\n") != "line\n") co_return -1;
            }
            co_return 5;
        }
        auto line = co_await at->accept(ctx);
        int lines = 0;
        for (; auto each = co_await line->read_until(ctx, "\n"); ++lines)
            co_await line->write(ctx, *each);
        co_return lines;
    };
    EXPECT_EQ(executor.map(body, std::views::iota(0, 300)), std::vector<int>(300, 5));
}

/// Leaves the process as many descriptors as are open.
class no_descriptor_left {
public:
    no_descriptor_left() {
        getrlimit(RLIMIT_NOFILE, &before_);
        int const next = ::dup(0);
        ::close(next);
        rlimit const none{.rlim_cur = static_cast<rlim_t>(next), .rlim_max = before_.rlim_max};
        setrlimit(RLIMIT_NOFILE, &none);
    }
    no_descriptor_left(no_descriptor_left const&) = delete;
    no_descriptor_left& operator=(no_descriptor_left const&) = delete;
    ~no_descriptor_left() { setrlimit(RLIMIT_NOFILE, &before_); }

private:
    rlimit before_{};
};

TEST(sockets, wait_for_descriptors_when_there_are_none_left) {
    for (auto const* spec : {"single", "threads:1", "async:2"}) {
        std::string log;
        std::mutex mutex;
        auto executor = make_executor(spec, {.log = [&](log_record const& line) {
                                          std::lock_guard const lock(mutex);
                                          log += line.line + "\n";
                                      }});
        auto const body = [](context& ctx, int) -> task<std::string> {
            listener door("127.0.0.1", 0);
            auto near = co_await ctx.connect("127.0.0.1", door.port());
            auto limit = std::make_optional<no_descriptor_left>();
            std::jthread const giver([&limit] {
                std::this_thread::sleep_for(80ms);
                limit.reset();
            });
            auto far = co_await door.accept(ctx);
            co_await far->write(ctx, "in");
            co_return co_await near.read_exactly(ctx, 2);
        };
        EXPECT_EQ(executor.submit(body, 1).get(), "in");
        std::lock_guard const lock(mutex);
        EXPECT_THAT(log, HasSubstr("Too many open files; who connects waits")) << spec;
    }
}

TEST(sockets, connect_to_the_first_address_that_answers) {
    for (auto const* spec : {"single", "threads:1", "async:2"}) {
        auto const body = [](context& ctx, int) -> task<std::string> {
            // Nobody accepts at one of them, and its queue is full: who connects there waits.
            listener full("127.0.0.1", 0, {.backlog = 0});
            listener good("127.0.0.2", 0);
            std::vector<connection> queued;
            try {
                for (;;)
                    queued.push_back(co_await ctx.with_timeout(50ms, ctx.connect("127.0.0.1", full.port())));
            } catch (timed_out const&) {
            }
            std::uint16_t const closed = listener("127.0.0.3", 0).port();
            std::vector const addresses{full.address(), socket_address("127.0.0.3", closed), good.address()};
            auto const near = co_await connect_first(ctx, addresses, {.attempt_delay = 10ms});
            co_return near.remote().host();
        };
        EXPECT_EQ(make_executor(spec).submit(body, 1).get(), "127.0.0.2") << spec;
    }
}

TEST(sockets, tell_of_every_address_that_failed) {
    for (auto const* spec : {"single", "async:2"}) {
        auto const body = [](context& ctx, int) -> task<std::string> {
            std::uint16_t const first = listener("127.0.0.1", 0).port();
            std::uint16_t const second = listener("127.0.0.2", 0).port();
            std::vector const addresses{socket_address("127.0.0.1", first),
                                        socket_address("127.0.0.2", second)};
            try {
                co_await connect_first(ctx, addresses);
            } catch (std::system_error const& why) {
                co_return why.what();
            }
            co_return "connected";
        };
        auto const told = make_executor(spec).submit(body, 1).get();
        EXPECT_THAT(told, StartsWith("cannot connect to 127.0.0.1:"));
        EXPECT_THAT(told, HasSubstr(": Connection refused, 127.0.0.2:"));
        EXPECT_TRUE(told.ends_with("): Connection refused")) << told;
    }
}

}  // namespace
}  // namespace quartet::conformance::socket_test
