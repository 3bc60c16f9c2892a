// What a link process sends and receives, over an MPI that the test plays.
#include "src/models/cluster/link_loans.hpp"
#include "src/models/cluster/link_receives.hpp"
#include "src/models/cluster/link_sends.hpp"
#include "tests/models/cluster/fake_mpi.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace quartet::detail::link_transfers_test {
namespace {

using fake_mpi::net;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::size_t mebibyte = std::size_t{1} << 20;

std::string text_of(shared_block& block, std::uint64_t bytes) {
    return {reinterpret_cast<char const*>(bytes_of(block)), bytes};
}

/// What a message of a size that comes in parts begins with.
std::string as_bytes(std::uint64_t size) {
    std::string bytes(sizeof size, '\0');
    std::memcpy(bytes.data(), &size, sizeof size);
    return bytes;
}

class LinkSends : public testing::Test {
protected:
    LinkSends() { net = {}; }

    shared_block* block(std::string const& text) {
        shared_block* const taken = heap->take(text.size());
        std::memcpy(bytes_of(*taken), text.data(), text.size());
        return taken;
    }
    void add(std::size_t to, std::string const& text) {
        unsent += text.size();
        sends.add(to, *block(text), text.size());
    }
    /// A block of this size is free: one that is taken is it.
    bool is_free(shared_block* sought, std::size_t bytes) {
        std::vector<shared_block*> taken;
        bool found = false;
        for (int tries = 0; tries < 4 && !found; ++tries) {
            taken.push_back(heap->take(bytes));
            found = taken.back() == sought;
        }
        for (auto* const each : taken)
            heap->give_back(each);
        return found;
    }
    std::vector<std::string> texts() const {
        std::vector<std::string> all;
        for (auto const& each : net.out)
            all.push_back(each.bytes);
        return all;
    }

    shared_heap_owner heap = shared_heap::create(64 * mebibyte);
    std::atomic<std::uint64_t> unsent{0};
    link_sends sends{fake_mpi::table(), *heap, unsent, 4, {.part = 10, .window = 20, .requests = 3}};
};

TEST_F(LinkSends, SmallMessagesGoWholeAndInOrder) {
    add(1, "one");
    add(2, "two");
    add(1, "");
    add(1, "four");
    EXPECT_EQ(unsent, 10);
    EXPECT_TRUE(sends.advance());
    EXPECT_THAT(texts(), ElementsAre("one", "", "four", "two"));
    EXPECT_EQ(net.out[0].to, 1);
    EXPECT_EQ(net.out[3].to, 2);
    EXPECT_EQ(net.out[0].tag, static_cast<int>(link_tag::whole));
    EXPECT_EQ(unsent, 0);
    EXPECT_EQ(sends.count(), 0);
    EXPECT_FALSE(sends.under_way());
    EXPECT_FALSE(sends.advance());
}

TEST_F(LinkSends, LargeMessagesGoInParts) {
    add(1, "0123456789abcdefghijABCDE");
    add(1, "next");
    while (sends.advance()) {
    }
    EXPECT_THAT(texts(), ElementsAre(as_bytes(25), "0123456789", "abcdefghij", "ABCDE", "next"));
    EXPECT_EQ(net.out[0].tag, static_cast<int>(link_tag::size));
    EXPECT_EQ(net.out[1].tag, static_cast<int>(link_tag::part));
    EXPECT_EQ(net.out[4].tag, static_cast<int>(link_tag::whole));
    EXPECT_EQ(unsent, 0);
}

TEST_F(LinkSends, MpiHasNoMoreThanTheWindow) {
    net.sends_end = false;
    add(1, std::string(10, 'a'));
    add(1, std::string(10, 'b'));
    add(1, std::string(10, 'c'));
    add(2, "other");
    sends.advance();
    EXPECT_THAT(texts(), ElementsAre(std::string(10, 'a'), std::string(10, 'b'), "other"));
    EXPECT_TRUE(sends.under_way());
    net.requests[net.out[0].request] = 1;
    sends.advance();
    sends.advance();
    EXPECT_EQ(texts().back(), std::string(10, 'c'));
    EXPECT_EQ(unsent, 25);
}

TEST_F(LinkSends, DroppingForgetsWhatIsQueued) {
    net.sends_end = false;
    shared_block* const begun = block("begun");
    shared_block* const queued = block(std::string(1000, 'q'));
    unsent = 5 + 1000 + 3;
    sends.add(1, *begun, 5);
    add(3, "");
    sends.advance();
    sends.add(1, *queued, 1000);
    sends.add(2, *block("two"), 3);
    sends.drop(1);
    EXPECT_EQ(unsent, 3);
    EXPECT_EQ(sends.count(), 2);
    EXPECT_TRUE(is_free(queued, 1000));
    EXPECT_FALSE(is_free(begun, 5));  // MPI may still read it
    net.requests[net.out[0].request] = 1;
    sends.advance();
    EXPECT_TRUE(is_free(begun, 5));
    EXPECT_TRUE(sends.is_empty(1));
}

TEST_F(LinkSends, DroppingInTheMiddleOfAMessageSendsNoMoreOfIt) {
    net.sends_end = false;
    std::string const large(100, 'x');
    shared_block* const message = block(large);
    unsent = 100;
    sends.add(1, *message, 100);
    sends.advance();
    EXPECT_EQ(net.out.size(), 3);  // its size and two parts
    sends.drop(1);
    EXPECT_EQ(unsent, 0);
    EXPECT_EQ(sends.count(), 0);
    unsent += 5;
    sends.add(1, *block("leave"), 5, true);
    for (int each = 0; each < 5; ++each) {
        std::fill(net.requests.begin() + 1, net.requests.end(), std::int8_t{1});
        sends.advance();
    }
    EXPECT_EQ(net.out.size(), 4);
    EXPECT_EQ(net.out.back().bytes, "leave");
    EXPECT_TRUE(is_free(message, 100));
    EXPECT_EQ(unsent, 5);  // nobody counts what was forgotten from the start
}

TEST_F(LinkSends, ARankThatMpiRefusesIsForgotten) {
    std::vector<std::size_t> lost;
    sends.failed = [&](std::size_t rank) { lost.push_back(rank); };
    net.refuses = true;
    add(1, "one");
    add(1, "two");
    sends.advance();
    EXPECT_THAT(lost, ElementsAre(1));
    EXPECT_EQ(unsent, 0);
    EXPECT_TRUE(sends.is_empty(1));
    net.refuses = false;
    net.sends_end = false;
    add(2, "three");
    sends.advance();
    net.requests.back() = -1;
    sends.advance();
    EXPECT_THAT(lost, ElementsAre(1, 2));
    EXPECT_EQ(unsent, 0);
}

class LinkReceives : public testing::Test {
protected:
    LinkReceives() {
        net = {};
        receives.deliver = [this](std::size_t from, shared_block& block, std::uint64_t bytes) {
            came.emplace_back(from, text_of(block, bytes));
            heap->give_back(&block);
        };
    }
    static void bring(std::int32_t from, link_tag tag, std::string bytes) {
        net.in.push_back({from, static_cast<std::int32_t>(tag), std::move(bytes)});
    }
    using arrivals = std::vector<std::pair<std::size_t, std::string>>;

    shared_heap_owner heap = shared_heap::create(8 * mebibyte);
    link_receives receives{fake_mpi::table(), *heap, 4};
    arrivals came{};
};

TEST_F(LinkReceives, DeliversWhatHasCome) {
    bring(1, link_tag::whole, "one");
    bring(2, link_tag::whole, "");
    bring(1, link_tag::whole, "three");
    EXPECT_FALSE(receives.advance(false));
    EXPECT_THAT(came, IsEmpty());
    EXPECT_TRUE(receives.advance(true));
    EXPECT_THAT(came, ElementsAre(std::pair(1, "one"), std::pair(2, ""), std::pair(1, "three")));
    EXPECT_FALSE(receives.advance(true));
}

TEST_F(LinkReceives, KeepsTheOrderOfARankAlthoughALaterOneIsThereFirst) {
    net.receives_end = false;
    bring(1, link_tag::whole, "large");
    bring(1, link_tag::whole, "small");
    bring(2, link_tag::whole, "other");
    receives.advance(true);
    net.requests[2] = net.requests[3] = 1;
    receives.advance(true);
    EXPECT_THAT(came, ElementsAre(std::pair(2, "other")));
    EXPECT_TRUE(receives.under_way());
    net.requests[1] = 1;
    receives.advance(true);
    EXPECT_THAT(came, ElementsAre(std::pair(2, "other"), std::pair(1, "large"), std::pair(1, "small")));
    EXPECT_FALSE(receives.under_way());
}

TEST_F(LinkReceives, PutsPartsTogether) {
    bring(1, link_tag::size, as_bytes(25));
    bring(1, link_tag::part, "0123456789");
    bring(2, link_tag::whole, "between");
    bring(1, link_tag::part, "abcdefghij");
    bring(1, link_tag::part, "ABCDE");
    bring(1, link_tag::whole, "next");
    receives.advance(true);
    EXPECT_THAT(came, ElementsAre(std::pair(2, "between"), std::pair(1, "0123456789abcdefghijABCDE"),
                                  std::pair(1, "next")));
}

TEST_F(LinkReceives, GivesUpAMessageOfWhichNoMoreComes) {
    bring(1, link_tag::size, as_bytes(25));
    bring(1, link_tag::part, "0123456789");
    bring(1, link_tag::whole, "leave");
    bring(1, link_tag::part, "of nothing");
    bring(1, link_tag::size, as_bytes(12));
    bring(1, link_tag::part, "too much of it");
    bring(1, link_tag::size, as_bytes(2));
    bring(1, link_tag::size, as_bytes(3));
    bring(1, link_tag::part, "end");
    receives.advance(true);
    EXPECT_THAT(came, ElementsAre(std::pair(1, "leave"), std::pair(1, "end")));
    bring(2, link_tag::size, as_bytes(25));
    bring(2, link_tag::part, "0123456789");
    receives.advance(true);
    receives.drop(2);
    bring(2, link_tag::whole, "I am back");
    receives.advance(true);
    EXPECT_EQ(came.back(), std::pair(std::size_t{2}, std::string("I am back")));
}

TEST_F(LinkReceives, WaitsForMemory) {
    std::vector<shared_block*> taken;
    try {
        for (;;)
            taken.push_back(heap->take(mebibyte));
    } catch (std::bad_alloc const&) {
    }
    bring(1, link_tag::whole, std::string(mebibyte, 'x'));
    EXPECT_FALSE(receives.advance(true));
    EXPECT_EQ(receives.starving(), mebibyte);
    EXPECT_EQ(net.in.size(), 1);  // left where it is
    heap->give_back(taken.back());
    EXPECT_TRUE(receives.advance(true));
    EXPECT_EQ(receives.starving(), 0);
    EXPECT_EQ(came.size(), 1);
}

TEST_F(LinkReceives, WhatMpiCannotReceiveIsNotDelivered) {
    std::vector<std::size_t> lost;
    receives.failed = [&](std::size_t rank) { lost.push_back(rank); };
    net.receives_end = false;
    bring(1, link_tag::whole, "torn");
    bring(1, link_tag::whole, "good");
    receives.advance(true);
    net.requests[1] = -1;
    net.requests[2] = 1;
    receives.advance(true);
    EXPECT_THAT(lost, ElementsAre(1));
    EXPECT_THAT(came, ElementsAre(std::pair(1, "good")));
}

TEST(LinkLoans, ComeBackFromTheDead) {
    auto const heap = shared_heap::create(8 * mebibyte);
    std::atomic<shared_block*> returned{nullptr};
    link_loans loans(*heap, returned);
    pid_t const child = fork();
    if (child == 0) {
        pause();
        _exit(0);
    }
    auto const give_back = [&](shared_block* block) {
        block->next = returned.load();
        returned = block;
    };
    shared_block* const own = heap->take(100);
    shared_block* const childs = heap->take(100);
    shared_block* const childs_returned = heap->take(100);
    loans.lend(*own, mark_of_this_process());
    loans.lend(*childs, mark_of(child));
    loans.lend(*childs_returned, mark_of(child));
    EXPECT_FALSE(loans.take_returned());
    give_back(childs_returned);
    EXPECT_TRUE(loans.take_returned());
    EXPECT_EQ(loans.count(), 2);
    loans.take_from_dead();
    EXPECT_EQ(loans.count(), 2);
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    loans.take_from_dead();
    EXPECT_EQ(loans.count(), 1);
    EXPECT_EQ(heap->take(100), childs);
    give_back(own);
    loans.take_returned();
    EXPECT_EQ(loans.count(), 0);
}

}  // namespace
}  // namespace quartet::detail::link_transfers_test
