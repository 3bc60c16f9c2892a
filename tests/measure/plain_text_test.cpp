#include "measure/results/plain_text.hpp"

#include "measure/results/report_csv.hpp"
#include "measure/results/report_markdown.hpp"
#include "tests/measure/sample_results.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace quartet::measure::plain_text_test {
namespace {

using testing::HasSubstr;
using testing::Not;

/// All that a terminal or a browser would obey: NUL, BEL, ESC, DEL, CSI as one byte of C1, and marks of
/// direction; and a byte that is no UTF-8.
std::string const hostile = std::string("a\0b", 3) + "\a\x1b[31m\x7f\xc2\x9b" + "31m\xe2\x80\xae" +
                            "dcba\xe2\x81\xa6\xe2\x80\x8f\xff" + "end";

bool is_plain(std::string const& text) {
    for (char const* each :
         {"\a", "\x1b", "\x7f", "\xc2\x9b", "\xe2\x80\xae", "\xe2\x81\xa6", "\xe2\x80\x8f"}) {
        if (text.find(each) != text.npos) return false;
    }
    return text.find('\0') == text.npos;
}

TEST(plain_text, has_nothing_that_is_obeyed) {
    EXPECT_FALSE(is_plain(hostile));
    EXPECT_EQ(plain_text(hostile), "a?b??[31m??31m?dcba???end");
    EXPECT_EQ(plain_text("line\r\nnext\ttab"), "line  next tab");
    EXPECT_EQ(plain_lines("line\r\nnext\ttab\x1b"), "line \nnext\ttab?");
    EXPECT_EQ(plain_text("grün 緑 🙂"), "grün 緑 🙂");
}

TEST(shortened, keeps_the_beginning_and_says_how_long_it_was) {
    EXPECT_EQ(shortened("short", 100), "short");
    auto const once = shortened(std::string(10 << 20, 'x'), 4000);
    EXPECT_EQ(once.size(), 4000u);
    EXPECT_THAT(once, HasSubstr("xxx [... 10485760 bytes in all]"));
    auto const twice = shortened(once, 500);
    EXPECT_EQ(twice.size(), 500u);
    EXPECT_THAT(twice, HasSubstr("xxx [... 10485760 bytes in all]")) << "and not 4000";
    EXPECT_THAT(shortened(std::string(65'536, 'x') + "... [1000 bytes cut]", 500),
                HasSubstr("xxx [... 66536 bytes in all]"))
        << "as the library cuts it";
}

TEST(shortened, cuts_no_character) {
    std::string text;
    for (int i = 0; i < 1000; ++i)
        text += "緑";
    for (std::size_t most = 100; most < 104; ++most)
        EXPECT_THAT(plain_text(shortened(text, most)), Not(HasSubstr("?"))) << most;
}

TEST(with_plain_texts, changes_nothing_but_what_is_obeyed) {
    EXPECT_EQ(with_plain_texts(R"({"a":"\u001b[31m\b\n\"\\u001b","b":[1,2]})"),
              R"({"a":"‹U+001B›[31m‹U+0008›\n\"\\u001b","b":[1,2]})");
    EXPECT_EQ(with_plain_texts("\"\xe2\x80\xaegr\xc3\xbcn\x7f\""), "\"‹U+202E›grün‹U+007F›\"");
    EXPECT_EQ(with_plain_texts("\"broken\\"), "\"broken\\");
}

results with_hostile_texts() {
    auto made = test::sample_results();
    made.settings.command = hostile + " | a";
    made.settings.parameters["some.parameter"] = hostile;
    made.machine.cpu_model = hostile;
    auto& one = made.measurements.front();
    one.verification = hostile + std::string(10 << 20, 'v');
    one.failures = {"task 3: " + hostile + "<script>`[x](http://y)|*_&amp;~$"};
    one.warnings = {hostile};
    return made;
}

TEST(reports, are_plain_whatever_is_in_them) {
    auto const of = with_hostile_texts();
    EXPECT_TRUE(is_plain(to_markdown(of)));
    EXPECT_TRUE(is_plain(to_csv(of)));
}

TEST(reports, in_markdown_take_no_text_for_structure_and_are_short) {
    auto const text = to_markdown(with_hostile_texts());
    EXPECT_THAT(text, HasSubstr(R"(end\<script\>\`\[x\](http://y)\|\*\_\&amp;\~\$)"));
    EXPECT_LT(text.size(), 100'000u);
    EXPECT_THAT(text, HasSubstr(R"(bytes in all\])"));
}

}  // namespace
}  // namespace quartet::measure::plain_text_test
