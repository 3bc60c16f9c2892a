// tests/batch/table_source_test.cpp

#include "batch/inputs/sources.hpp"
#include "tests/batch/input_files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace quartet::batch::table_source_test {

using testing::ElementsAre;
using testing::HasSubstr;
using namespace std::string_literals;

rows records_of(std::string_view text, char separator = ',') {
    input_file const file(text);
    table_source source(file.path(), separator);
    return rows_of(source);
}

std::string refusal_of_table(std::string_view text) {
    return refusal_of([&] { records_of(text); });
}

TEST(table_source, names_its_columns) {
    input_file const file("\xEF\xBB\xBF\"first, name\",city,\r\na,b,c\r\n");
    table_source source(file.path(), ',');
    EXPECT_THAT(source.columns(), ElementsAre("first, name", "city", ""));
    EXPECT_EQ(rows_of(source), (rows{{"a", "b", "c"}}));
}

TEST(table_source, gives_records_of_either_line_end) {
    EXPECT_EQ(records_of("x,y\n"), rows{});
    EXPECT_EQ(records_of("x,y"), rows{});
    EXPECT_EQ(records_of("x,y\na,b\n,\nc,d"), (rows{{"a", "b"}, {"", ""}, {"c", "d"}}));
    EXPECT_EQ(records_of("x,y\r\na,b\r\n\"c\",\"d\"\r\n"), (rows{{"a", "b"}, {"c", "d"}}));
    EXPECT_EQ(records_of("x,y\na,b\r"), (rows{{"a", "b"}}));
    EXPECT_EQ(records_of("x,y\na,\"b\"\r"), (rows{{"a", "b"}}));
}

TEST(table_source, takes_what_is_in_quotes_as_it_is) {
    EXPECT_EQ(records_of("x,y\n\"a,\"\"b\"\"\",\"1\r\n2\n\"\n"), (rows{{"a,\"b\"", "1\r\n2\n"}}));
    EXPECT_EQ(records_of("x\n\"\"\n\" \"\n"), (rows{{""}, {" "}}));
    EXPECT_EQ(records_of("x,y\n a , b\rc\n"), (rows{{" a ", " b\rc"}}));
    EXPECT_EQ(records_of("x,y\na\r,b\n"), (rows{{"a\r", "b"}}));
}

TEST(table_source, skips_blank_lines) {
    EXPECT_EQ(records_of("\r\n\nx,y\n\n\r\na,b\n\n"), (rows{{"a", "b"}}));
    EXPECT_EQ(records_of("x\n\na\n\n"), (rows{{"a"}}));
}

TEST(table_source, separated_by_tabs_has_quotes_inside_fields) {
    EXPECT_EQ(records_of("size\tname\n5\"\ta, b\n\"1\t2\"\t\n", '\t'), (rows{{"5\"", "a, b"}, {"1\t2", ""}}));
}

TEST(table_source, refuses_what_is_broken_and_names_the_line) {
    EXPECT_THAT(refusal_of_table(""), HasSubstr("line 1: it is empty"));
    EXPECT_THAT(refusal_of_table("\n\n"), HasSubstr("line 3: it is empty"));
    EXPECT_THAT(refusal_of_table("x,y\n\n\"a\n\",b\n\na\n"),
                HasSubstr("line 6: the record has 1 field, and the header has 2"));
    EXPECT_THAT(refusal_of_table("x,y\na,b,c\n"), HasSubstr("line 2: the record has 3 fields"));
    EXPECT_THAT(refusal_of_table("x,y\na,b\"\n"), HasSubstr("line 2: a quote stands inside"));
    EXPECT_THAT(refusal_of_table("x,y\na,\"b\"c\n"), HasSubstr("line 2: text follows the closing quote"));
    EXPECT_THAT(refusal_of_table("x\n\"b\"\rc\n"), HasSubstr("line 2: a carriage return"));
    EXPECT_THAT(refusal_of_table("x,y\na,\"b\n\n"),
                HasSubstr("line 2: a field in quotes begins here and never ends"));
    EXPECT_THAT(refusal_of_table("x,y\na,b\0\n"s), HasSubstr("line 2: it holds a NUL byte"));
    EXPECT_THAT(refusal_of_table("x\n\"" + std::string((1 << 24) + 1, '\n')),
                HasSubstr("line 2: the record that begins here is longer than 16777216 bytes"));
}

TEST(table_source, gives_the_records_before_a_broken_one) {
    input_file const file("x\na\nb,c\n");
    table_source source(file.path(), ',');
    EXPECT_THAT(*source.next(), ElementsAre("a"));
    EXPECT_THAT(refusal_of([&] { source.next(); }), HasSubstr("in', line 3: "));
}

}  // namespace quartet::batch::table_source_test
