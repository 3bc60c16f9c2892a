// A limit on the size of files (`ulimit -f`) never ends the program by a SIGXFSZ: what is a file for the
// system fails with both sizes, and the rest goes on.
#include "src/base/file_size_limit.hpp"
#include "tests/conformance/models.hpp"
#include "tests/faults/checks.hpp"
#include "tests/faults/limits.hpp"

#include <csignal>
#include <system_error>

namespace quartet::faults::file_sizes_test {
namespace {

using conformance::any_model;

constexpr std::size_t kibibyte = 1024;
constexpr std::size_t mebibyte = std::size_t{1} << 20;

class file_sizes : public any_model {};
QUARTET_SUITE(file_sizes, conformance::rows_with_real_io());

bool is_pending() {
    sigset_t waiting;
    sigpending(&waiting);
    return sigismember(&waiting, SIGXFSZ) == 1;
}

TEST(a_shared_array, above_the_limit_on_file_sizes_says_so) {
    resource_limit const lower(RLIMIT_FSIZE, mebibyte);
    try {
        shared_array<char> const letters(2 * mebibyte);
        FAIL() << "it was made";
    } catch (std::system_error const& error) {
        EXPECT_EQ(error.code(), std::errc::file_too_large);
        EXPECT_STREQ(error.what(),
                     "quartet: a shared array of 2097152 bytes is larger than this process may make a file "
                     "(1048576 bytes, RLIMIT_FSIZE); raise the limit (ulimit -f): File too large");
    }
    EXPECT_EQ(shared_array<char>(mebibyte / 2).size(), mebibyte / 2);
    EXPECT_THROW(shared_array<char>{mebibyte}, std::system_error) << "its head needs a page more";
    EXPECT_FALSE(is_pending());
}

TEST_P(file_sizes, fail_the_commands_whose_input_is_larger) {
    resource_limit const lower(RLIMIT_FSIZE, 64 * kibibyte);
    auto executor = make();
    auto const count = [](context& ctx, std::size_t bytes) -> task<std::size_t> {
        auto counting = command::program("cat");
        counting.input = std::string(bytes, 'x');
        auto const counted = co_await ctx.run(std::move(counting));
        co_return counted.output.size();
    };
    auto const outcomes =
        executor.try_map(count, std::vector<std::size_t>{10, 65 * kibibyte, 64 * kibibyte, 10 * mebibyte});
    EXPECT_EQ(outcomes[0].value(), 10u);
    EXPECT_EQ(outcomes[2].value(), 64 * kibibyte);
    for (std::size_t n : {1u, 3u}) {
        ASSERT_FALSE(outcomes[n].has_value());
        EXPECT_TRUE(tells(outcomes[n].error(), "cannot start 'cat': its input of", "RLIMIT_FSIZE"));
    }
}

TEST_P(file_sizes, bind_no_inputs_or_results) {
    resource_limit const lower(RLIMIT_FSIZE, 4 * kibibyte);
    auto const twice = [](std::string const& text) { return text + text; };
    auto const results = make().map(twice, std::vector{std::string(3 * mebibyte, 'a'), std::string("b")});
    EXPECT_EQ(results[0].size(), 6 * mebibyte);
    EXPECT_EQ(results[1], "bb");
}

}  // namespace
}  // namespace quartet::faults::file_sizes_test
