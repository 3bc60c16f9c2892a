// tests/batch/input_arguments_test.cpp

#include "batch/inputs/input_arguments.hpp"

#include "tests/batch/input_files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace quartet::batch::input_arguments_test {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using words = std::vector<char const*>;

input_arguments split(words const& given) {
    return split_inputs(given);
}

rows rows_from(words const& given) {
    auto const source = open_inputs(split(given).sources);
    auto found = rows_of(*source);
    for (auto const& row : found)
        EXPECT_EQ(row.size(), source->columns().size());
    return found;
}

std::string refusal_from(words const& given) {
    return refusal_of([&] { rows_from(given); });
}

TEST(split_inputs, takes_what_stands_before_the_sources) {
    EXPECT_THAT(split({}).words, IsEmpty());
    EXPECT_THAT(split({"a", "{}", ":", "::"}).words, ElementsAre("a", "{}", ":", "::"));
    EXPECT_THAT(split({"a", "{}"}).sources, IsEmpty());
    EXPECT_THAT(split({"a", "b", ":::", "c"}).words, ElementsAre("a", "b"));
}

TEST(split_inputs, makes_a_source_of_values_and_one_of_each_file) {
    auto const found = split({":::", "1", "", "::::", "f", "-", ":::+", "x", "::::+", "g"}).sources;
    ASSERT_EQ(found.size(), 5u);
    EXPECT_THAT(found[0].values, ElementsAre("1", ""));
    EXPECT_EQ(found[0].kind, source_kind::values);
    EXPECT_EQ(found[1].kind, source_kind::lines);
    EXPECT_EQ(found[1].file, "f");
    EXPECT_EQ(found[2].file, "-");
    EXPECT_FALSE(found[2].linked);
    EXPECT_THAT(found[3].values, ElementsAre("x"));
    EXPECT_TRUE(found[3].linked);
    EXPECT_TRUE(found[4].linked);
    EXPECT_EQ(found[4].file, "g");
}

TEST(split_inputs, refuses_a_source_without_what_it_needs) {
    EXPECT_THAT(refusal_of([] { split({"a", "::::"}); }), HasSubstr("'::::' needs a file"));
    EXPECT_THAT(refusal_of([] { split({"a", "::::+", ":::", "b"}); }), HasSubstr("'::::+' needs a file"));
    EXPECT_THAT(refusal_of([] {
                    split({"a", ":::+", "b"});
                }),
                HasSubstr("':::+' links inputs to those before it"));
}

TEST(open_inputs, of_no_values_gives_no_rows) {
    EXPECT_EQ(rows_from({":::"}), rows{});
    EXPECT_EQ(rows_from({":::", ":::", "a"}), rows{});
    EXPECT_EQ(rows_from({":::", "a", ":::"}), rows{});
}

TEST(open_inputs, crosses_sources_and_the_last_varies_fastest) {
    EXPECT_EQ(rows_from({":::", "a", "b", ":::", "1", "2", ":::", "x", "y"}), (rows{{"a", "1", "x"},
                                                                                    {"a", "1", "y"},
                                                                                    {"a", "2", "x"},
                                                                                    {"a", "2", "y"},
                                                                                    {"b", "1", "x"},
                                                                                    {"b", "1", "y"},
                                                                                    {"b", "2", "x"},
                                                                                    {"b", "2", "y"}}));
}

TEST(open_inputs, links_sources_to_the_one_before) {
    EXPECT_EQ(rows_from({":::", "a", "b", ":::+", "1", "2", ":::+", "x", "y"}),
              (rows{{"a", "1", "x"}, {"b", "2", "y"}}));
    EXPECT_EQ(rows_from({":::", "a", "b", ":::", "1", "2", ":::+", "x", "y"}),
              (rows{{"a", "1", "x"}, {"a", "2", "y"}, {"b", "1", "x"}, {"b", "2", "y"}}));
}

TEST(open_inputs, reads_files_and_skips_empty_lines_but_in_linked_ones) {
    input_file const letters("a\n\nb\n");
    input_file const digits("1\n2\n3\n");
    auto const l = letters.path();
    auto const d = digits.path();
    EXPECT_EQ(rows_from({"::::", l.c_str()}), (rows{{"a"}, {"b"}}));
    EXPECT_EQ(rows_from({"::::", l.c_str(), ":::", "x"}), (rows{{"a", "x"}, {"b", "x"}}));
    EXPECT_EQ(rows_from({"::::", l.c_str(), "::::+", d.c_str()}), (rows{{"a", "1"}, {"", "2"}, {"b", "3"}}));
}

TEST(open_inputs, refuses_linked_inputs_of_unequal_number) {
    input_file const file("1\n2\n3\n");
    auto const path = file.path();
    EXPECT_THAT(refusal_from({":::", "a", "b", ":::+", "1"}), HasSubstr("'::: a …' has 2, '::: 1' has 1"));
    EXPECT_THAT(refusal_from({":::", "a", "b", "::::+", path.c_str()}),
                HasSubstr("'::: a …' has 2 rows and '" + path + "' has more"));
    EXPECT_THAT(refusal_from({"::::", path.c_str(), ":::+", "a"}),
                HasSubstr("'::: a' has 1 row and '" + path + "' has more"));
}

TEST(open_inputs, gives_what_can_be_paired_before_it_refuses) {
    input_file const file("1\n2\n");
    auto const path = file.path();
    auto const source = open_inputs(split({"::::", path.c_str(), ":::+", "a"}).sources);
    EXPECT_THAT(*source->next(), ElementsAre("1", "a"));
    EXPECT_THROW(source->next(), std::runtime_error);
}

TEST(open_inputs, has_the_columns_of_all_sources) {
    input_file const commas("city,code\nKyiv,1\n");
    input_file const tabs("lat\tlon\n50\t30\n");
    std::vector<source_description> sources{{.kind = source_kind::csv, .file = commas.path()},
                                            {.values = {"x"}},
                                            {.kind = source_kind::tsv, .file = tabs.path(), .linked = true}};
    auto const source = open_inputs(sources);
    EXPECT_THAT(source->columns(), ElementsAre("city", "code", "", "lat", "lon"));
    EXPECT_EQ(rows_of(*source), (rows{{"Kyiv", "1", "x", "50", "30"}}));
}

TEST(open_inputs, refuses_a_missing_file_and_standard_input_twice) {
    EXPECT_THAT(refusal_from({":::", "a", "::::", "/missing/file"}),
                HasSubstr("'/missing/file': No such file"));
    EXPECT_THAT(refusal_from({"::::", "-", "-"}), HasSubstr("standard input"));
    EXPECT_THROW(open_inputs({}), std::invalid_argument);
}

}  // namespace quartet::batch::input_arguments_test
