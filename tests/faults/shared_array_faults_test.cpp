// What a shared array does when the system refuses, when processes end, and what stays behind: nothing.
#include "src/base/descriptor.hpp"
#include "tests/conformance/models.hpp"
#include "tests/faults/checks.hpp"
#include "tests/faults/limits.hpp"

#include <array>
#include <atomic>
#include <csignal>
#include <fcntl.h>
#include <new>
#include <optional>
#include <stdexcept>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <thread>
#include <utility>

namespace quartet::faults::shared_array_faults_test {
namespace {

using conformance::may_fork_beside_threads;
using conformance::sanitized;
using conformance::with_processes;

constexpr std::size_t mebibyte = std::size_t{1} << 20;

bool is_gone(shared_view<int const> view) {
    try {
        view.span();
        return false;
    } catch (std::runtime_error const& error) {
        return std::string_view(error.what()).find("is gone") != std::string_view::npos;
    }
}

TEST(a_shared_array, that_is_too_large_is_refused) {
    struct sysinfo machine {};
    sysinfo(&machine);
    auto const all = std::size_t{machine.totalram} * machine.mem_unit;
    for (std::size_t bytes : {all + 1, all, std::size_t{1} << 62, ~std::size_t{0}})
        EXPECT_THROW(shared_array<char>{bytes}, std::bad_alloc) << bytes;
    EXPECT_THROW(shared_array<double>((std::size_t{1} << 61) + 1), std::bad_alloc);
}

TEST(a_shared_array, without_address_space_is_refused_and_leaves_nothing) {
    if (sanitized) GTEST_SKIP() << "a sanitizer reserves more address space than the limit allows";
    auto const descriptors = open_descriptors();
    auto const mapped = mappings_of("quartet-array");
    resource_limit const lower(RLIMIT_AS, status("VmSize") * 1024 + 20 * mebibyte);
    EXPECT_THROW(shared_array<char>(100 * mebibyte), std::bad_alloc);
    EXPECT_EQ(shared_array<char>(mebibyte).size(), mebibyte);
    EXPECT_EQ(open_descriptors(), descriptors);
    EXPECT_EQ(mappings_of("quartet-array"), mapped);
}

TEST(a_shared_array, without_a_descriptor_is_refused) {
    try {
        resource_limit const lower(RLIMIT_NOFILE, 3);
        shared_array<int> const numbers(10);
        FAIL() << "there was a descriptor";
    } catch (std::system_error const& error) {
        EXPECT_EQ(error.code(), std::errc::too_many_files_open) << error.what();
    }
}

/// In a worker, which then has no descriptor left.
int first_without_descriptors(shared_view<int> numbers) {
    resource_limit const lower(RLIMIT_NOFILE, 3);
    return numbers.span()[0];
}

TEST(a_shared_array, whose_reader_has_no_descriptor_can_be_read_later) {
    if (!with_processes) GTEST_SKIP() << "no processes under this sanitizer";
    auto executor = make_executor("processes:1");
    shared_array<int> numbers(std::vector{7});
    auto const refused = executor.try_map(first_without_descriptors, std::vector{numbers.view()});
    ASSERT_FALSE(refused[0].has_value());
    EXPECT_TRUE(tells(refused[0].error(), "Too many open files", "cannot open the shared array of process"));
    auto const first = [](shared_view<int> all) { return all.span()[0]; };
    EXPECT_EQ(executor.map(first, std::vector{numbers.view()}), std::vector{7});
}

TEST(a_shared_array, is_made_however_many_signals_come) {
    signal(SIGALRM, [](int) {});
    itimerval const often{.it_interval = {.tv_sec = 0, .tv_usec = 5000},
                          .it_value = {.tv_sec = 0, .tv_usec = 5000}};
    itimerval const never{};
    setitimer(ITIMER_REAL, &often, nullptr);
    EXPECT_EQ(shared_array<char>(256 * mebibyte).size(), 256 * mebibyte);
    setitimer(ITIMER_REAL, &never, nullptr);
    signal(SIGALRM, SIG_DFL);
}

TEST(a_shared_array, leaves_no_descriptor_mapping_or_memory) {
    auto const descriptors = open_descriptors();
    auto const mapped = mappings_of("quartet-array");
    for (int round = 0; round < 100; ++round)
        shared_array<char>(mebibyte).view().span()[0] = 'x';
    EXPECT_EQ(open_descriptors(), descriptors);
    EXPECT_EQ(mappings_of("quartet-array"), mapped);
}

TEST(a_shared_array, gives_its_memory_back_though_others_have_it_open) {
    std::optional<detail::shared_memory> memory(10 * mebibyte);
    detail::descriptor const other(dup(memory->name().descriptor));
    struct stat about {};
    fstat(other.get(), &about);
    EXPECT_GE(static_cast<std::size_t>(about.st_blocks) * 512, 10 * mebibyte);
    memory.reset();
    fstat(other.get(), &about);
    EXPECT_EQ(about.st_blocks, 0);
}

TEST(a_shared_array, does_not_stay_in_a_worker) {
    if (!with_processes) GTEST_SKIP() << "no processes under this sanitizer";
    auto executor = make_executor("processes:1");
    auto const look = [](shared_view<char> all) {
        all.span()[0] = 'x';
        return std::array{mappings_of("quartet-array"), open_descriptors()};
    };
    std::optional<std::array<std::size_t, 2>> before;
    for (int round = 0; round < 20; ++round) {
        shared_array<char> letters(mebibyte);
        auto const now = executor.map(look, std::vector{letters.view()})[0];
        EXPECT_EQ(now, before.value_or(now));
        before = now;
    }
}

TEST(a_shared_array, keeps_what_a_worker_wrote_that_died) {
    if (!with_processes) GTEST_SKIP() << "no processes under this sanitizer";
    auto executor = make_executor("processes:2");
    shared_array<int> numbers(3);
    auto const write_and_die = [all = numbers.view()](std::size_t place) {
        all.span()[place] = 7;
        raise(SIGKILL);
    };
    executor.try_map(write_and_die, std::vector<std::size_t>{0, 1, 2});
    EXPECT_EQ(std::vector(numbers.begin(), numbers.end()), std::vector(3, 7));
}

TEST(a_view, of_no_array_says_so) {
    EXPECT_EQ(shared_view<int>().size(), 0u);
    EXPECT_THROW(shared_view<int>().span(), std::runtime_error);
}

TEST(a_view, is_not_mistaken_for_that_of_a_later_array_with_the_same_descriptor) {
    auto const body = [](shared_view<int> view) { return is_gone(view); };
    auto executor = with_processes ? make_executor("processes:1") : make_executor("single");
    auto const old = shared_array<int>(10).view();
    shared_array<int> const numbers(10);
    EXPECT_EQ(executor.map(body, std::vector{old}), std::vector{true});
    EXPECT_TRUE(is_gone(old));
    EXPECT_FALSE(is_gone(numbers.view()));
}

TEST(a_view, of_an_array_that_moved_is_as_good) {
    shared_array<int> numbers(std::vector{7, 8});
    auto const view = numbers.view();
    shared_array<int> other(std::move(numbers));
    EXPECT_EQ(numbers.size(), 0u);
    EXPECT_EQ(view.span().data(), other.data());
    shared_array<int> third(std::vector{1});
    auto const ended = third.view();
    third = std::move(other);
    EXPECT_EQ(third[1], 8);
    EXPECT_TRUE(is_gone(ended));
}

/// In a worker: an array that lives as long as the process.
shared_view<int> keep(int value) {
    static std::vector<shared_array<int>> kept;
    kept.emplace_back(std::vector{value});
    return kept.back().view();
}

TEST(a_view, of_a_workers_array_is_good_while_the_worker_lives) {
    if (!with_processes) GTEST_SKIP() << "no processes under this sanitizer";
    auto executor = make_executor("processes:1");
    auto const kept = executor.map(keep, std::vector{7, 8});
    EXPECT_EQ(kept[1].span()[0], 8);
    EXPECT_FALSE(executor.try_map([](int) { raise(SIGKILL); }, std::vector{1})[0].has_value());
    EXPECT_TRUE(is_gone(kept[0])) << "was not mapped in time";
    EXPECT_EQ(kept[1].span()[0], 8) << "mapped memory stays as long as somebody has it";
}

TEST(a_forked_child, can_lose_its_copy_of_an_array) {
    auto numbers = std::make_optional<shared_array<int>>(std::vector{7});
    pid_t const child = fork();
    if (child == 0) {
        numbers.reset();
        _exit(0);
    }
    waitpid(child, nullptr, 0);
    EXPECT_EQ(numbers->data()[0], 7);
    EXPECT_FALSE(is_gone(numbers->view()));
}

TEST(a_process, can_lose_its_copy_of_an_array) {
    if (!with_processes) GTEST_SKIP() << "no processes under this sanitizer";
    auto numbers = std::make_optional<shared_array<int>>(std::vector{7});
    auto const view = numbers->view();
    process child([&] {
        // Has the number that the array's descriptor had in the parent.
        shared_array<int> const own(std::vector{8});
        auto const same_number = own.view();
        numbers.reset();
        bool const well = view.span()[0] == 7 && open("/dev/null", O_RDONLY) >= 0 &&
                          make_executor("processes:1")
                                  .map([](shared_view<int const> all) { return all.span()[0]; },
                                       std::vector{same_number})[0] == 8;
        return well ? 0 : 1;
    });
    child.start();
    child.join();
    EXPECT_EQ(child.exit_code(), 0);
    EXPECT_EQ(numbers->data()[0], 7);
    EXPECT_FALSE(is_gone(view));
}

TEST(a_forked_child, can_use_arrays_though_other_threads_were_making_some) {
    if (!may_fork_beside_threads) GTEST_SKIP() << "no fork beside threads under a sanitizer";
    shared_array<int> const numbers(std::vector{7});
    std::atomic<bool> enough = false;
    std::thread busy([&] {
        while (!enough)
            shared_array<int>(1).view().span()[0] = 1;
    });
    for (int round = 0; round < 300; ++round) {
        pid_t const child = fork();
        if (child == 0) {
            alarm(100);  // a lock that nobody releases
            _exit(numbers.view().span()[0] == 7 ? 0 : 1);
        }
        int status = 0;
        waitpid(child, &status, 0);
        EXPECT_EQ(status, 0);
        if (status != 0) break;
    }
    enough = true;
    busy.join();
}

}  // namespace
}  // namespace quartet::faults::shared_array_faults_test
