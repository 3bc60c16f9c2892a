#include "src/shm/shared_pages.hpp"

#include "src/base/descriptor.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstring>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

namespace quartet::detail::shared_pages_test {
namespace {

constexpr std::size_t page = 4096;

using back_function = bool (*)(std::byte*, std::size_t) noexcept;

class shared_pages : public testing::TestWithParam<back_function> {
protected:
    static bool back(std::byte* begin, std::size_t bytes) { return GetParam()(begin, bytes); }
};
INSTANTIATE_TEST_SUITE_P(kernels, shared_pages, testing::Values(&back_pages, &back_pages_singly),
                         [](auto const& way) { return way.param == &back_pages ? "new" : "old"; });

std::ptrdiff_t pages_there(std::byte* begin, std::size_t bytes) {
    std::vector<unsigned char> there(bytes / page);
    if (mincore(begin, bytes, there.data()) != 0) return -1;
    return std::ranges::count_if(there, [](unsigned char each) { return (each & 1) != 0; });
}

TEST_P(shared_pages, come_as_asked_for_and_go) {
    std::byte* const begin = reserve_pages(1000 * page);
    EXPECT_EQ(pages_there(begin, 1000 * page), 0);
    EXPECT_TRUE(back(begin + 2 * page - 1, 2));
    EXPECT_EQ(pages_there(begin, 1000 * page), 2);
    EXPECT_TRUE(back(begin, 900 * page));
    EXPECT_EQ(pages_there(begin, 1000 * page), 900);
    drop_pages(begin + 1, 900 * page);
    EXPECT_EQ(pages_there(begin, 1000 * page), 1);
    release_pages(begin, 1000 * page);
}

TEST_P(shared_pages, keep_what_stands_in_them) {
    std::byte* const begin = reserve_pages(10 * page);
    ASSERT_TRUE(back(begin, 5 * page));
    std::memset(begin, 7, 5 * page);
    ASSERT_TRUE(back(begin, 10 * page));
    EXPECT_EQ(std::count(begin, begin + 5 * page, std::byte{7}), static_cast<long>(5 * page));
    EXPECT_EQ(std::count(begin + 5 * page, begin + 10 * page, std::byte{0}), static_cast<long>(5 * page));
    drop_pages(begin, 5 * page);
    EXPECT_EQ(begin[0], std::byte{0});
    release_pages(begin, 10 * page);
}

/// Where a touch raises SIGBUS: beyond the end of a file.
TEST_P(shared_pages, that_can_not_be_had_are_no_signal) {
    descriptor const file(memfd_create("short", MFD_CLOEXEC));
    ASSERT_EQ(ftruncate(file.get(), 2 * page), 0);
    auto* const begin =
        static_cast<std::byte*>(mmap(nullptr, 4 * page, PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0));
    EXPECT_TRUE(back(begin, 2 * page));
    EXPECT_FALSE(back(begin, 3 * page));
    EXPECT_FALSE(back(begin + 3 * page, 1));
    release_pages(begin, 4 * page);
}

/// A call that is begun anew after each signal would not come to an end.
TEST_P(shared_pages, come_however_many_signals_do) {
    constexpr std::size_t bytes = std::size_t{256} << 20;
    signal(SIGALRM, [](int) {});
    itimerval const often{.it_interval = {.tv_sec = 0, .tv_usec = 500},
                          .it_value = {.tv_sec = 0, .tv_usec = 500}};
    itimerval const never{};
    std::byte* const begin = reserve_pages(bytes);
    setitimer(ITIMER_REAL, &often, nullptr);
    EXPECT_TRUE(back(begin, bytes));
    setitimer(ITIMER_REAL, &never, nullptr);
    signal(SIGALRM, SIG_DFL);
    EXPECT_EQ(pages_there(begin, bytes), static_cast<std::ptrdiff_t>(bytes / page));
    release_pages(begin, bytes);
}

}  // namespace
}  // namespace quartet::detail::shared_pages_test
