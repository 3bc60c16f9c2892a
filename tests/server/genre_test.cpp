// The client's checksums rest on these texts: if they changed, results of two versions of quartet could no
// longer be compared. So a few are written down.
#include "server/genre.hpp"

#include "server/page.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <set>

namespace quartet::genre_test {
namespace {

TEST(genre, is_the_same_for_ever) {
    EXPECT_EQ(genre(0), "epic prairie metal");
    EXPECT_EQ(genre(7), "brutal arctic dub");
    EXPECT_EQ(genre(UINT64_MAX), "feral highland swing");
}

TEST(genre, needs_no_escaping) {
    for (std::uint64_t n = 0; n < 10'000; ++n) {
        auto const text = genre(n);
        EXPECT_EQ(std::count(text.begin(), text.end(), ' '), 2) << text;
        EXPECT_EQ(text.find_first_not_of("abcdefghijklmnopqrstuvwxyz -"), text.npos) << text;
    }
}

// A checksum over equal genres would not notice replies that went to the wrong task.
TEST(genre, differs_between_neighbours) {
    std::set<std::string> seen;
    for (std::uint64_t n = 0; n < 1000; ++n)
        seen.insert(genre(n));
    EXPECT_GT(seen.size(), 980U);
}

TEST(page, has_the_length_asked_for) {
    for (std::size_t bytes : {0, 1, 10, 71, 72, 15'000, 100'000})
        EXPECT_EQ(page(bytes).size(), bytes);
}

TEST(page, is_the_beginning_of_any_longer_one) {
    EXPECT_TRUE(page(20'000).starts_with(page(15'000)));
    EXPECT_TRUE(page(15'000).starts_with(page(40)));
    EXPECT_TRUE(page(40).starts_with("<!doctype html>"));
}

}  // namespace
}  // namespace quartet::genre_test
