// Small messages of one step travel as one, in their order with large ones, and come apart again.

#include "src/models/cluster/bundled_line.hpp"

#include "tests/models/cluster/in_process_lines.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

namespace quartet::bundled_line_test {
namespace {

using namespace detail;
using testing::ElementsAre;

packet message(std::string const& text) {
    message_writer made;
    made.body().write(text.data(), text.size());
    packet whole = made.take();
    frame_head const head{.session = 7, .kind = message_kind::log, .number = 1, .heard = 0};
    std::memcpy(whole.bytes().data(), &head, sizeof head);
    return whole;
}

std::string text_of(packet const& arrived) {
    auto const body = arrived.bytes().subspan(sizeof(frame_head));
    return {reinterpret_cast<char const*>(body.data()), body.size()};
}

std::vector<std::string> texts_at(endpoint& line) {
    std::vector<std::string> all;
    while (auto const arrived = line.receive()) {
        EXPECT_EQ(arrived->from, 0U);
        EXPECT_EQ(head_of(arrived->message)->session, 7U);
        EXPECT_EQ(reinterpret_cast<std::uintptr_t>(arrived->message.bytes().data()) % alignof(frame_head),
                  0U);
        all.push_back(text_of(arrived->message));
    }
    return all;
}

struct a_bundled_line : testing::Test {
    in_process_lines lines{3, {}};
    bundled_line sender{lines.of(0)};
    bundled_line receiver{lines.of(1)};

    std::size_t packets_at(std::size_t rank) {
        std::size_t count = 0;
        while (lines.of(rank).receive())
            ++count;
        return count;
    }
};

TEST_F(a_bundled_line, sends_small_messages_of_a_step_as_one) {
    for (char const* text : {"one", "", "three"})
        sender.send(1, message(text));
    sender.send(2, message("other"));
    EXPECT_EQ(sender.unsent(), 4 * sizeof(frame_head) + 13);
    EXPECT_EQ(packets_at(1), 0U) << "the step has not ended";
    EXPECT_FALSE(sender.receive());
    EXPECT_EQ(sender.unsent(), 0U);
    EXPECT_EQ(packets_at(1), 1U);
    EXPECT_EQ(packets_at(2), 1U);
}

TEST_F(a_bundled_line, gives_them_one_by_one) {
    for (char const* text : {"one", "", "three"})
        sender.send(1, message(text));
    sender.wait(std::chrono::steady_clock::now());
    sender.send(1, message("four"));
    sender.flush();
    EXPECT_THAT(texts_at(receiver), ElementsAre("one", "", "three", "four"));
}

TEST_F(a_bundled_line, keeps_the_order_with_large_ones) {
    std::string const large(100'000, 'x');
    for (auto const& text : {std::string("one"), std::string("two"), large, std::string("four")})
        sender.send(1, message(text));
    sender.flush();
    EXPECT_THAT(texts_at(receiver), ElementsAre("one", "two", large, "four"));
}

TEST_F(a_bundled_line, sends_what_has_become_large) {
    for (int n = 0; n < 10; ++n)
        sender.send(1, message(std::string(1'000, 'x')));
    EXPECT_EQ(packets_at(1), 2U);
}

TEST_F(a_bundled_line, forgets_what_goes_to_a_rank_that_was_given_up) {
    sender.send(1, message("one"));
    sender.send(2, message("other"));
    sender.drop(1);
    sender.flush();
    EXPECT_EQ(packets_at(1), 0U);
    EXPECT_EQ(packets_at(2), 1U);
}

TEST_F(a_bundled_line, drops_what_is_cut_short) {
    sender.send(1, message("one"));
    sender.send(1, message("two"));
    sender.flush();
    auto const whole = lines.of(1).receive()->message;
    for (std::size_t bytes = sizeof(frame_head); bytes < whole.bytes().size(); ++bytes) {
        lines.of(0).send(
            1, packet(std::vector<std::byte>(whole.bytes().begin(),
                                             whole.bytes().begin() + static_cast<std::ptrdiff_t>(bytes))));
        EXPECT_LE(texts_at(receiver).size(), bytes + 5 < whole.bytes().size() ? 1U : 2U) << bytes;
    }
}

}  // namespace
}  // namespace quartet::bundled_line_test
