// tests/batch/line_quoting_test.cpp
//
// A program gets exactly the bytes of a value, wherever in a line it stands: random values in random places,
// run by exec, by /bin/sh, and as they are shown.
#include "batch/line/job_line.hpp"
#include "tests/batch/run_job.hpp"

#include <gtest/gtest.h>

#include <random>
#include <stdexcept>

namespace quartet::batch::line_quoting_test {

using strings = std::vector<std::string>;

class random_lines {
public:
    explicit random_lines(unsigned seed) : random_(seed) {}

    std::string value() {
        static strings const pieces{
            "a",  "b1", " ", "\n", "'",  "\"", "\\",   "$", "$x",   "$(p)", "`p`", "*",  "?",    "[a]",
            "~",  "#",  ";", "&",  "|",  "<",  ">",    "(", ")",    "{}",   "{1}", "{{", "}",    "!",
            "-n", "--", "=", "%s", "\t", "\r", "\xff", "é", "\x01", "\\n",  "''",  "if", "${x}", "x=1"};
        std::string made;
        for (std::size_t left = below(6); left > 0; --left)
            made += pieces[below(pieces.size())];
        return made;
    }

    /// A word, and what it is worth. `shell`: of what only a shell understands, too.
    std::pair<std::string, std::string> word(strings const& fields, bool shell) {
        std::string text;
        std::string worth;
        for (std::size_t left = 1 + below(4); left > 0; --left) {
            std::size_t const field = below(fields.size());
            auto const braces = "{" + std::to_string(field + 1) + "}";
            auto const& value = fields[field];
            switch (below(shell ? 13 : 9)) {
                case 0:
                    text += braces, worth += value;
                    break;
                case 1:
                    text += "'" + braces + "'", worth += value;
                    break;
                case 2:
                    text += "\"" + braces + "\"", worth += value;
                    break;
                case 3:
                    text += "\"a\\$\\\\" + braces + " '" + braces + "'\"",
                        worth += "a$\\" + value + " '" + value + "'";
                    break;
                case 4:
                    text += "'\\" + braces + "\" $x'", worth += "\\" + value + "\" $x";
                    break;
                case 5:
                    text += "\\'b" + braces + "\\ ", worth += "'b" + value + " ";
                    break;
                case 6:
                    text += "\"\\" + braces + "\\z\"", worth += "\\" + value + "\\z";
                    break;
                case 7:
                    text += "{{1}}\\{1}", worth += "{1}{1}";
                    break;
                case 8:
                    text += "''\"\"", worth += "";
                    break;
                case 9:
                    text += "\"$v" + braces + "$v\"", worth += "V" + value + "V";
                    break;
                case 10:
                    text += "\"$(printf %s. '" + braces + "'\"" + braces + "\" )\"",
                        worth += value + value + ".";
                    break;
                case 11:
                    text += "\"$(printf %s. \"$(printf %s_ " + braces + ")\" `echo \"'\"`)\"",
                        worth += value + "_.'.";
                    break;
                default:
                    text += "\"${v}" + braces + "$((1 + (1)))\"", worth += "V" + value + "2";
                    break;
            }
        }
        return {text, worth};
    }

    std::size_t below(std::size_t bound) {
        return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random_);
    }

private:
    std::mt19937 random_;
};

struct trial {
    std::string words{};
    std::string worth{};
    strings fields{};
};

trial make_trial(random_lines& random, bool shell) {
    trial made{.fields = {random.value(), random.value()}};
    for (std::size_t left = 1 + random.below(4); left > 0; --left) {
        auto const [text, worth] = random.word(made.fields, shell);
        made.words += " " + text;
        made.worth += worth + '\0';
    }
    return made;
}

void expect_output(std::string const& text, trial const& tried, bool shell) {
    auto const line = job_line::parse(text, strings(2));
    job_values const values{.fields = tried.fields};
    EXPECT_EQ(line.needs_shell(), shell) << text;
    auto const what = [&] {
        return text + " of " + testing::PrintToString(tried.fields) + " is " + line.show(values);
    };
    EXPECT_EQ(output_of(line.make(values)), tried.worth) << what();
    EXPECT_EQ(output_of(command::shell(line.show(values))), tried.worth) << what();
}

constexpr int rounds = 150;

TEST(line_quoting, gives_exec_and_the_shell_the_same_bytes) {
    random_lines random(7);
    for (int round = 0; round < rounds && !testing::Test::HasFailure(); ++round) {
        auto const tried = make_trial(random, false);
        auto const line = "printf '%s\\0'" + tried.words + " '{1}'\"{2}\"";
        trial whole = tried;
        whole.worth += tried.fields[0] + tried.fields[1] + '\0';
        expect_output(line, whole, false);
        expect_output(line + "; :", whole, true);
    }
}

TEST(line_quoting, holds_in_what_only_a_shell_understands) {
    random_lines random(8);
    for (int round = 0; round < rounds && !testing::Test::HasFailure(); ++round) {
        auto const tried = make_trial(random, true);
        trial whole = tried;
        whole.worth += tried.fields[1] + '\0';
        expect_output("v=V; printf '%s\\0'" + tried.words + " {2}", whole, true);
    }
}

// Fields by {}: each is a word.
TEST(line_quoting, keeps_fields_apart) {
    random_lines random(9);
    for (int round = 0; round < rounds && !testing::Test::HasFailure(); ++round) {
        trial tried{.fields = {random.value(), random.value()}};
        tried.worth =
            tried.fields[0] + '\0' + tried.fields[1] + '\0' + tried.fields[0] + ' ' + tried.fields[1] + '\0';
        expect_output("printf '%s\\0' {} \"{}\"", tried, false);
        expect_output(":; printf '%s\\0' {} '{}'", tried, true);
    }
}

// Random text that no shell is needed for, against what the shell makes of it.
TEST(line_quoting, takes_exec_only_where_a_shell_gives_the_same) {
    static strings const pieces{"a",  "B",  "7", " ", " ", "\t", "'", "'", "\"", "\"", "\\",
                                "\\", "$",  "`", "~", "#", "{a", "}", "=", "!",  "%",  "^",
                                ",",  "\n", "]", "@", ":", "-",  "é", "/", "*",  ";"};
    random_lines random(10);
    int compared = 0;
    for (int round = 0; round < 50'000 && compared < rounds && !testing::Test::HasFailure(); ++round) {
        std::string text = "printf '%s\\0' ";
        for (std::size_t left = 1 + random.below(12); left > 0; --left)
            text += pieces[random.below(pieces.size())];
        try {
            auto const line = job_line::parse(text + " {1}", strings(1));
            if (line.needs_shell()) continue;
            EXPECT_EQ(output_of(line.make({.fields = strings{"x"}})), output_of(command::shell(text + " x")))
                << text;
            ++compared;
        } catch (std::runtime_error const&) {  // its quotes are not closed
        }
    }
    EXPECT_EQ(compared, rounds);
}

}  // namespace quartet::batch::line_quoting_test
