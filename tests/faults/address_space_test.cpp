// Under a limit on address space (`ulimit -v`) the shared heap of worker processes takes half of what is left
// at the most. The other half is for the program, its threads and further executors.
#include "tests/conformance/models.hpp"
#include "tests/faults/checks.hpp"
#include "tests/faults/limits.hpp"

#include <new>
#include <sys/mman.h>
#include <system_error>

namespace quartet::faults::address_space_test {
namespace {

using conformance::sanitized;
using conformance::with_processes;

constexpr std::size_t mebibyte = std::size_t{1} << 20;

class address_space : public testing::TestWithParam<std::string> {
protected:
    void SetUp() override {
        if (sanitized) GTEST_SKIP() << "a sanitizer reserves more address space than the limit allows";
        if (!with_processes) GTEST_SKIP() << "no processes under this sanitizer";
    }
    static std::size_t used() { return status("VmSize") * 1024; }
};
INSTANTIATE_TEST_SUITE_P(models, address_space,
                         testing::Values("processes:2", "processes:each", "processes:2+async:4"),
                         [](auto const& spec) {
                             std::string name = spec.param;
                             std::ranges::replace_if(
                                 name, [](char each) { return each == ':' || each == '+'; }, '_');
                             return name;
                         });

/// How much this process can still map in one piece.
std::size_t largest_piece() {
    std::size_t bytes = std::size_t{4096} * mebibyte;
    for (; bytes > 0; bytes -= mebibyte) {
        void* const piece = mmap(nullptr, bytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (piece == MAP_FAILED) continue;
        munmap(piece, bytes);
        break;
    }
    return bytes;
}

TEST_P(address_space, that_is_limited_is_half_the_programs) {
    for (std::size_t further : {120u, 300u, 390u, 410u, 450u, 1000u}) {
        resource_limit const lower(RLIMIT_AS, used() + further * mebibyte);
        auto executor = make_executor(GetParam());
        auto const outcomes = executor.try_map([](std::size_t bytes) { return std::string(bytes, 'x'); },
                                               std::vector<std::size_t>{1, 5 * mebibyte, 2});
        for (auto const& each : outcomes)
            EXPECT_TRUE(each.has_value()) << further << ": " << each.error().message;
        // Half of what was left, less the stack of the executor's thread.
        EXPECT_GE(largest_piece(), further / 2 * mebibyte - 20 * mebibyte) << further;
    }
}

TEST_P(address_space, is_left_for_further_executors) {
    resource_limit const lower(RLIMIT_AS, used() + 400 * mebibyte);
    std::vector<executor> executors;
    for (int n = 0; n < 3; ++n) {
        executors.push_back(make_executor(GetParam()));
        EXPECT_EQ(executors.back().map([](int each) { return each; }, std::vector{1, 2}),
                  (std::vector{1, 2}));
    }
}

TEST_P(address_space, that_is_not_there_is_an_error_in_words) {
    resource_limit const lower(RLIMIT_AS, used() + mebibyte);
    try {
        make_executor(GetParam());
        FAIL() << "it was made";
    } catch (std::system_error const& error) {
        EXPECT_EQ(error.code(), std::errc::not_enough_memory);
        EXPECT_NE(std::string_view(error.what()).find("ulimit -v"), std::string_view::npos) << error.what();
    }
    EXPECT_TRUE(children_of(getpid()).empty());
}

}  // namespace
}  // namespace quartet::faults::address_space_test
