// The end of a job, by itself: without bodies and models.
#include <quartet/backend/completion.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <thread>
#include <vector>

namespace quartet {
namespace {

class counter final : public continuation {
public:
    void run() noexcept override { ++runs; }
    std::atomic<int> runs = 0;
};

class a_completion : public testing::Test {
protected:
    detail::eventcount any_;
};

TEST_F(a_completion, tells_who_counts_off_the_last_tasks) {
    completion end(5);
    EXPECT_FALSE(end.count_off(2));
    EXPECT_FALSE(end.count_off(1));
    EXPECT_EQ(end.left(), 2u);
    EXPECT_TRUE(end.count_off(2));
    EXPECT_EQ(end.left(), 0u);
    EXPECT_FALSE(end.ended());  // that is for finish() to say
}

TEST_F(a_completion, has_one_who_counts_off_the_last_task) {
    constexpr std::size_t threads = 4;
    constexpr std::size_t each = 500;
    for (int round = 0; round < 20; ++round) {
        completion end(threads * each);
        std::atomic<int> last = 0;
        {
            std::vector<std::jthread> counting;
            for (std::size_t n = 0; n < threads; ++n)
                counting.emplace_back([&] {
                    for (std::size_t task = 0; task < each; ++task)
                        last += end.count_off(1);
                });
        }
        ASSERT_EQ(last, 1);
    }
}

TEST_F(a_completion, runs_every_continuation_once) {
    completion end(1);
    counter first;
    counter second;
    counter third;
    end.then_first(first);
    end.then(second);
    end.then(third);
    EXPECT_EQ(first.runs + second.runs + third.runs, 0);
    end.finish(any_);
    EXPECT_EQ(first.runs, 1);
    EXPECT_EQ(second.runs, 1);
    EXPECT_EQ(third.runs, 1);
}

TEST_F(a_completion, runs_at_once_what_is_attached_after_the_end) {
    completion end(1);
    end.finish(any_);
    counter late;
    end.then(late);
    EXPECT_EQ(late.runs, 1);
    end.then(late);  // another time
    EXPECT_EQ(late.runs, 2);
}

TEST_F(a_completion, has_finished_by_the_time_that_continuations_run) {
    completion end(1);
    struct looks final : continuation {
        explicit looks(completion& at) : end(at) {}
        void run() noexcept override { saw = end.finished() && end.ended() && end.wait_until(); }
        completion& end;
        bool saw = false;
    } sees(end);
    end.then(sees);
    end.finish(any_);
    EXPECT_TRUE(sees.saw);
}

// Who attaches one while another thread finishes must find that it runs here or there, and not twice.
TEST_F(a_completion, runs_what_is_attached_while_it_finishes) {
    for (int round = 0; round < 2000; ++round) {
        completion end(1);
        counter one;
        counter two;
        {
            std::jthread const finishes([&] { end.finish(any_); });
            std::jthread const attaches([&] { end.then(one); });
            end.then(two);
        }
        ASSERT_EQ(one.runs, 1);
        ASSERT_EQ(two.runs, 1);
    }
}

// The maker of a job takes it away as soon as it has waited for it.
TEST_F(a_completion, may_be_gone_before_its_continuations_have_run) {
    for (int round = 0; round < 500; ++round) {
        counter one;
        auto end = std::make_unique<completion>(1);
        end->then(one);
        {
            std::jthread const finishes([&, what = end.get()] { what->finish(any_); });
            end->wait_until();
            end.reset();
        }
        ASSERT_EQ(one.runs, 1);
    }
}

TEST_F(a_completion, is_told_elsewhere_until_it_has_finished) {
    completion end(1);
    detail::one_shot_event elsewhere;
    end.end_elsewhere(elsewhere);
    EXPECT_FALSE(end.wait_until(std::chrono::steady_clock::now()));
    elsewhere.set();
    EXPECT_TRUE(end.wait_until());
    EXPECT_TRUE(end.ended());
    EXPECT_FALSE(end.finished());
    end.finish(any_);
    EXPECT_TRUE(end.finished());
}

TEST_F(a_completion, is_asked_once_to_stop) {
    completion end(1);
    EXPECT_TRUE(end.request_stop(detail::stopped_by::request));
    EXPECT_FALSE(end.request_stop(detail::stopped_by::request));
    EXPECT_TRUE(end.stop().requested());
    completion over(1);
    over.finish(any_);
    EXPECT_FALSE(over.request_stop(detail::stopped_by::request));
    EXPECT_FALSE(over.stop().requested());
}

}  // namespace
}  // namespace quartet
