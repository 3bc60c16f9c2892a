// tests/batch/job_line_test.cpp

#include "batch/line/job_line.hpp"

#include "tests/batch/input_files.hpp"
#include "tests/batch/run_job.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace quartet::batch::job_line_test {

using testing::ElementsAre;
using testing::HasSubstr;
using namespace std::string_literals;
using strings = std::vector<std::string>;

job_line line_of(std::string_view text, std::size_t fields = 1) {
    return job_line::parse(text, strings(fields));
}

strings arguments_of(std::string_view text, strings const& fields = {"a b"}) {
    return line_of(text, fields.size()).make({.fields = fields, .output = "o"}).arguments;
}

// The line of one that needs a shell.
std::string shell_line(std::string_view text, strings const& fields = {"a b"}) {
    auto const made = line_of(text, fields.size()).make({.fields = fields, .output = "o"}).arguments;
    EXPECT_THAT(made, ElementsAre("/bin/sh", "-c", testing::_)) << text;
    return made.back();
}

std::string shown(std::string_view text, strings const& fields) {
    return line_of(text, fields.size()).show({.fields = fields, .output = "o"});
}

strings words_of(strings const& words, strings const& fields) {
    return job_line::from_words(words, strings(fields.size()))
        .make({.fields = fields, .number = 2, .output = "o"})
        .arguments;
}

std::string refusal_of_line(std::string_view text) {
    return refusal_of([&] { line_of(text); });
}

TEST(job_line, splits_words_as_a_shell_does) {
    EXPECT_THAT(arguments_of("p {} x"), ElementsAre("p", "a b", "x"));
    EXPECT_THAT(arguments_of("  p\t'x  y' \"\" z''w \\  {} \n"),
                ElementsAre("p", "x  y", "", "zw", " ", "a b"));
    EXPECT_THAT(arguments_of("p \"\\\" \\\\ \\$ \\a\" \\\\ x\\\ny {}"),
                ElementsAre("p", "\" \\ $ \\a", "\\", "xy", "a b"));
    EXPECT_THAT(arguments_of("p x{}y 'x{}y' \"x{}y\""), ElementsAre("p", "xa by", "xa by", "xa by"));
    EXPECT_THAT(arguments_of("p a#b a~ a=b 5$ \"$\" {a,b} '$x `*' \\$x \\{} -- {}"),
                ElementsAre("p", "a#b", "a~", "a=b", "5$", "$", "{a,b}", "$x `*", "$x", "{}", "--", "a b"));
}

TEST(job_line, gives_each_field_a_word_only_where_it_is_one) {
    EXPECT_THAT(arguments_of("p {} x{} '{}' {1}{2}", {"a b", "c"}),
                ElementsAre("p", "a b", "c", "xa b c", "a b c", "a bc"));
    EXPECT_EQ(shell_line("p {} x{} '{}' \"{}\"; x={} q >{} 2> {}", {"a b", "c"}),
              "p 'a b' 'c' x'a b c' 'a b c' \"a b c\"; x='a b c' q >'a b c' 2> 'a b c'");
    EXPECT_EQ(shell_line("p $({}) \"$(p {};{})\"|{}", {"a", "c"}),
              "p $('a' 'c') \"$(p 'a' 'c';'a' 'c')\"|'a' 'c'");
}

TEST(job_line, adds_the_input_where_none_stands) {
    EXPECT_THAT(arguments_of("p x"), ElementsAre("p", "x", "a b"));
    EXPECT_THAT(arguments_of("p", {"a", "b"}), ElementsAre("p", "a", "b"));
    EXPECT_THAT(arguments_of("p {{}} {out}"), ElementsAre("p", "{}", "o", "a b"));
    EXPECT_THAT(arguments_of("p {#}"), ElementsAre("p", "1"));
    EXPECT_THAT(arguments_of("p {%}"), ElementsAre("p", "1"));
    EXPECT_EQ(shell_line("p | q \n"), "p | q 'a b'");
    EXPECT_EQ(shell_line("p $(q)"), "p $(q) 'a b'");
    EXPECT_THAT(words_of({"p", "x y"}, {"a"}), ElementsAre("p", "x y", "a"));
    for (auto const* text : {"p;", "p |", "p &", "(p)", "p >", "p # x", "if p; then q; fi", "{ p; }", "x=1",
                             "x=$(q)", "cat <<e\nx\ne"})
        EXPECT_THAT(refusal_of_line(text), HasSubstr("write {} where it goes")) << text;
}

TEST(job_line, takes_a_shell_only_for_what_needs_one) {
    for (auto const* text : {"p|q {}",
                             "p {}&",
                             "p;q {}",
                             "p<{}",
                             "p >{}",
                             "(p {})",
                             "p $x {}",
                             "p \"$x\" {}",
                             "p $? {}",
                             "p `q` {}",
                             "p \"`q`\" {}",
                             "p * {}",
                             "p x? {}",
                             "p [a] {}",
                             "p ~ {}",
                             "p ~/x {}",
                             "p {} # x",
                             "X=1 p {}",
                             "p {}\nq",
                             "if p {}; then q; fi",
                             "while p {}; do q; done",
                             "{ p {}; }",
                             "! p {}",
                             "cd {}",
                             "exec p {}",
                             ". {}",
                             "\"cd\" {}",
                             "p $(q {})",
                             "p ${x} {}",
                             "p $((1 + 1)) {}"})
        EXPECT_TRUE(line_of(text).needs_shell()) << text;
    for (auto const* text :
         {"p {}", "echo if {}", "p cd {}", "'if' {}", "p X=1 {}", "{}=1 p", "p 'a|b' {}", "p \\; {}",
          "p \"a;b\" {}", "p a~b {}", "awk '{print $1}' {}", "find {} -name '*.c'", "p {{}} {}"})
        EXPECT_FALSE(line_of(text).needs_shell()) << text;
}

TEST(job_line, as_it_is_takes_no_braces_for_replacements_and_adds_nothing) {
    auto const words = job_line::as_it_is("find . -exec echo {} {1} {{}} {#} x{}").make({}).arguments;
    EXPECT_FALSE(job_line::as_it_is("echo {}").needs_shell());
    EXPECT_TRUE(job_line::as_it_is("echo {1}").needs_shell()) << "some shells may expand it";
    EXPECT_THAT(words, ElementsAre("/bin/sh", "-c", "find . -exec echo {} {1} {{}} {#} x{}"));
    EXPECT_THAT(job_line::as_it_is("echo {} 'a {1}' # {}").make({}).arguments,
                ElementsAre("/bin/sh", "-c", "echo {} 'a {1}' # {}"));
    EXPECT_THAT(job_line::as_it_is(" true ").make({}).arguments, ElementsAre("true"));
    EXPECT_THROW(job_line::as_it_is(" "), std::runtime_error);
    EXPECT_THROW(job_line::as_it_is("a 'b"), std::runtime_error);
}

TEST(job_line, of_words_is_never_split_and_needs_no_shell) {
    EXPECT_THAT(words_of({"p", "x y", "|", "$x", "'", "", "{}", "x{}", "{{}}", "{#}{out}"}, {"a b", "c"}),
                ElementsAre("p", "x y", "|", "$x", "'", "", "a b", "c", "xa b c", "{}", "2o"));
    strings const words{"p {} x"};
    EXPECT_THAT(job_line::read(words, strings(1)).make({.fields = strings{"a b"}}).arguments,
                ElementsAre("p", "a b", "x"));
    strings const several{"p q", "{}"};
    EXPECT_THAT(job_line::read(several, strings(1)).make({.fields = strings{"a b"}}).arguments,
                ElementsAre("p q", "a b"));
    EXPECT_THROW(job_line::read(strings{}, strings(1)), std::runtime_error);
}

TEST(job_line, keeps_a_value_from_what_stands_before_it) {
    EXPECT_EQ(output_of(line_of("x=1; printf %s \"$x{}\" \"\\{}\" \"$x\"{} $x{} \"$1{}\"")
                            .make({.fields = strings{"$5"}})),
              "1$5\\$51$51$5$5");
    EXPECT_EQ(shell_line("-p {} | q"), " -p 'a b' | q");
    EXPECT_EQ(output_of(line_of("printf %s {}>/dev/stdout").make({.fields = strings{"2"}})), "2");
    EXPECT_EQ(output_of(line_of("{} %s x; :").make({.fields = strings{"printf"}})), "x");
}

TEST(job_line, shows_what_one_would_type) {
    EXPECT_EQ(shown("gzip  -k '{}' x\\ y ''", {"a.log"}), "gzip -k a.log 'x y' ''");
    EXPECT_EQ(shown("gzip -k {} {out}", {"it's"}), "gzip -k 'it'\\''s' o");
    EXPECT_EQ(shown("{} {}", {"if"}), "'if' if");
    EXPECT_EQ(shown("{} {}", {"a=b"}), "'a=b' a=b");
    EXPECT_EQ(shown("p {} | q", {"a"}), "p 'a' | q");
}

TEST(job_line, leaves_what_is_the_shells) {
    EXPECT_EQ(shell_line("p ${HOME} ${x:-1} $x # {{}}\nq {}"), "p ${HOME} ${x:-1} $x # {}\nq 'a b'");
    EXPECT_EQ(shell_line("cat <<'E' {}\n$( ' \"\nE\np `a '\"` $((1 + (2)))"),
              "cat <<'E' 'a b'\n$( ' \"\nE\np `a '\"` $((1 + (2)))");
    EXPECT_EQ(shell_line("cat <<-E {}\n\tx '\n\tE\np \"$(q \")\" '\\')\""),
              "cat <<-E 'a b'\n\tx '\n\tE\np \"$(q \")\" '\\')\"");
    EXPECT_EQ(shell_line("case {} in a) p;; esac; p {}"), "case 'a b' in a) p;; esac; p 'a b'");
}

TEST(job_line, refuses_a_value_where_it_cannot_be_quoted) {
    EXPECT_THAT(refusal_of_line("p # {}"), HasSubstr("{} stands in a comment"));
    EXPECT_THAT(refusal_of_line("p `q {1}`"), HasSubstr("{1} stands between backquotes"));
    EXPECT_THAT(refusal_of_line("p \"`q {1}`\""), HasSubstr("{1} stands between backquotes"));
    EXPECT_THAT(refusal_of_line("p $(({} + 1))"), HasSubstr("{} stands in $((…))"));
    EXPECT_THAT(refusal_of_line("p ${x:-{}}"), HasSubstr("{} stands in ${…}"));
    EXPECT_THAT(refusal_of_line("p ${}"), HasSubstr("${} is a variable of the shell; write \\${}"));
    EXPECT_THAT(refusal_of_line("p \"${1}\""), HasSubstr("${1} is a variable of the shell; write \\${1}"));
    EXPECT_THAT(refusal_of_line("p ${x:-'}'}{}"), HasSubstr("quotes in ${…}"));
    EXPECT_THAT(refusal_of_line("cat <<E\nx {}\nE"), HasSubstr("{} stands in a here-document"));
    EXPECT_THAT(refusal_of_line("cat <<E\nx\nE\np {} <<\"E F\"\nE\n{1}\nE F"),
                HasSubstr("{1} stands in a here-document"));
    EXPECT_THAT(refusal_of_line("p $'\\t' {}"), HasSubstr("$'…'"));
    EXPECT_THAT(refusal_of_line("p $(case {} in a) q;; esac)"), HasSubstr("'case' can't be followed"));
}

TEST(job_line, refuses_what_is_not_closed) {
    EXPECT_THAT(refusal_of_line("p 'x"), HasSubstr("single quote"));
    EXPECT_THAT(refusal_of_line("p \"x'"), HasSubstr("double quote"));
    EXPECT_THAT(refusal_of_line("p \"x\\\""), HasSubstr("double quote"));
    EXPECT_THAT(refusal_of_line("p `x\\`"), HasSubstr("backquote"));
    EXPECT_THAT(refusal_of_line("p $(x"), HasSubstr("$( is not closed"));
    EXPECT_THAT(refusal_of_line("p $((x)"), HasSubstr("$(( is not closed"));
    EXPECT_THAT(refusal_of_line("p ${x"), HasSubstr("${ is not closed"));
    EXPECT_THAT(refusal_of_line("p x\\"), HasSubstr("backslash"));
    EXPECT_THAT(refusal_of_line(" \n"), HasSubstr("it is empty"));
    EXPECT_THAT(refusal_of_line("p {2}"), HasSubstr("asks for {2}"));
    EXPECT_THAT(refusal_of_line("p\0 x"s), HasSubstr("NUL"));
}

TEST(job_line, refuses_values_that_no_argument_can_hold) {
    strings const fields{"a", "b\0c"s};
    auto const line = line_of("p {1}", 2);
    EXPECT_THAT(refusal_of([&] { line.make({.fields = fields, .number = 5}); }),
                HasSubstr("input 5, field 2: it holds a NUL byte"));
    EXPECT_THROW(line.make({.fields = strings{"a"}}), std::invalid_argument);
    EXPECT_THROW(line_of("p {out}").make({.fields = strings{"a"}}), std::invalid_argument);
    EXPECT_TRUE(line_of("p {out}").has_output());
    EXPECT_FALSE(line_of("p {}").has_output());
}

}  // namespace quartet::batch::job_line_test
