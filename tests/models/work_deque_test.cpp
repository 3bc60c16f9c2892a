// The deque of a thread's calls: its own end, the others' end, and both at once. Each call is taken exactly
// once, whoever is quicker.
#include "src/models/work_deque.hpp"

#include "tests/sanitized.hpp"

#include <quartet/detail/call/nested_part.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <cstddef>
#include <exception>
#include <memory>
#include <random>
#include <thread>
#include <vector>

namespace quartet::detail::work_deque_test {
namespace {

/// Counts how often it was taken. What it holds is plain: the thread sanitizer sees a handing over that is
/// not ordered.
class counted final : public nested_work {
public:
    void note_taken() noexcept {
        ++content_;
        taken_.fetch_add(1, std::memory_order_relaxed);
    }
    void note_pushed() noexcept { ++content_; }
    std::size_t taken() const noexcept { return taken_.load(); }

private:
    std::unique_ptr<nested_part> part_for_others() override { return nullptr; }
    void run_body(context&) noexcept override {}
    void fail_body(std::exception_ptr) noexcept override {}
    std::exception_ptr failure() const noexcept override { return nullptr; }

    int content_ = 0;
    std::atomic<std::size_t> taken_ = 0;
};

class deque : public testing::Test {
protected:
    static bool always() noexcept { return true; }

    void push(std::size_t which) { ASSERT_TRUE(calls_.push(work_[which])); }
    nested_work* at(std::size_t which) { return &work_[which]; }

    work_deque calls_;
    std::vector<counted> work_ = std::vector<counted>(2000);
};

TEST_F(deque, gives_its_thread_the_newest_and_others_the_oldest) {
    for (std::size_t i = 0; i < 4; ++i)
        push(i);
    EXPECT_EQ(calls_.steal(), at(0));
    EXPECT_EQ(calls_.take_newest(0), at(3));
    EXPECT_EQ(calls_.steal(), at(1));
    EXPECT_EQ(calls_.take_newest(0), at(2));
    EXPECT_EQ(calls_.take_newest(0), nullptr);
    EXPECT_EQ(calls_.steal(), nullptr);
    EXPECT_FALSE(calls_.has_any());
}

TEST_F(deque, goes_on_after_it_was_empty) {
    for (std::size_t i = 0; i < 1000; ++i) {
        push(i);
        ASSERT_TRUE(calls_.has_any());
        if (i % 2)
            ASSERT_EQ(calls_.steal(), at(i));
        else
            ASSERT_TRUE(calls_.take(work_[i]));
        ASSERT_FALSE(calls_.take(work_[i]));
        ASSERT_FALSE(calls_.has_any());
    }
}

TEST_F(deque, lets_its_thread_take_any) {
    for (std::size_t i = 0; i < 6; ++i)
        push(i);
    EXPECT_TRUE(calls_.take(work_[0]));
    EXPECT_TRUE(calls_.take(work_[3]));
    EXPECT_EQ(calls_.steal(), at(1));
    EXPECT_FALSE(calls_.take(work_[1]));
    EXPECT_TRUE(calls_.take(work_[5]));
    EXPECT_TRUE(calls_.take(work_[4]));
    EXPECT_EQ(calls_.take_newest(0), at(2)) << "the mark in place of 3 is passed";
    EXPECT_FALSE(calls_.has_any());
    push(6);
    EXPECT_EQ(calls_.steal(), at(6));
}

TEST_F(deque, keeps_to_those_from_a_place_on) {
    push(0);
    push(1);
    auto const first = calls_.end();
    push(2);
    EXPECT_EQ(calls_.steal(first, always), nullptr) << "older ones come first, and are not asked for";
    EXPECT_FALSE(calls_.has_any(first));
    EXPECT_EQ(calls_.take_newest(first), at(2));
    EXPECT_EQ(calls_.take_newest(first), nullptr);
    EXPECT_EQ(calls_.steal(), at(0));
    EXPECT_EQ(calls_.steal(), at(1));
    push(3);
    EXPECT_EQ(calls_.steal(first, always), at(3));
}

TEST_F(deque, grows) {
    for (std::size_t i = 0; i < work_.size(); ++i)
        push(i);
    for (std::size_t i = 0; i < work_.size() / 2; ++i)
        ASSERT_EQ(calls_.steal(), at(i));
    for (std::size_t i = work_.size(); i-- > work_.size() / 2;)
        ASSERT_EQ(calls_.take_newest(0), at(i));
    EXPECT_FALSE(calls_.has_any());
}

TEST_F(deque, needs_no_more_room_where_the_oldest_are_taken_by_its_thread) {
    push(0);
    for (std::size_t i = 1; i < 100'000; ++i) {
        ASSERT_TRUE(calls_.push(work_[i % work_.size()]));
        ASSERT_TRUE(calls_.take(work_[(i - 1) % work_.size()]));
    }
    EXPECT_LE(calls_.room(), 512u);
}

TEST_F(deque, gives_nothing_to_those_who_come_too_late) {
    push(0);
    EXPECT_EQ(calls_.steal(0, [] { return false; }), nullptr);
    EXPECT_EQ(calls_.steal(), at(0));
}

// Its thread pushes and takes at random, with growth on the way; thieves take what they get.
TEST_F(deque, gives_each_call_to_one_thread) {
    std::size_t const rounds = test::sanitized ? 20 : 200;
    for (std::size_t round = 0; round < rounds; ++round) {
        work_deque calls;
        std::vector<counted> work(1500);
        std::atomic<bool> over = false;
        std::atomic<std::size_t> stolen = 0;
        {
            std::vector<std::jthread> thieves;
            for (int number = 0; number < 2; ++number)
                thieves.emplace_back([&] {
                    for (;;) {
                        bool const last = over.load();
                        while (auto* const taken = calls.steal()) {
                            static_cast<counted*>(taken)->note_taken();
                            ++stolen;
                        }
                        if (last) return;
                        std::this_thread::yield();
                    }
                });
            std::mt19937 random(static_cast<unsigned>(round));
            std::vector<std::size_t> mine;  // pushed, and perhaps not taken yet
            std::size_t next = 0;
            while (next < work.size() || !mine.empty()) {
                auto const what = random() % 8;
                if (next < work.size() && (what < 4 || mine.empty())) {
                    work[next].note_pushed();
                    ASSERT_TRUE(calls.push(work[next]));
                    mine.push_back(next++);
                } else if (what < 6) {
                    auto const which = mine.begin() + static_cast<std::ptrdiff_t>(random() % mine.size());
                    if (calls.take(work[*which])) work[*which].note_taken();
                    mine.erase(which);
                } else if (auto* const newest = calls.take_newest(work[mine.back()].place)) {
                    static_cast<counted*>(newest)->note_taken();
                    std::erase(mine, static_cast<std::size_t>(static_cast<counted*>(newest) - work.data()));
                } else {
                    mine.pop_back();  // stolen
                }
            }
            over = true;
        }
        for (auto const& each : work)
            ASSERT_EQ(each.taken(), 1u) << "round " << round;
        EXPECT_FALSE(calls.has_any());
    }
}

}  // namespace
}  // namespace quartet::detail::work_deque_test
