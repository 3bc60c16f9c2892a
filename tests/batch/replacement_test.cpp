// tests/batch/replacement_test.cpp

#include "batch/line/replacement.hpp"

#include "tests/batch/input_files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace quartet::batch::replacement_test {

using testing::ElementsAre;
using testing::HasSubstr;
using strings = std::vector<std::string>;

// What the text becomes; "(as it is)" if the braces mean nothing.
std::string read(std::string_view text, strings const& columns, strings const& fields) {
    auto const found = read_braces(text, columns);
    if (!found) return "(as it is)";
    EXPECT_EQ(found->length, text.size());
    if (!found->replaced) return "literally " + found->literal;
    std::string all;
    for (auto const& value :
         found->replaced->values({.fields = fields, .number = 7, .slot = 3, .output = "o"}))
        all += (all.empty() ? "" : "|") + value;
    return all;
}

std::string of_two(std::string_view text) {
    return read(text, {"", ""}, {"a/b.tar.gz", "c.d"});
}

std::string of_named(std::string_view text) {
    return read(text, {"city", "zip-code", "v.x", "two words", "twice", "twice"},
                {"K.y", "2", "3", "4", "5", "6"});
}

std::string refusal_of_braces(std::string_view text, strings const& columns) {
    return refusal_of([&] { read_braces(text, columns); });
}

TEST(in_form, takes_a_path_apart) {
    using enum path_form;
    struct {
        char const *path, *no_extension, *base, *folder, *base_no_extension;
    } const cases[] = {
        {"a/b.tar.gz", "a/b.tar", "b.tar.gz", "a", "b.tar"},
        {"a.b", "a", "a.b", ".", "a"},
        {"/a", "/a", "a", "/", "a"},
        {"a.b/c", "a.b/c", "c", "a.b", "c"},
        {"a//b.c", "a//b", "b.c", "a", "b"},
        {"a/b.c/", "a/b.c/", "b.c", "a", "b"},
        {".bashrc", ".bashrc", ".bashrc", ".", ".bashrc"},
        {"a/.x.y", "a/.x", ".x.y", "a", ".x"},
        {"a.", "a", "a.", ".", "a"},
        {"..", "..", "..", ".", ".."},
        {"/", "/", "/", "/", "/"},
        {"//", "//", "/", "/", "/"},
        {"", "", "", ".", ""},
        {"a b.c d", "a b", "a b.c d", ".", "a b"},
    };
    for (auto const& each : cases) {
        EXPECT_EQ(in_form(each.path, whole), each.path);
        EXPECT_EQ(in_form(each.path, no_extension), each.no_extension) << each.path;
        EXPECT_EQ(in_form(each.path, base), each.base) << each.path;
        EXPECT_EQ(in_form(each.path, folder), each.folder) << each.path;
        EXPECT_EQ(in_form(each.path, base_no_extension), each.base_no_extension) << each.path;
    }
}

TEST(read_braces, knows_all_replacements) {
    EXPECT_EQ(of_two("{}"), "a/b.tar.gz|c.d");
    EXPECT_EQ(of_two("{.}"), "a/b.tar|c");
    EXPECT_EQ(of_two("{/}"), "b.tar.gz|c.d");
    EXPECT_EQ(of_two("{//}"), "a|.");
    EXPECT_EQ(of_two("{/.}"), "b.tar|c");
    EXPECT_EQ(of_two("{#}"), "7");
    EXPECT_EQ(of_two("{%}"), "3");
    EXPECT_EQ(of_two("{out}"), "o");
    EXPECT_EQ(of_two("{1}"), "a/b.tar.gz");
    EXPECT_EQ(of_two("{2.}"), "c");
    EXPECT_EQ(of_two("{1/}"), "b.tar.gz");
    EXPECT_EQ(of_two("{1//}"), "a");
    EXPECT_EQ(of_two("{1/.}"), "b.tar");
}

TEST(read_braces, knows_columns_by_name) {
    EXPECT_EQ(of_named("{city}"), "K.y");
    EXPECT_EQ(of_named("{city.}"), "K");
    EXPECT_EQ(of_named("{zip-code}"), "2");
    EXPECT_EQ(of_named("{v.x}"), "3");
    EXPECT_EQ(of_named("{two words}"), "4");
    EXPECT_EQ(of_named("{5}"), "5");
}

TEST(read_braces, leaves_other_braces) {
    for (auto const* text : {"{", "{a", "{a,b}", "{print $1}", "{ }", "{-1}", "{1,3}", "{..}", "{city}", "{{",
                             "{{.Names}}", "{{city}}", "x{}"})
        EXPECT_EQ(of_two(text), "(as it is)") << text;
    EXPECT_EQ(of_named("{print $1}"), "(as it is)");
}

TEST(read_braces, takes_two_pairs_as_one_that_stays) {
    EXPECT_EQ(of_two("{{}}"), "literally {}");
    EXPECT_EQ(of_two("{{1/.}}"), "literally {1/.}");
    EXPECT_EQ(of_two("{{9}}"), "literally {9}");
    EXPECT_EQ(of_two("{{#}}"), "literally {#}");
    EXPECT_EQ(of_named("{{city}}"), "literally {city}");
    EXPECT_EQ(of_named("{{print}}"), "literally {print}");
}

TEST(read_braces, refuses_fields_and_columns_that_there_are_not) {
    EXPECT_THAT(refusal_of_braces("{3}", {"", ""}),
                HasSubstr("asks for {3}, and the fields of an input are {1} to {2}; {{3}} is {3}"));
    EXPECT_THAT(refusal_of_braces("{0}", {""}),
                HasSubstr("asks for {0}, and the fields of an input are {1} only"));
    EXPECT_THAT(refusal_of_braces("{99999999999999999999999.}", {""}), HasSubstr("are {1} only"));
    EXPECT_THAT(refusal_of_braces("{citty/}", {"city", "", "code"}),
                HasSubstr("asks for {citty/}, and the columns are {city}, {code}; "));
    EXPECT_THAT(refusal_of_braces("{міто}", {"місто"}),
                HasSubstr("asks for {міто}, and the columns are {місто}; "));
    EXPECT_THAT(refusal_of_braces("{x}", {"a", "x", "x"}),
                HasSubstr("several columns have that name; the first is {2}"));
}

}  // namespace quartet::batch::replacement_test
