#include "workloads/data/csv_split.hpp"

#include "tests/workloads/data/csv_reading.hpp"
#include "workloads/data/generate_csv.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace quartet::csv_split_test {
namespace {

TEST(csv_split, parts_follow_each_other_without_gaps) {
    std::string const text = generate_csv(500);
    for (std::size_t count = 1; count <= 40; ++count) {
        auto const parts = split_at_records(text, count);
        ASSERT_EQ(parts.size(), count);
        std::size_t at = csv_header(text).records_offset();
        for (csv_part const& part : parts) {
            EXPECT_EQ(part.offset, at);
            at += part.length;
            std::string_view const before(text.data(), part.offset);
            EXPECT_EQ(part.first_line, 1U + csv_count_portable(before).line_feeds);
        }
        EXPECT_EQ(at, text.size());
    }
}

TEST(csv_split, parts_are_about_equal) {
    std::string const text = generate_csv(2000);
    for (csv_part const& part : split_at_records(text, 8)) {
        EXPECT_GT(part.length, text.size() / 8 - 1000);
        EXPECT_LT(part.length, text.size() / 8 + 1000);
    }
}

TEST(csv_split, line_break_in_quotes_is_no_border) {
    std::string_view const text = "a,b\n1,\"\n\n\n\n\n\n\"\n3,4\n";
    std::size_t const second = text.find('3');
    EXPECT_EQ(split_at_records(text, 2), (std::vector<csv_part>{{4, second - 4, 2}, {second, 4, 9}}));
}

TEST(csv_split, pieces_give_the_same_wherever_they_are_cut) {
    std::string_view const text = "a,\"b\nc\"\n1,\"x\n\"\"y\"\n2,3\n\"\n\",5\n6,7";
    csv_header const header(text);
    auto const records = text.substr(header.records_offset());
    for (std::size_t parts = 1; parts <= 6; ++parts) {
        auto const expected = split_at_records(text, parts);
        for (std::size_t cut = 0; cut <= records.size(); ++cut) {
            csv_splitter splitter(header, text.size(), parts);
            splitter.add(records.substr(0, cut));
            splitter.add(records.substr(cut));
            EXPECT_EQ(splitter.take(), expected) << parts << ' ' << cut;
        }
        csv_splitter letters(header, text.size(), parts);
        for (std::size_t at = 0; at < records.size(); ++at)
            letters.add(records.substr(at, 1));
        EXPECT_EQ(letters.take(), expected) << parts;
    }
}

TEST(csv_split, there_are_no_more_parts_than_records) {
    EXPECT_EQ(split_at_records("a,b\n1,2\n3,4\n", 100).size(), 2U);
    EXPECT_EQ(split_at_records("a,b\n1,2\n3,4\n", ~std::size_t{0}).size(), 2U);
}

TEST(csv_split, needs_the_header_once_and_readers_only_its_size) {
    std::string const text = generate_csv(100);
    csv_header const header(text);
    auto const parts = split_at_records(header, text, 7);
    EXPECT_EQ(parts, split_at_records(text, 7));
    csv_digest whole;
    for (auto const& part : parts) {
        csv_reader reader(header.size(), std::string_view(text).substr(part.offset, part.length),
                          part.first_line);
        whole.append(digest_of(reader));
    }
    csv_reader reader(header, text);
    EXPECT_EQ(whole, digest_of(reader));
    csv_reader of_more(header.size() + 1, std::string_view(text).substr(parts[1].offset),
                       parts[1].first_line);
    EXPECT_THROW(digest_of(of_more), csv_error);
}

TEST(csv_split, zero_parts_count_as_one) {
    EXPECT_EQ(split_at_records("a,b\n1,2\n3,4\n", 0), (std::vector<csv_part>{{4, 8, 2}}));
}

TEST(csv_split, header_without_records_has_no_parts) {
    EXPECT_TRUE(split_at_records("a,b", 3).empty());
    EXPECT_TRUE(split_at_records("a,b\r\n", 3).empty());
}

TEST(csv_split, broken_header_is_an_error) {
    EXPECT_THROW(split_at_records("", 3), csv_error);
}

// The record that is broken stands at each place once; whatever part it falls into must name its line.
TEST(csv_split, errors_name_the_line_of_the_whole_text) {
    constexpr std::size_t records = 30;
    std::vector<std::string> const broken = {"1", "1,2,3", "x\",2", "\"1\"x,2", "1,\"2", "1,2\r3"};
    for (std::string const& bad : broken) {
        for (std::size_t place = 0; place < records; ++place) {
            std::string text = "a,b\n";
            for (std::size_t i = 0; i < records; ++i)
                text += i == place ? bad + "\n" : "\"1\n1\",\"2,\"\"2\"\n";
            ASSERT_NE(read_csv(text).error_line, 0U);
            for (std::size_t parts = 1; parts <= 9; ++parts)
                ASSERT_EQ(read_csv(text, parts), read_csv(text)) << bad << " as record " << place;
        }
    }
}

}  // namespace
}  // namespace quartet::csv_split_test
