// The checks of the fault tests can go red.
#include "tests/faults/checks.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <thread>

namespace quartet::faults::checks_test {
namespace {

failure good_death() {
    return {.index = 5,
            .why = cause::worker_died,
            .message = "its worker processes-1 (process 77) was killed by SIGKILL (Killed)",
            .worker = "processes-1",
            .signal = SIGKILL};
}
death const by_kill{.signal = SIGKILL, .words = "SIGKILL"};

TEST(check_of_deaths, lets_the_right_one_pass) {
    EXPECT_TRUE(is_death(good_death(), 5, by_kill));
}

TEST(check_of_deaths, sees_every_mistake) {
    EXPECT_FALSE(is_death(good_death(), 4, by_kill));
    EXPECT_FALSE(is_death(good_death(), 5, {.signal = SIGSEGV, .words = "SIGKILL"}));
    EXPECT_FALSE(is_death(good_death(), 5, {.signal = SIGKILL, .words = "SIGSEGV"}));
    auto why = good_death();
    why.why = cause::threw;
    EXPECT_FALSE(is_death(why, 5, by_kill));
    why = good_death();
    why.exit_code = 3;
    EXPECT_FALSE(is_death(why, 5, by_kill));
    why = good_death();
    why.worker = "";
    EXPECT_FALSE(is_death(why, 5, by_kill));
    why = good_death();
    why.message = "was killed by SIGKILL";
    EXPECT_FALSE(is_death(why, 5, by_kill));
}

TEST(check_of_words, sees_every_mistake) {
    failure const why{.message = "cannot open 'x': Too many open files"};
    EXPECT_TRUE(tells(why, "Too many open files", "'x'"));
    EXPECT_FALSE(tells(why, "No space left", "'x'"));
    EXPECT_FALSE(tells(why, "Too many open files", "'y'"));
    EXPECT_FALSE(tells({.why = cause::worker_died, .message = why.message}, "Too many open files", "'x'"));
}

TEST(check_of_descriptors, sees_one_that_is_left_open) {
    auto const before = open_descriptors();
    int const left = open("/dev/null", O_RDONLY | O_CLOEXEC);
    EXPECT_EQ(open_descriptors(), before + 1);
    close(left);
    EXPECT_EQ(open_descriptors(), before);
}

TEST(check_of_shared_memory, sees_a_piece_that_is_left) {
    auto const before = shared_mappings();
    std::size_t const size = 4096;
    void* const left = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    EXPECT_EQ(shared_mappings(), before + 1);
    munmap(left, size);
    EXPECT_EQ(shared_mappings(), before);
}

TEST(check_of_threads, sees_one_that_is_left) {
    auto const before = own_threads();
    std::jthread const left([](std::stop_token const& done) {
        while (!done.stop_requested())
            std::this_thread::yield();
    });
    EXPECT_EQ(own_threads(), before + 1);
}

TEST(check_of_processes, sees_one_that_is_left_and_a_zombie) {
    pid_t const child = fork();
    if (child == 0) {
        pause();
        _exit(0);
    }
    EXPECT_EQ(children_of(getpid()), std::vector{child});
    EXPECT_TRUE(runs(child));
    kill(child, SIGKILL);
    siginfo_t ended;
    waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOWAIT);
    EXPECT_EQ(children_of(getpid()), std::vector{child}) << "a zombie counts as left";
    EXPECT_FALSE(runs(child)) << "but does not run";
    waitpid(child, nullptr, 0);
    EXPECT_TRUE(children_of(getpid()).empty());
}

TEST(check_of_memory, sees_a_leak) {
    auto const before = status("VmRSS");
    std::size_t const size = 20 << 20;
    void* const leak =
        mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    EXPECT_GE(status("VmRSS"), before + 19 * 1024);
    munmap(leak, size);
}

}  // namespace
}  // namespace quartet::faults::checks_test
