// The lock-free structures that a parent and its worker processes share: the ring of offers and the state
// words of tasks. Here threads stand in for the processes, since the thread sanitizer sees the memory of one
// process only. Inputs and results are plain memory, as they are in use, so that it reports every memory
// order that is too weak.
#include "src/models/processes/task_ring.hpp"
#include "tests/sanitized.hpp"

#include <quartet/detail/call/remote.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <thread>
#include <vector>

namespace quartet::detail::shared_words_test {
namespace {

constexpr std::size_t workers = 4;

/// Runs `body(number)` on so many threads at the same time.
void on_threads(std::size_t count, auto const& body) {
    std::vector<std::jthread> threads;
    for (std::size_t number = 0; number < count; ++number)
        threads.emplace_back([&body, number] { body(number); });
}

/// Offers for a ring, and what became of their tasks.
struct offered {
    static constexpr std::uint32_t most_tasks = 16;

    remote_batch batch{};  // for its address
    std::uint32_t first = 0;
    std::uint32_t last = 0;
    std::uint64_t input = 0;  // plain: written before the offer, read after a part of it was taken
    std::array<std::atomic<std::uint32_t>, most_tasks> taken{};
};

class a_ring : public testing::Test {
protected:
    // The ring has 4096 slots; the offers go around it a few times.
    static constexpr std::size_t count = test::sanitized ? 10'000 : 50'000;

    a_ring() : ring_(std::make_unique<task_ring>()), offers_(std::make_unique<offered[]>(count)) {}

    void offer_all() {
        std::minstd_rand random(1);
        for (std::size_t n = 0; n < count; ++n) {
            offered& one = offers_[n];
            one.first = static_cast<std::uint32_t>(random() % offered::most_tasks);
            one.last =
                one.first + 1 + static_cast<std::uint32_t>(random() % (offered::most_tasks - one.first));
            one.input = n * 7;
            while (ring_->full())
                std::this_thread::yield();
            ring_->push(one.batch, {one.first, one.last});
        }
        all_are_offered_ = true;
    }

    void take_some(std::size_t number) {
        std::minstd_rand random(static_cast<unsigned>(number + 2));
        for (;;) {
            bool const was_all = all_are_offered_;
            auto const seen = ring_->look();
            if (!seen) {
                if (was_all) return;
                std::this_thread::yield();
                continue;
            }
            auto const left = seen->tasks.last - seen->tasks.first;
            auto const wanted = 1 + static_cast<std::uint32_t>(random() % left);
            if (random() % 16 == 0) std::this_thread::yield();  // somebody else may be quicker
            if (ring_->take(*seen, wanted)) note(*seen, wanted);
        }
    }

    void note(task_ring::offer const& seen, std::uint32_t wanted) {
        auto* const one = reinterpret_cast<offered*>(seen.batch);  // its first member
        auto const n = static_cast<std::size_t>(one - offers_.get());
        if (one->input != n * 7) ++wrong_inputs_;
        for (std::uint32_t task = seen.tasks.first; task < seen.tasks.first + wanted; ++task)
            ++one->taken[task];
    }

    std::unique_ptr<task_ring> ring_;
    std::unique_ptr<offered[]> offers_;
    std::atomic<bool> all_are_offered_ = false;
    std::atomic<std::size_t> wrong_inputs_ = 0;
};

TEST_F(a_ring, gives_each_task_of_each_offer_once) {
    on_threads(workers + 1, [this](std::size_t number) {
        if (number == workers) return offer_all();
        take_some(number);
    });
    EXPECT_EQ(wrong_inputs_, 0u);
    for (std::size_t n = 0; n < count; ++n) {
        for (std::uint32_t task = 0; task < offered::most_tasks; ++task) {
            bool const is_offered = task >= offers_[n].first && task < offers_[n].last;
            ASSERT_EQ(offers_[n].taken[task], is_offered ? 1u : 0u) << "task " << task << " of offer " << n;
        }
    }
    EXPECT_EQ(ring_->head(), count);
}

/// Tasks that workers run, and a parent that ends some of them.
struct contested {
    static constexpr std::size_t nobody = ~std::size_t{0};

    task_word word{};
    std::size_t result = nobody;             // plain: its worker's before the word is final, anybody's after
    std::atomic<std::uint32_t> begun = 0;    // by any worker
    std::atomic<std::uint32_t> ended = 0;    // with a result
    std::atomic<std::uint32_t> lost = 0;     // its worker was being ended
    std::atomic<std::uint32_t> unbegun = 0;  // ended by the parent
    std::atomic<std::uint32_t> terminating = 0;
};

class task_words : public testing::Test {
protected:
    static constexpr std::size_t count = test::sanitized ? 20'000 : 200'000;

    task_words() : tasks_(std::make_unique<contested[]>(count)) {}

    /// All workers want all tasks.
    void work(std::size_t number) {
        for (std::size_t n = 0; n < count; ++n) {
            furthest_.store(n, std::memory_order_relaxed);
            contested& one = tasks_[n];
            if (!one.word.begin(number)) continue;
            ++one.begun;
            one.result = number;
            if (n % 64 == 0) std::this_thread::yield();
            if (one.word.end(number, task_state::done)) {
                ++one.ended;
            } else {
                ++one.lost;  // a real worker is killed before it comes here
            }
        }
    }

    void interfere() {
        std::minstd_rand random(9);
        for (std::size_t n = 0; n < count; ++n) {
            while (furthest_.load(std::memory_order_relaxed) + 2 < n)
                std::this_thread::yield();  // to stay near the workers
            contested& one = tasks_[n];
            std::size_t const victim = random() % workers;
            if (one.word.mark_terminating(victim)) ++one.terminating;
            if (random() % 4 == 0 && one.word.end_waiting()) ++one.unbegun;
        }
    }

    /// Reads the results of tasks that are done, while workers go on with others.
    void read_results() {
        for (std::size_t n = 0; n < count; ++n) {
            contested const& one = tasks_[n];
            auto state = one.word.state();
            while (state == task_state::waiting || state == task_state::running) {
                std::this_thread::yield();
                state = one.word.state();
            }
            if (state == task_state::done && one.result >= workers) ++wrong_results_;
        }
    }

    std::unique_ptr<contested[]> tasks_;
    std::atomic<std::size_t> furthest_ = 0;
    std::atomic<std::size_t> wrong_results_ = 0;
};

TEST_F(task_words, give_each_task_to_one_and_one_end) {
    on_threads(workers + 2, [this](std::size_t number) {
        if (number == workers) return interfere();
        if (number == workers + 1) return read_results();
        work(number);
    });
    EXPECT_EQ(wrong_results_, 0u);
    for (std::size_t n = 0; n < count; ++n) {
        contested& one = tasks_[n];
        ASSERT_EQ(one.begun + one.unbegun, 1u) << "task " << n;
        ASSERT_EQ(one.ended + one.lost, one.begun) << "task " << n;
        ASSERT_EQ(one.lost, one.terminating)
            << "task " << n << ": a worker that is being ended can't end it, and nobody else is kept from it";
        if (one.terminating) one.word.end_by_parent();
        ASSERT_TRUE(one.word.is_final()) << "task " << n;
    }
}

}  // namespace
}  // namespace quartet::detail::shared_words_test
