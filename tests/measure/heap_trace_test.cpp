// tests/measure/heap_trace_test.cpp
//
// Each test runs in a forked child of its own, so that it has an account of its own and the figures of one
// cannot leak into the next. What the child finds wrong it reports by its exit status.

#include "measure/heap/heap_trace.hpp"

#include "measure/heap/heap_account.hpp"
#include "tests/measure/forked.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <limits>
#include <malloc.h>
#include <memory>
#include <new>
#include <pthread.h>
#include <signal.h>
#include <string>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace quartet::measure::heap_trace_test {

namespace heap_trace = quartet::measure::heap_trace;
using quartet::test::child_process;
using quartet::test::in_child;

namespace {

constexpr std::uint64_t mebibyte = 1 << 20;

struct heap_trace_test : testing::Test {
    void SetUp() override {
        if (!heap_trace::available()) GTEST_SKIP() << "built with a sanitizer, which has its own malloc";
    }
};

std::uint64_t current() {
    return heap_trace::read()->current_bytes;
}
std::uint64_t peak() {
    return heap_trace::read()->peak_bytes;
}

bool near(std::uint64_t actual, std::uint64_t expected) {
    auto const difference = actual > expected ? actual - expected : expected - actual;
    return static_cast<double>(difference) <= 0.02 * static_cast<double>(expected);
}

/// malloc that the compiler may not optimize away, with every page touched.
void* take(std::uint64_t bytes) {
    void* volatile block = std::malloc(bytes);
    std::memset(block, 1, bytes);
    return block;
}

}  // namespace

TEST_F(heap_trace_test, nothing_is_read_before_start_and_after_stop) {
    EXPECT_TRUE(in_child([] {
        bool const before = heap_trace::read().has_value();
        heap_trace::start();
        bool const during = heap_trace::read().has_value();
        heap_trace::stop();
        return !before && during && !heap_trace::read().has_value();
    }));
}

TEST_F(heap_trace_test, every_way_to_allocate_is_counted_and_given_back) {
    using allocator = void* (*)();
    allocator const allocators[] = {
        [] { return std::malloc(mebibyte); },
        [] { return std::calloc(4, mebibyte / 4); },
        [] { return std::realloc(nullptr, mebibyte); },
        [] { return std::realloc(std::malloc(100), mebibyte); },
        [] { return std::realloc(std::malloc(4 * mebibyte), mebibyte); },
        [] { return reallocarray(nullptr, 4, mebibyte / 4); },
        [] { return memalign(64, mebibyte); },
        [] { return std::aligned_alloc(64, mebibyte); },
        [] {
            void* block = nullptr;
            return posix_memalign(&block, 64, mebibyte) == 0 ? block : nullptr;
        },
        [] { return valloc(mebibyte); },
        [] { return pvalloc(mebibyte); },
        // From glibc's inside; the text is a megabyte, so the copy is, too.
        [] { return static_cast<void*>(strdup(std::string(mebibyte, 'x').c_str())); },
    };
    for (std::size_t i = 0; i < std::size(allocators); ++i)
        EXPECT_TRUE(in_child([&] {
            heap_trace::start();
            void* volatile const block = allocators[i]();
            bool const counted = near(current(), mebibyte);
            std::free(block);
            return counted && current() < 1024 && peak() >= mebibyte;
        })) << "allocator "
            << i;
}

TEST_F(heap_trace_test, operator_new_is_counted) {
    EXPECT_TRUE(in_child([] {
        heap_trace::start();
        auto const block = std::make_unique<std::vector<char>>(mebibyte);
        return near(current(), mebibyte);
    }));
}

TEST_F(heap_trace_test, realloc_to_nothing_gives_back) {
    EXPECT_TRUE(in_child([] {
        heap_trace::start();
        void* const block = take(mebibyte);
        void* volatile const none = std::realloc(block, std::strlen(""));
        return none == nullptr && current() < 1024;
    }));
}

TEST_F(heap_trace_test, errors_are_those_of_glibc_and_count_nothing) {
    EXPECT_TRUE(in_child([] {
        heap_trace::start();
        std::size_t volatile const huge = std::numeric_limits<std::size_t>::max() / 2;
        void* block = nullptr;
        bool good = std::malloc(huge) == nullptr && errno == ENOMEM;
        errno = 0;
        good = good && reallocarray(nullptr, huge, 16) == nullptr && errno == ENOMEM;
        good = good && posix_memalign(&block, 3, 16) == EINVAL && posix_memalign(&block, 24, 16) == EINVAL;
        good = good && posix_memalign(&block, 64, huge) == ENOMEM && block == nullptr;
        return good && current() < 1024;
    }));
}

TEST_F(heap_trace_test, many_small_blocks_add_up) {
    EXPECT_TRUE(in_child([] {
        heap_trace::start();
        std::vector<std::unique_ptr<char[]>> blocks(100'000);
        auto const vector_bytes = blocks.size() * sizeof(blocks[0]);
        for (auto& each : blocks)
            each = std::make_unique<char[]>(100);
        auto const block_bytes = blocks.size() * malloc_usable_size(blocks[0].get());
        return near(current(), vector_bytes + block_bytes) && heap_trace::read()->calls > 100'000;
    }));
}

TEST_F(heap_trace_test, children_are_in_the_sum_and_in_the_peak) {
    EXPECT_TRUE(in_child([] {
        heap_trace::start();
        child_process children[] = {
            child_process([] { return take(32 * mebibyte); }),
            child_process([] { return take(64 * mebibyte); }),
            child_process([] { return take(96 * mebibyte); }),
        };
        for (auto& each : children)
            each.wait_until_ready();
        bool const while_they_live = near(current(), 192 * mebibyte) && near(peak(), 192 * mebibyte);
        for (auto& each : children)
            each.finish();
        return while_they_live && current() < mebibyte && near(peak(), 192 * mebibyte);
    }));
}

TEST_F(heap_trace_test, a_killed_child_leaves_before_it_is_reaped) {
    EXPECT_TRUE(in_child([] {
        heap_trace::start();
        child_process child([] { return take(32 * mebibyte); });
        child.wait_until_ready();
        bool const counted = near(current(), 32 * mebibyte);
        child.kill_without_reaping();
        return counted && current() < mebibyte;
    }));
}

TEST_F(heap_trace_test, a_dead_worker_and_its_successor_are_not_both_in_the_peak) {
    EXPECT_TRUE(in_child([] {
        heap_trace::start();
        for (int i = 0; i < 5; ++i) {
            child_process worker([] { return take(32 * mebibyte); });
            worker.wait_until_ready();
            worker.kill_without_reaping();
        }
        return near(peak(), 32 * mebibyte);
    }));
}

TEST_F(heap_trace_test, what_dead_children_held_does_not_lift_a_later_peak_of_the_parent) {
    EXPECT_TRUE(in_child([] {
        heap_trace::start();
        child_process child([] { return take(64 * mebibyte); });
        child.wait_until_ready();
        child.finish();
        take(80 * mebibyte);
        return near(peak(), 80 * mebibyte);
    }));
}

TEST_F(heap_trace_test, a_process_that_calls_exec_leaves) {
    EXPECT_TRUE(in_child([] {
        heap_trace::start();
        pid_t const child = fork();
        if (child == 0) {
            take(32 * mebibyte);
            execlp("true", "true", static_cast<char*>(nullptr));
            _exit(127);
        }
        siginfo_t ended;
        waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED);
        return ended.si_status == 0 && current() < mebibyte && near(peak(), 32 * mebibyte);
    }));
}

TEST_F(heap_trace_test, freeing_inherited_blocks_takes_nothing_from_the_parent) {
    EXPECT_TRUE(in_child([] {
        heap_trace::start();
        void* const inherited = take(32 * mebibyte);
        child_process child([&] {
            std::free(inherited);
            return take(8 * mebibyte);
        });
        child.wait_until_ready();
        return near(current(), 40 * mebibyte);
    }));
}

TEST_F(heap_trace_test, blocks_from_before_start_do_not_make_it_negative) {
    EXPECT_TRUE(in_child([] {
        void* const old = take(32 * mebibyte);
        heap_trace::start();
        std::free(old);
        std::unique_ptr<void, void (*)(void*)> const block(take(8 * mebibyte), std::free);
        return near(current(), 8 * mebibyte);
    }));
}

TEST_F(heap_trace_test, grandchildren_count) {
    EXPECT_TRUE(in_child([] {
        heap_trace::start();
        child_process child([] {
            static child_process grandchild([] { return take(32 * mebibyte); });
            grandchild.wait_until_ready();
            return nullptr;
        });
        child.wait_until_ready();
        return near(current(), 32 * mebibyte);
    }));
}

TEST_F(heap_trace_test, threads_by_the_thousand_leave_nothing_behind) {
    EXPECT_TRUE(in_child([] {
        heap_trace::start();
        for (int round = 0; round < 20; ++round) {
            std::vector<std::thread> threads;
            for (int i = 0; i < 100; ++i)
                threads.emplace_back([] {
                    for (int k = 0; k < 100; ++k) {
                        void* volatile const block = std::malloc(100);
                        std::free(block);
                    }
                });
            for (auto& each : threads)
                each.join();
        }
        // 2000 threads of 202 calls each; glibc keeps what it allocates per thread for the next one.
        return current() < 256 * 1024 && heap_trace::read()->calls > 2000 * 200;
    }));
}

TEST_F(heap_trace_test, blocks_may_be_freed_by_another_thread) {
    EXPECT_TRUE(in_child([] {
        heap_trace::start();
        std::vector<void*> blocks(10'000);
        auto const vector_bytes = blocks.size() * sizeof(void*);
        for (int round = 0; round < 50; ++round) {
            std::thread([&] {
                for (auto& each : blocks)
                    each = take(200);
            }).join();
            std::thread([&] {
                for (auto const each : blocks)
                    std::free(each);
            }).join();
        }
        return current() < vector_bytes + 128 * 1024;
    }));
}

TEST_F(heap_trace_test, forking_while_other_threads_allocate_neither_hangs_nor_loses_bytes) {
    EXPECT_TRUE(in_child([] {
        heap_trace::start();
        std::atomic<bool> stop = false;
        std::vector<std::thread> busy;
        for (int i = 0; i < 4; ++i)
            busy.emplace_back([&] {
                while (!stop)
                    std::free(take(3000));
            });
        bool good = true;
        for (int i = 0; i < 100; ++i) {
            child_process child([] { return take(mebibyte); });
            child.wait_until_ready();
            good = good && current() > mebibyte - 100'000;
            child.finish();
        }
        stop = true;
        for (auto& each : busy)
            each.join();
        return good && current() < 256 * 1024;
    }));
}

TEST_F(heap_trace_test, allocations_of_a_library_loaded_later_are_counted) {
    EXPECT_TRUE(in_child([] {
        heap_trace::start();
        void* const library = dlopen("libgmp.so.10", RTLD_NOW);
        if (!library) return false;
        auto const power = reinterpret_cast<void (*)(void*, unsigned long, unsigned long)>(
            dlsym(library, "__gmpz_ui_pow_ui"));
        auto const init = reinterpret_cast<void (*)(void*)>(dlsym(library, "__gmpz_init"));
        alignas(16) char number[16];
        init(number);
        power(number, 2, 8 * mebibyte);  // a number of one megabyte
        return current() > mebibyte && peak() > mebibyte;
    }));
}

TEST_F(heap_trace_test, a_second_start_begins_at_zero) {
    EXPECT_TRUE(in_child([] {
        heap_trace::start();
        void* const old = take(32 * mebibyte);
        heap_trace::stop();
        heap_trace::start();
        bool const empty = current() == 0 && peak() == 0;
        std::free(old);
        std::unique_ptr<void, void (*)(void*)> const block(take(mebibyte), std::free);
        return empty && near(current(), mebibyte);
    }));
}

TEST_F(heap_trace_test, slots_of_the_dead_are_taken_again) {
    EXPECT_TRUE(in_child([] {
        heap_trace::start();
        for (int i = 0; i < 50; ++i) {
            child_process child([] { return take(mebibyte); });
            child.wait_until_ready();
            child.kill_without_reaping();
        }
        return quartet::measure::heap_account::open_ledger.load()->slots_used == 2;  // ours and one more
    }));
}

TEST_F(heap_trace_test, a_process_without_a_slot_still_counts) {
    EXPECT_TRUE(in_child([] {
        heap_trace::start();
        auto& book = *quartet::measure::heap_account::open_ledger.load();
        for (auto& each : book.slots)
            pthread_mutex_lock(&each.alive);
        child_process child([] { return take(32 * mebibyte); });
        child.wait_until_ready();
        return near(current(), 32 * mebibyte);
    }));
}

/// Of the quickest of many tries.
double nanoseconds_of_a_system_call() {
    constexpr int calls = 100;
    auto least = std::chrono::nanoseconds::max();
    for (int i = 0; i < 1000; ++i) {
        auto const begin = std::chrono::steady_clock::now();
        for (int k = 0; k < calls; ++k)
            syscall(SYS_getppid);
        least = std::min<std::chrono::nanoseconds>(least, std::chrono::steady_clock::now() - begin);
    }
    return static_cast<double>(least.count()) / calls;
}

TEST_F(heap_trace_test, cost_is_a_few_nanoseconds_and_grows_with_the_calls) {
    double const nanoseconds = heap_trace::cost_per_call();
    EXPECT_GT(nanoseconds, 0.1);
    EXPECT_LT(nanoseconds, nanoseconds_of_a_system_call()) << "hundreds, on any machine";
    auto const million = heap_trace::cost_of({.calls = 1'000'000});
    EXPECT_GT(million.count(), 100'000);
    EXPECT_GT(heap_trace::cost_of({.calls = 1'000'000, .flushes = 1'000'000}), million);
}

TEST(heap_trace_in_a_sanitized_build, is_absent_and_harmless) {
    if (heap_trace::available()) GTEST_SKIP() << "not such a build";
    heap_trace::start();
    EXPECT_FALSE(heap_trace::read().has_value());
}

}  // namespace quartet::measure::heap_trace_test
