// tests/batch/line_sources_test.cpp
//
// An input that has a carriage return or a byte order mark too much names a file that is not there.
#include "batch/inputs/sources.hpp"
#include "src/base/descriptor.hpp"
#include "tests/batch/input_files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/stat.h>
#include <thread>
#include <unistd.h>

namespace quartet::batch::line_sources_test {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using namespace std::string_literals;

rows lines_of(std::string_view text, empty_lines empty = empty_lines::skipped) {
    input_file const file(text);
    line_source source(file.path(), empty);
    return rows_of(source);
}

rows values_of(std::string_view text) {
    input_file const file(text);
    nul_separated_source source(file.path());
    return rows_of(source);
}

std::string refusal_of_lines(std::string_view text) {
    return refusal_of([&] { lines_of(text); });
}

TEST(line_source, gives_lines_without_their_ends) {
    EXPECT_EQ(lines_of(""), rows{});
    EXPECT_EQ(lines_of("a\nb\n"), (rows{{"a"}, {"b"}}));
    EXPECT_EQ(lines_of("a\nb"), (rows{{"a"}, {"b"}}));
    EXPECT_EQ(lines_of("a\r\nb\r\n"), (rows{{"a"}, {"b"}}));
    EXPECT_EQ(lines_of("a\r\nb\r"), (rows{{"a"}, {"b"}}));
}

TEST(line_source, changes_nothing_else) {
    EXPECT_EQ(lines_of(" a b \t\n'q\"\\\n\r\r\n\xff\xfe\n"),
              (rows{{" a b \t"}, {"'q\"\\"}, {"\r"}, {"\xff\xfe"}}));
}

TEST(line_source, has_no_byte_order_mark) {
    EXPECT_EQ(lines_of("\xEF\xBB\xBF"
                       "a\n\xEF\xBB\xBF"
                       "b\n"),
              (rows{{"a"},
                    {"\xEF\xBB\xBF"
                     "b"}}));
    EXPECT_EQ(lines_of("\xEF\xBB\xBF"), rows{});
    EXPECT_EQ(lines_of("\xEF\xBB\n"), (rows{{"\xEF\xBB"}}));
}

TEST(line_source, skips_empty_lines_unless_told_otherwise) {
    EXPECT_EQ(lines_of("\n\na\r\n\r\nb\n\n"), (rows{{"a"}, {"b"}}));
    EXPECT_EQ(lines_of("\n\na\r\n\r\nb\n\n", empty_lines::kept),
              (rows{{""}, {""}, {"a"}, {""}, {"b"}, {""}}));
}

TEST(line_source, refuses_what_no_argument_can_hold) {
    EXPECT_THAT(refusal_of_lines("a\n\nb\0c\n"s), AllOf(HasSubstr("in', line 3: "), HasSubstr("NUL")));
    EXPECT_EQ(lines_of(std::string(131071, 'x')).size(), 1u);
    EXPECT_THAT(refusal_of_lines("a\n" + std::string(131072, 'x')),
                HasSubstr("line 2: a value of more than 131071"));
}

TEST(line_source, names_the_file_that_it_cannot_read) {
    test::temporary_folder const folder;
    auto const refusal = [](std::filesystem::path const& path) {
        return refusal_of([&] { line_source{path.native()}; });
    };
    EXPECT_THAT(refusal(folder / "missing"), EndsWith("missing': No such file or directory"));
    EXPECT_THAT(refusal(folder / ""), EndsWith("it is a folder"));
    if (::geteuid() == 0) return;  // who may read everything
    std::ofstream(folder / "secret") << "a";
    ::chmod((folder / "secret").c_str(), 0);
    EXPECT_THAT(refusal(folder / "secret"), EndsWith("secret': Permission denied"));
}

// The kernel lets one open it, and then refuses to read at address 0.
TEST(line_source, says_at_which_line_reading_failed) {
    EXPECT_THAT(refusal_of([] { line_source("/proc/self/mem").next(); }),
                HasSubstr("'/proc/self/mem', line 1: "));
}

// A pipe gives what was written, so a mark in pieces, and a line in pieces, come in pieces.
TEST(line_source, waits_for_a_pipe) {
    test::temporary_folder const folder;
    auto const path = folder / "pipe";
    ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
    std::thread writer([&] {
        std::ofstream pipe(path);
        for (char const byte :
             "\xEF\xBB\xBF"
             "first\r\nsec"s) {
            pipe << byte << std::flush;
            std::this_thread::sleep_for(std::chrono::milliseconds(2));
        }
        pipe << "ond\n";
    });
    line_source source(path.native());
    EXPECT_EQ(rows_of(source), (rows{{"first"}, {"second"}}));
    writer.join();
}

TEST(line_source, reads_standard_input_and_leaves_it_open) {
    detail::descriptor const saved(::dup(0));
    input_file const file("a\nb\n");
    {
        std::FILE* const opened = std::fopen(file.path().c_str(), "r");
        ::dup2(fileno(opened), 0);
        std::fclose(opened);
    }
    rows found;
    {
        line_source source("-");
        found = rows_of(source);
    }
    struct stat status {};
    EXPECT_EQ(::fstat(0, &status), 0);
    if (saved.get() >= 0) ::dup2(saved.get(), 0);
    EXPECT_EQ(found, (rows{{"a"}, {"b"}}));
}

TEST(nul_separated_source, gives_each_byte_as_it_is) {
    EXPECT_EQ(values_of(""), rows{});
    EXPECT_EQ(values_of("a\n\0\xEF\xBB\xBF\r\n\0\0 \0last"s),
              (rows{{"a\n"}, {"\xEF\xBB\xBF\r\n"}, {""}, {" "}, {"last"}}));
}

TEST(value_source, gives_each_value_even_an_empty_one) {
    value_source source({"a", "", "a"});
    EXPECT_EQ(source.columns(), std::vector<std::string>{""});
    EXPECT_EQ(rows_of(source), (rows{{"a"}, {""}, {"a"}}));
}

}  // namespace quartet::batch::line_sources_test
