// tests/measure/process_tree_test.cpp
//
// The memory is mapped by mmap and touched, so that it is the same under every allocator and sanitizer.

#include "measure/probes/process_tree.hpp"

#include "tests/measure/forked.hpp"
#include "tests/waiting.hpp"

#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <sys/mman.h>
#include <unistd.h>

namespace quartet::measure::process_tree_test {

using quartet::test::child_process;
using quartet::test::in_child;

namespace {

constexpr std::size_t mebibyte = 1 << 20;

/// Touched by the kernel, since the shadow memory that a sanitizer adds to a store would count.
void* take(std::size_t bytes) {
    void* const block =
        mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    return block == MAP_FAILED ? nullptr : block;
}

void* take_shared(std::size_t bytes) {
    return mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
}

void expect_near(std::size_t actual, std::size_t expected) {
    EXPECT_NEAR(static_cast<double>(actual), static_cast<double>(expected),
                0.02 * static_cast<double>(expected));
}

/// A root that leads a session, as a trial does, and does `prepare` in it.
child_process session(std::function<void()> const& prepare) {
    return child_process([&]() -> void* {
        setsid();
        prepare();
        return nullptr;
    });
}

/// A child of the caller that lives until its parent dies.
child_process& lasting(std::function<void*()> const& prepare) {
    auto& child = *new child_process(prepare);  // whoever calls this is killed and has no use for an end
    child.wait_until_ready();
    return child;
}

/// The bytes of a tree beyond those of its processes when they hold nothing.
template <class Prepare>
std::size_t bytes_of(Prepare const& prepare) {
    auto const measure = [&](std::size_t factor) {
        auto const root = session([&] { prepare(factor); });
        root.wait_until_ready();
        std::size_t const bytes = tree_memory_sampler(root.pid(), sampling::by_hand).sample_now();
        kill(-root.pid(), SIGKILL);  // its group, with orphans
        return bytes;
    };
    std::size_t const without = measure(0);
    return measure(1) - without;
}

}  // namespace

TEST(tree_memory, three_children_are_summed) {
    auto const bytes = bytes_of([](std::size_t factor) {
        for (std::size_t const size : {32, 64, 96})
            lasting([=] { return factor == 0 ? nullptr : take(size * mebibyte); });
    });
    expect_near(bytes, 192 * mebibyte);
}

TEST(tree_memory, shared_pages_count_once) {
    auto const bytes = bytes_of([](std::size_t factor) {
        if (factor == 0) return;
        auto* const block = static_cast<char*>(take_shared(96 * mebibyte));
        for (int i = 0; i < 3; ++i)
            lasting([=]() -> void* {
                madvise(block, 96 * mebibyte, MADV_POPULATE_READ);
                return block;
            });
    });
    // Of three processes without anything shared there is some of their own, so a little more than 2 %.
    EXPECT_GT(bytes, 94 * mebibyte);
    EXPECT_LT(bytes, 120 * mebibyte);
}

TEST(tree_memory, a_grandchild_that_left_the_session_belongs) {
    auto const bytes = bytes_of([](std::size_t factor) {
        lasting([=]() -> void* {
            lasting([=] {
                setsid();
                return factor == 0 ? nullptr : take(64 * mebibyte);
            });
            return nullptr;
        });
    });
    expect_near(bytes, 64 * mebibyte);
}

TEST(tree_memory, an_orphan_that_stayed_in_the_session_belongs) {
    auto const bytes = bytes_of([](std::size_t factor) {
        std::array<int, 2> ready{};
        if (pipe(ready.data()) != 0) return;
        pid_t const parent = fork();
        if (parent == 0) {
            if (fork() != 0) _exit(0);
            alarm(600);  // nobody knows this one's number
            if (factor != 0) take(64 * mebibyte);
            if (write(ready[1], "", 1) == 1) pause();
            _exit(0);
        }
        waitpid(parent, nullptr, 0);
        char byte;
        while (read(ready[0], &byte, 1) < 0) {
        }
    });
    expect_near(bytes, 64 * mebibyte);
}

TEST(tree_memory, an_executed_command_belongs) {
    auto const root = session([] {
        if (fork() != 0) return;
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        execlp("dd", "dd", "if=/dev/zero", "of=/dev/null", "bs=64M", static_cast<char*>(nullptr));
        _exit(127);
    });
    root.wait_until_ready();
    tree_memory_sampler sampler(root.pid(), sampling::by_hand);
    EXPECT_TRUE(test::comes_true([&] { return sampler.sample_now() >= 64 * mebibyte; }));
    EXPECT_GE(sampler.peak_bytes(), 64 * mebibyte);
}

TEST(tree_memory, the_peak_stays_when_the_memory_is_given_back) {
    auto root = session([] { take(64 * mebibyte); });
    root.wait_until_ready();
    tree_memory_sampler sampler(root.pid(), sampling::by_hand);
    auto const most = sampler.sample_now();
    root.kill_without_reaping();
    EXPECT_EQ(sampler.sample_now(), 0u) << "a zombie holds nothing";
    EXPECT_EQ(sampler.method(), "pss");
    EXPECT_EQ(sampler.peak_bytes(), most);
    EXPECT_GT(most, 64 * mebibyte);
    EXPECT_EQ(sampler.sample_count(), 2u);
}

TEST(tree_memory, others_do_not_count) {
    child_process const stranger([] { return take(64 * mebibyte); });
    auto const root = session([] {});
    stranger.wait_until_ready();
    root.wait_until_ready();
    EXPECT_LT(tree_memory_sampler(root.pid(), sampling::by_hand).sample_now(), 60 * mebibyte);
}

TEST(tree_memory, of_a_process_that_is_gone_is_nothing) {
    auto root = session([] {});
    root.wait_until_ready();
    pid_t const gone = root.pid();
    root.finish();
    tree_memory_sampler sampler(gone, sampling::by_hand);
    EXPECT_EQ(sampler.sample_now(), 0u);
    EXPECT_EQ(sampler.method(), "pss");
}

TEST(tree_memory, of_a_process_that_hides_its_map_is_its_resident_size_and_says_so) {
    auto const root = session([] {
        take(64 * mebibyte);
        prctl(PR_SET_DUMPABLE, 0);  // as when it runs as another user: only statm stays readable
    });
    root.wait_until_ready();
    EXPECT_TRUE(in_child([&] {
        if (geteuid() == 0 && setuid(65534) != 0) return false;
        tree_memory_sampler sampler(root.pid(), sampling::by_hand);
        return sampler.sample_now() >= 64 * mebibyte && sampler.method() == "rss";
    }));
}

TEST(tree_memory, the_thread_samples_by_itself) {
    auto const root = session([] { take(64 * mebibyte); });
    root.wait_until_ready();
    tree_memory_sampler sampler(root.pid());
    EXPECT_TRUE(test::comes_true([&] { return sampler.sample_count() >= 3; }));
    EXPECT_GE(sampler.peak_bytes(), 64 * mebibyte);
}

TEST(tree_memory, may_end_at_any_moment) {
    for (int i = 0; i < 50; ++i)
        tree_memory_sampler sampler(getpid());
}

TEST(tree_memory, may_be_asked_while_the_thread_samples) {
    tree_memory_sampler sampler(getpid());
    for (int i = 0; i < 50; ++i)
        EXPECT_GT(sampler.sample_now(), 0u);
    EXPECT_GE(sampler.sample_count(), 50u);
}

}  // namespace quartet::measure::process_tree_test
