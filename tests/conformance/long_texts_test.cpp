// Texts of users that are very long, or none: the outcome and the log have the same of them under all models.
#include "tests/conformance/models.hpp"

#include <gmock/gmock.h>

#include <mutex>
#include <new>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

namespace quartet::conformance::long_texts_test {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

constexpr std::size_t limit = 64 * 1024;
constexpr std::size_t most_mark = 40;

struct wordless : std::exception {
    char const* what() const noexcept override { return nullptr; }
};

/// Throws with so many characters of text.
int throw_long(std::size_t size) {
    throw std::runtime_error(std::string(size, 'x'));
}
task<int> throw_long_later(context& ctx, std::size_t size) {
    co_await ctx.yield();
    throw std::runtime_error(std::string(size, 'x'));
}

class a_text : public any_model {};
QUARTET_SUITE(a_text, all_rows());

TEST_P(a_text, of_an_exception_is_cut_and_says_by_how_much) {
    auto executor = make();
    std::vector<std::size_t> const sizes{limit - 1, limit, limit + 1, 10'000'000};
    for (auto const& outcomes :
         {executor.try_map(throw_long, sizes), executor.try_map(throw_long_later, sizes)}) {
        EXPECT_EQ(outcomes[0].error().message, std::string(limit - 1, 'x'));
        EXPECT_EQ(outcomes[1].error().message, std::string(limit, 'x'));
        EXPECT_EQ(outcomes[2].error().message, std::string(limit, 'x') + "... [1 bytes cut]");
        EXPECT_EQ(outcomes[3].error().message, std::string(limit, 'x') + "... [9934464 bytes cut]");
    }
    try {
        executor.map(throw_long, sizes);
        FAIL() << "nothing was thrown";
    } catch (map_error const& thrown) {
        EXPECT_EQ(thrown.failures().at(3).message.size(), limit + 23);
        EXPECT_LT(std::string(thrown.what()).size(), limit + 200);
    }
    EXPECT_EQ(executor.submit(throw_long, std::size_t{100'000}).take().error().message.size(), limit + 21);
}

TEST_P(a_text, is_cut_between_two_characters) {
    auto executor = make();
    auto const body = [](int shift) -> int {
        std::string text(static_cast<std::size_t>(shift), 'x');
        while (text.size() < 2 * limit)
            text += "\u20ac";  // three bytes
        throw std::runtime_error(text);
    };
    for (auto const& outcome : executor.try_map(body, std::vector{0, 1, 2})) {
        auto const& text = outcome.error().message;
        auto const kept = text.substr(0, text.find("..."));
        EXPECT_THAT(kept, EndsWith("\u20ac"));
        EXPECT_GT(kept.size(), limit - 3);
    }
}

TEST_P(a_text, that_is_no_utf8_is_kept_as_it_is) {
    auto executor = make();
    auto const body = [](int size) -> int {
        throw std::invalid_argument(std::string(static_cast<std::size_t>(size), '\xbf'));
    };
    auto const outcomes = executor.try_map(body, std::vector{3, 100'000});
    EXPECT_EQ(outcomes[0].error().message, "\xbf\xbf\xbf");
    EXPECT_THROW(outcomes[0].value(), std::invalid_argument);
    EXPECT_EQ(outcomes[1].error().message, std::string(limit, '\xbf') + "... [34464 bytes cut]");
}

TEST_P(a_text, that_is_null_is_said_to_be) {
    auto executor = make();
    auto const plain = [](int) -> int { throw wordless(); };
    auto const outcomes = executor.try_map(plain, std::vector{1});
    EXPECT_THAT(outcomes[0].error().message, HasSubstr("wordless"));
    EXPECT_THAT(outcomes[0].error().message, EndsWith("whose what() is null"));
    auto const later = [](context& ctx, int) -> task<int> {
        co_await ctx.yield();
        throw wordless();
    };
    EXPECT_EQ(executor.try_map(later, std::vector{1})[0].error().message, outcomes[0].error().message);
    EXPECT_THROW(executor.submit(plain, 1).get(), std::exception);
    call_options again;
    again.retry.times = 1;
    EXPECT_EQ(executor.try_map(plain, std::vector{1}, again)[0].error().message, outcomes[0].error().message);
}

TEST_P(a_text, that_is_logged_is_cut_at_the_same_length) {
    std::mutex mutex;
    std::vector<std::string> lines;
    {
        auto executor = make([&](log_record const& told) {
            std::lock_guard const lock(mutex);
            lines.push_back(told.line);
        });
        auto const body = [](context& ctx, std::size_t size) -> task<void> {
            ctx.log(std::string(size, 'l'));
            co_return;
        };
        for (std::size_t const size : {std::size_t{0}, std::size_t{20'000}, limit, std::size_t{1'000'000}})
            executor.map(body, std::vector{size});
    }
    ASSERT_EQ(lines.size(), 4u);
    EXPECT_EQ(lines[0], "");
    EXPECT_EQ(lines[1], std::string(20'000, 'l'));
    EXPECT_EQ(lines[2], std::string(limit, 'l'));
    EXPECT_EQ(lines[3], std::string(limit, 'l') + "... [934464 bytes cut]");
    EXPECT_LE(lines[3].size(), limit + most_mark);
}

TEST_P(a_text, that_is_long_does_not_hide_what_was_thrown) {
    auto executor = make();
    auto const body = [](int) -> int {
        throw std::system_error(ENOSPC, std::generic_category(), std::string(100'000, 'p'));
    };
    auto const outcomes = executor.try_map(body, std::vector{1});
    EXPECT_LE(outcomes[0].error().message.size(), limit + most_mark);
    try {
        outcomes[0].value();
        FAIL() << "nothing was thrown";
    } catch (std::system_error const& thrown) {
        EXPECT_EQ(thrown.code(), std::errc::no_space_on_device);
    }
}

}  // namespace
}  // namespace quartet::conformance::long_texts_test
