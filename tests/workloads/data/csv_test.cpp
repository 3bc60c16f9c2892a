#include "workloads/data/csv.hpp"

#include "tests/workloads/data/csv_reading.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace quartet::csv_test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

struct good_case {
    char const* name;
    std::string_view text;
    csv_rows rows;
};

std::vector<good_case> const good_cases = {
    {"lf", "a,b\n1,2\n", {{"a", "b"}, {"1", "2"}}},
    {"crlf", "a,b\r\n1,2\r\n", {{"a", "b"}, {"1", "2"}}},
    {"lf_and_crlf_mixed", "a,b\r\n1,2\n3,4\r\n", {{"a", "b"}, {"1", "2"}, {"3", "4"}}},
    {"last_line_without_end", "a,b\n1,2", {{"a", "b"}, {"1", "2"}}},
    {"last_field_empty_without_end", "a,b\n1,", {{"a", "b"}, {"1", ""}}},
    {"empty_fields", "a,b,c\n,,\n,2,\n", {{"a", "b", "c"}, {"", "", ""}, {"", "2", ""}}},
    {"quoted", "\"a\",b\n\"1\",\"2\"\n", {{"a", "b"}, {"1", "2"}}},
    {"quoted_empty", "a,b\n\"\",\"\"", {{"a", "b"}, {"", ""}}},
    {"quoted_comma", "a,b\n\"1,2\",3\n", {{"a", "b"}, {"1,2", "3"}}},
    {"quoted_line_breaks", "a,b\n\"1\n2\",\"3\r\n4\r5\"\n", {{"a", "b"}, {"1\n2", "3\r\n4\r5"}}},
    {"doubled_quotes", "a,b\n\"say \"\"hi\"\"\",\"\"\"\"\n", {{"a", "b"}, {"say \"hi\"", "\""}}},
    {"doubled_quotes_in_two_fields", "a,b\n\"\"\"1\",\"2\"\"\"\n", {{"a", "b"}, {"\"1", "2\""}}},
    {"nothing_but_doubled_quotes", "a,b\n\"\"\"\"\"\",x\n", {{"a", "b"}, {"\"\"", "x"}}},
    {"spaces_belong_to_fields", " a ,b\n 1 ,2\n", {{" a ", "b"}, {" 1 ", "2"}}},
    {"byte_order_mark",
     "\xef\xbb\xbf"
     "a,b\n1,2\n",
     {{"a", "b"}, {"1", "2"}}},
    {"byte_order_mark_and_quoted_name", "\xef\xbb\xbf\"a\",b\n", {{"a", "b"}}},
    {"mark_elsewhere_is_content", "a,b\n\xef\xbb\xbf,2\n", {{"a", "b"}, {"\xef\xbb\xbf", "2"}}},
    {"bytes_beyond_ascii", "a,b\nZo\xc3\xab,\xff\n", {{"a", "b"}, {"Zo\xc3\xab", "\xff"}}},
    {"zero_bytes", {"a,b\n\0,x\0y\n", 10}, {{"a", "b"}, {{"\0", 1}, {"x\0y", 3}}}},
    {"header_only", "a,b", {{"a", "b"}}},
    {"header_only_with_end", "a,b\r\n", {{"a", "b"}}},
    {"header_with_line_break", "\"a\nb\",c\n1,2\n", {{"a\nb", "c"}, {"1", "2"}}},
    {"blank_lines_are_skipped", "a,b\n\n1,2\n\r\n\n3,4\n\n", {{"a", "b"}, {"1", "2"}, {"3", "4"}}},
    {"single_column", "a\n1\n\"\"\n2", {{"a"}, {"1"}, {""}, {"2"}}},
    {"single_column_blank_line_is_a_field", "a\n\n1\r\n\r\n", {{"a"}, {""}, {"1"}, {""}}},
    {"same_name_twice", "a,a\n1,2\n", {{"a", "a"}, {"1", "2"}}},
};

TEST(csv, reads_what_rfc_4180_allows) {
    for (auto const& [name, text, rows] : good_cases) {
        csv_reading const reading = read_csv(text);
        EXPECT_EQ(reading.error, "") << name;
        EXPECT_EQ(reading.rows, rows) << name;
        EXPECT_EQ(disagreement(text, 5), "") << name;
    }
}

// A field can begin and end at any place of a 64-byte block; the padding moves it through all of them.
TEST(csv, reads_the_same_at_every_place_of_a_block) {
    for (auto const& [name, text, rows] : good_cases) {
        if (text.starts_with("\xef\xbb\xbf")) continue;
        for (std::size_t padding = 0; padding < 2 * csv_block_size; ++padding) {
            csv_reading const reading = read_csv(std::string(padding, 'x') + std::string(text));
            if (padding != 0 && text.starts_with('"')) {
                EXPECT_EQ(reading.error_line, 1U) << name;
                continue;
            }
            csv_rows expected = rows;
            expected[0][0].insert(0, padding, 'x');
            ASSERT_EQ(reading.rows, expected) << name << ", padding " << padding;
        }
    }
}

struct broken_case {
    char const* name;
    std::string_view text;
    std::size_t line;
    char const* problem;
};

std::vector<broken_case> const broken_cases = {
    {"empty", "", 1, "the text is empty; its first line must name the columns"},
    {"byte_order_mark_only", "\xef\xbb\xbf", 1, "the text is empty; its first line must name the columns"},
    {"first_line_blank", "\na,b\n", 1, "the first line is empty; it must name the columns"},
    {"quote_never_closed", "a,b\n1,2\n3,\"4\n5,6\n", 3,
     "a field in quotes begins here and never ends; add its closing"},
    {"quote_never_closed_in_header", "a,\"b\n1,2\n", 1,
     "a field in quotes begins here and never ends; add its closing"},
    {"quote_never_closed_after_doubled", "a,b\n1,\"2\"\"\n\"\"", 2,
     "a field in quotes begins here and never ends"},
    {"quote_at_the_very_end", "a,b\n1,\"", 2, "a field in quotes begins here and never ends"},
    {"quote_opens_after_broken_lines", "a,b\n\"1\n\n1\",\"2\n\n", 4,
     "a field in quotes begins here and never ends"},
    {"text_after_quote", "a,b\n\"1\"x,2\n", 2,
     "text follows the closing quote of a field; a comma or the end of the"},
    {"text_after_quote_and_break", "a,b\n\"1\n2\" ,3\n", 3, "text follows the closing quote of a field"},
    {"text_after_quote_at_the_end", "a,b\n1,\"2\"x", 2,
     "a quote that belongs to the text must be doubled (\"\")"},
    {"quote_in_plain_field", "a,b\n1,2\n1,2\"3\n", 3,
     "a quote stands inside a field that does not begin with one; put"},
    {"quote_in_plain_header", "a,b\"\n", 1, "put the field in quotes and double the quote (\"\")"},
    {"too_few", "a,b,c\n1,2,3\n1,2\n", 3,
     "the record has 2 fields, but the header has 3; add or remove commas"},
    {"too_few_of_one", "a,b\n1\n", 2, "the record has 1 field, but the header has 2"},
    {"too_many", "a,b\n1,2,3,4\n", 2, "the record has 4 fields, but the header has 2"},
    {"too_many_for_one_column", "a\n1,\n", 2, "the record has 2 fields, but the header has 1"},
    {"too_many_names_its_first_line", "a,b\n1,\"2\n\n\",3\n", 2,
     "the record has 3 fields, but the header has 2"},
    {"blank_lines_count", "a,b\n\r\n\n1\n", 4, "the record has 1 field, but the header has 2"},
    {"carriage_return_alone", "a,b\n1,2\r3,4\n", 2,
     "a carriage return without a line feed; end lines with LF or CRLF"},
    {"carriage_return_at_the_end", "a,b\n1,2\r", 2, "a carriage return without a line feed"},
    {"header_lines_count", "\"a\n\nb\",c\n1\n", 4, "the record has 1 field, but the header has 2"},
    {"carriage_return_as_last_line", "a,b\n1,2\n\r", 3, "a carriage return without a line feed"},
    {"old_mac_lines", "a,b\r1,2\r", 1, "a carriage return without a line feed"},
};

TEST(csv, names_line_problem_and_remedy_of_broken_text) {
    for (auto const& [name, text, line, problem] : broken_cases) {
        csv_reading const reading = read_csv(text);
        EXPECT_EQ(reading.error_line, line) << name;
        EXPECT_THAT(reading.error, testing::StartsWith("line " + std::to_string(line) + ": ")) << name;
        EXPECT_THAT(reading.error, HasSubstr(problem)) << name;
        EXPECT_EQ(disagreement(text, 5), "") << name;
    }
}

// A text is often a piece of a longer one; the byte behind it may be the very one that would mend or break
// it.
TEST(csv, what_lies_behind_the_text_is_not_read) {
    std::vector<std::string_view> texts;
    for (good_case const& each : good_cases)
        texts.push_back(each.text);
    for (broken_case const& each : broken_cases)
        texts.push_back(each.text);
    for (std::string_view const text : texts) {
        for (char const behind : {'\n', '\r', '"', ','}) {
            std::string const longer = std::string(text) + behind;
            EXPECT_EQ(read_csv(std::string_view(longer).substr(0, text.size())), read_csv(text)) << text;
        }
    }
}

TEST(csv, records_before_the_broken_one_are_read) {
    EXPECT_EQ(read_csv("a,b\n1,2\n3\n4,5\n").rows, (csv_rows{{"a", "b"}, {"1", "2"}}));
}

TEST(csv, broken_record_gives_its_error_each_time) {
    std::string_view const text = "a,b\n1\n3,4\n";
    csv_header const header(text);
    csv_reader reader(header, text);
    csv_record record;
    EXPECT_THROW(reader.next(record), csv_error);
    EXPECT_THROW(reader.next(record), csv_error);
}

TEST(csv, finished_reader_stays_finished) {
    std::string_view const text = "a,b\n1,2\n";
    csv_header const header(text);
    csv_reader reader(header, text);
    csv_record record;
    EXPECT_TRUE(reader.next(record));
    EXPECT_FALSE(reader.next(record));
    EXPECT_FALSE(reader.next(record));
}

TEST(csv, fields_are_found_by_the_name_of_their_column) {
    std::string_view const text = "name,mail\nAnna,a@example.com\nBo,b@example.com\n";
    csv_header const header(text);
    std::size_t const mail = header.column("mail");
    std::vector<std::string> mails;
    csv_reader reader(header, text);
    for (csv_record record; reader.next(record);)
        mails.emplace_back(record[mail]);
    EXPECT_THAT(mails, ElementsAre("a@example.com", "b@example.com"));
}

TEST(csv, unknown_column_names_those_there_are) {
    csv_header const header("name,mail\n");
    try {
        header.column("email");
        FAIL() << "an unknown column was found";
    } catch (std::invalid_argument const& error) {
        EXPECT_STREQ(error.what(), "no column is named \"email\"; there are: name, mail");
    }
}

TEST(csv, ambiguous_column_is_refused_by_name_only) {
    csv_header const header("a,b,a\n");
    EXPECT_THROW(header.column("a"), std::invalid_argument);
    EXPECT_EQ(header.column("b"), 1U);
}

// No copy, no allocation: what makes the reader fast is part of its contract.
TEST(csv, fields_without_doubled_quotes_point_into_the_text) {
    std::string_view const text = "a,b,c\nx,\"y,\nz\",\"\"\"\"\n";
    csv_header const header(text);
    csv_reader reader(header, text);
    csv_record record;
    ASSERT_TRUE(reader.next(record));
    EXPECT_EQ(record[0].data(), text.data() + text.find('x'));
    EXPECT_EQ(record[1].data(), text.data() + text.find('y'));
    EXPECT_EQ(record[2], "\"");
}

TEST(csv, wide_records_are_read_whole) {
    std::string names = "first";
    std::string values = "0";
    for (int i = 1; i < 1000; ++i) {
        names.append(",").append(std::to_string(i));
        values.append(",\"\"\"").append(std::to_string(i)).append("\"");
    }
    csv_reading const reading = read_csv(names + "\n" + values + "\n");
    ASSERT_EQ(reading.error, "");
    ASSERT_EQ(reading.rows.size(), 2U);
    for (std::size_t i = 1; i < 1000; ++i)
        ASSERT_EQ(reading.rows[1][i], "\"" + std::to_string(i));
}

}  // namespace
}  // namespace quartet::csv_test
