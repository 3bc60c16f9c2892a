// Files, by their contexts only: what a body writes, another reads. So the fake's files take the same tests.
#include "tests/conformance/models.hpp"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>

namespace quartet::conformance::files_test {
namespace {

class files : public any_model {
protected:
    std::string read(executor& runs, std::string const& path) {
        return runs
            .map([](context& ctx,
                    std::string const& each) -> task<std::string> { co_return co_await ctx.read_file(each); },
                 std::vector{path})
            .at(0);
    }
    void write(executor& runs, std::string const& path, std::string const& content) {
        runs.map(
            [](context& ctx, std::pair<std::string, std::string> const& each) -> task<void> {
                co_await ctx.write_file(each.first, each.second);
            },
            std::vector{std::pair(path, content)});
    }
    /// The failure of a body that does something with `path`.
    template <class Body>
    failure fail(executor& runs, Body body, std::string const& path) {
        auto const outcomes = runs.try_map(body, std::vector{path});
        return outcomes.at(0) ? failure{.message = "it did not fail"} : outcomes[0].error();
    }

    temporary_folder folder_;
};
QUARTET_SUITE(files, all_rows());

class real_files : public files {};
QUARTET_SUITE(real_files, rows_with_real_io());

TEST_P(files, are_written_and_read) {
    auto executor = make();
    auto const path = folder_ / "a.txt";
    write(executor, path, "first, and longer");
    EXPECT_EQ(read(executor, path), "first, and longer");
    write(executor, path, "second");
    EXPECT_EQ(read(executor, path), "second");
}

TEST_P(files, may_be_empty_and_may_hold_any_byte) {
    auto executor = make();
    auto const path = folder_ / "a.txt";
    write(executor, path, "");
    EXPECT_EQ(read(executor, path), "");
    std::string every_byte;
    for (int byte = 0; byte < 256; ++byte)
        every_byte += static_cast<char>(byte);
    write(executor, path, every_byte);
    EXPECT_EQ(read(executor, path), every_byte);
}

TEST_P(files, of_every_size_around_the_buffers) {
    auto executor = make();
    std::vector<std::pair<std::string, std::size_t>> inputs;
    for (std::size_t size : {1u, 4095u, 4096u, 4097u, 8192u, 8193u, 65536u, 100'000u})
        inputs.emplace_back(folder_ / std::to_string(size), size);
    auto const sizes = executor.map(
        [](context& ctx, std::pair<std::string, std::size_t> const& input) -> task<std::size_t> {
            std::string const content(input.second, 'x');
            co_await ctx.write_file(input.first, content);
            co_return co_await ctx.read_file(input.first) == content ? input.second : 0;
        },
        inputs);
    for (std::size_t n = 0; n < inputs.size(); ++n)
        EXPECT_EQ(sizes[n], inputs[n].second);
}

TEST_P(files, may_be_large) {
    auto executor = make();
    auto const path = folder_ / "large";
    std::string content(20'000'000, 'a');
    for (std::size_t n = 0; n < content.size(); n += 1000)
        content[n] = static_cast<char>('a' + n / 1000 % 26);
    write(executor, path, content);
    EXPECT_TRUE(read(executor, path) == content);
}

TEST_P(files, grow_by_appends) {
    auto executor = make();
    auto const path = folder_ / "a.txt";
    auto const append = [](context& ctx, std::string const& each) -> task<void> {
        co_await ctx.append_file(each, "one ");
        co_await ctx.append_file(each, "");
        co_await ctx.append_file(each, "two");
    };
    executor.map(append, std::vector{path});
    EXPECT_EQ(read(executor, path), "one two");
}

struct letters {
    std::string path;
    char letter = 'a';
    int lines = 0;
    template <class Archive>
    void serialize(Archive& archive) {
        archive(path, letter, lines);
    }
};

/// Whole lines of one letter, the same number of each.
void expect_whole_lines(std::string const& content, int of_each) {
    std::array<int, 8> lines{};
    std::size_t const width = 7;
    ASSERT_EQ(content.size(), width * lines.size() * static_cast<std::size_t>(of_each));
    for (std::size_t n = 0; n < content.size(); n += width) {
        std::string const line(width - 1, content[n]);
        ASSERT_EQ(content.substr(n, width), line + '\n') << "at " << n;
        ++lines.at(static_cast<std::size_t>(content[n] - 'a'));
    }
    EXPECT_TRUE(std::ranges::all_of(lines, [=](int count) { return count == of_each; }));
}

std::vector<letters> eight_writers(std::string const& path, int lines) {
    std::vector<letters> writers;
    for (char letter = 'a'; letter < 'a' + 8; ++letter)
        writers.push_back({path, letter, lines});
    return writers;
}

TEST_P(files, lose_nothing_when_many_append) {
    auto executor = make();
    auto const path = folder_ / "lines";
    executor.map(
        [](context& ctx, letters const& input) -> task<void> {
            for (int n = 0; n < input.lines; ++n) {
                co_await ctx.append_file(input.path, std::string(6, input.letter) + '\n');
                if (n % 10 == 0) co_await ctx.yield();
            }
        },
        eight_writers(path, 200));
    expect_whole_lines(read(executor, path), 200);
}

TEST_P(files, lose_nothing_when_many_have_them_open) {
    auto executor = make();
    auto const path = folder_ / "lines";
    executor.map(
        [](context& ctx, letters const& input) -> task<void> {
            auto file = co_await ctx.open_file(input.path, open_mode::append);
            for (int n = 0; n < input.lines; ++n) {
                co_await file.append(std::string(6, input.letter) + '\n');
                if (n % 700 == 0) co_await file.flush();
                if (n % 900 == 0) co_await ctx.yield();
            }
            co_await file.close();
        },
        eight_writers(path, 20'000));
    expect_whole_lines(read(executor, path), 20'000);
}

TEST_P(files, that_are_open_buffer_what_is_appended) {
    auto executor = make();
    auto const path = folder_ / "a.txt";
    auto const body = [](context& ctx, std::string const& each) -> task<std::vector<std::string>> {
        std::vector<std::string> seen;
        auto file = co_await ctx.open_file(each, open_mode::append);
        co_await file.append("one");
        seen.push_back(co_await ctx.read_file(each));
        co_await file.flush();
        co_await file.flush();
        seen.push_back(co_await ctx.read_file(each));
        co_await file.append(std::string(file::buffer_bytes + 1, 'x'));
        seen.push_back(std::to_string((co_await ctx.read_file(each)).size()));
        co_await file.append("end");
        seen.push_back(file.path() == each ? "its path" : file.path());
        co_await file.close();
        seen.push_back(std::to_string((co_await ctx.read_file(each)).size()));
        co_return seen;
    };
    auto const size = file::buffer_bytes;
    EXPECT_EQ(executor.map(body, std::vector{path}).at(0),
              (std::vector<std::string>{"", "one", std::to_string(size + 4), "its path",
                                        std::to_string(size + 7)}));
}

TEST_P(files, that_are_dropped_are_written_and_closed) {
    auto executor = make();
    auto const path = folder_ / "a.txt";
    executor.map(
        [](context& ctx, std::string const& each) -> task<void> {
            auto first = co_await ctx.open_file(each, open_mode::append);
            co_await first.append("one ");
            auto second = co_await ctx.open_file(each, open_mode::append);
            co_await second.append("two ");
            first = std::move(second);
            co_await first.append("three");
        },
        std::vector{path});
    EXPECT_EQ(read(executor, path), "one two three");
}

TEST_P(files, are_read_in_pieces) {
    auto executor = make();
    auto const path = folder_ / "a.txt";
    write(executor, path, "0123456789");
    auto const body = [](context& ctx, std::string const& each) -> task<std::vector<std::string>> {
        auto file = co_await ctx.open_file(each, open_mode::read);
        std::vector<std::string> pieces;
        pieces.push_back(co_await file.read_at(3, 4));
        pieces.push_back(co_await file.read_at(0, 2));
        pieces.push_back(co_await file.read_at(8, 100));
        pieces.push_back(co_await file.read_at(10, 5));
        pieces.push_back(co_await file.read_at(50, 5));
        pieces.push_back(co_await file.read_at(2, 0));
        co_await file.close();
        co_return pieces;
    };
    EXPECT_EQ(executor.map(body, std::vector{path}).at(0),
              (std::vector<std::string>{"3456", "01", "89", "", "", ""}));
}

TEST_P(files, may_be_many) {
    auto executor = make();
    std::size_t const count = std::min<std::size_t>(many(), 500);
    std::vector<std::string> paths;
    for (std::size_t n = 0; n < count; ++n)
        paths.push_back(folder_ / std::to_string(n));
    auto const same = executor.map(
        [](context& ctx, std::string const& path) -> task<int> {
            co_await ctx.write_file(path, path);
            co_return co_await ctx.read_file(path) == path;
        },
        paths);
    EXPECT_EQ(std::ranges::count(same, 1), static_cast<std::ptrdiff_t>(count));
}

// Each body ends with the operation that is last in flight: none of these completions may get lost.
TEST_P(files, may_be_read_by_many_at_the_same_time) {
    auto executor = make();
    auto const path = folder_ / "a.txt";
    write(executor, path, "0123456789");
    std::size_t const count = std::min<std::size_t>(many(), 3000);
    auto const pieces = executor.map(
        [](context& ctx, std::string const& each) -> task<std::string> {
            auto file = co_await ctx.open_file(each, open_mode::read);
            co_return co_await file.read_at(3, 4);
        },
        std::vector<std::string>(count, path));
    EXPECT_EQ(std::ranges::count(pieces, "3456"), static_cast<std::ptrdiff_t>(count));
}

auto const read_it = [](context& ctx, std::string const& path) -> task<std::string> {
    co_return co_await ctx.read_file(path);
};
auto const write_it = [](context& ctx, std::string const& path) -> task<void> {
    co_await ctx.write_file(path, "x");
};
auto const append_it = [](context& ctx, std::string const& path) -> task<void> {
    co_await ctx.append_file(path, "x");
};
auto const open_it = [](context& ctx, std::string const& path) -> task<void> {
    co_await ctx.open_file(path, open_mode::read);
};

TEST_P(files, that_are_missing_are_named) {
    auto executor = make();
    auto const path = folder_ / "absent";
    auto const expected = "cannot open '" + path + "': No such file or directory";
    EXPECT_EQ(fail(executor, read_it, path).message, expected);
    EXPECT_EQ(fail(executor, open_it, path).message, expected);
    auto const body = [](context& ctx, std::string const& each) -> task<int> {
        try {
            co_await ctx.read_file(each);
        } catch (std::system_error const& error) {
            co_return error.code() == std::errc::no_such_file_or_directory ? 1 : 2;
        }
        co_return 3;
    };
    EXPECT_EQ(executor.map(body, std::vector{path}).at(0), 1);
}

TEST_P(files, are_used_as_they_were_opened) {
    auto executor = make();
    auto const path = folder_ / "a.txt";
    write(executor, path, "old");
    auto const write_to_read = [](context& ctx, std::string const& each) -> task<void> {
        auto file = co_await ctx.open_file(each, open_mode::read);
        co_await file.append("x");
        co_await file.close();
    };
    auto const read_to_append = [](context& ctx, std::string const& each) -> task<std::string> {
        auto file = co_await ctx.open_file(each, open_mode::append);
        co_return co_await file.read_at(0, 1);
    };
    EXPECT_EQ(fail(executor, write_to_read, path).message,
              "cannot write to '" + path + "': Bad file descriptor");
    EXPECT_EQ(fail(executor, read_to_append, path).message,
              "cannot read '" + path + "': Bad file descriptor");
    EXPECT_EQ(read(executor, path), "old");
}

TEST_P(real_files, refuse_what_the_system_refuses) {
    auto executor = make();
    std::string const folder = folder_ / "";
    auto const inside = folder_ / "absent/a.txt";
    EXPECT_EQ(fail(executor, read_it, folder).message, "cannot read '" + folder + "': Is a directory");
    EXPECT_EQ(fail(executor, write_it, folder).message, "cannot open '" + folder + "': Is a directory");
    EXPECT_EQ(fail(executor, append_it, folder).message, "cannot open '" + folder + "': Is a directory");
    EXPECT_EQ(fail(executor, write_it, inside).message,
              "cannot open '" + inside + "': No such file or directory");
    EXPECT_EQ(fail(executor, write_it, "/dev/full").message,
              "cannot write to '/dev/full': No space left on device");
    EXPECT_EQ(fail(executor, append_it, "/dev/full").message,
              "cannot write to '/dev/full': No space left on device");
    auto const denied = fail(executor, write_it, "/proc/version").message;  // for root too
    EXPECT_TRUE(denied == "cannot open '/proc/version': Permission denied" ||
                denied == "cannot write to '/proc/version': Input/output error")
        << denied;
}

TEST_P(real_files, report_at_close_what_could_not_be_written) {
    auto executor = make();
    auto const body = [](context& ctx, std::string const& path) -> task<void> {
        auto file = co_await ctx.open_file(path, open_mode::append);
        co_await file.append("x");
        co_await file.close();
    };
    EXPECT_EQ(fail(executor, body, "/dev/full").message,
              "cannot write to '/dev/full': No space left on device");
}

TEST_P(real_files, of_the_kernel_have_no_size) {
    auto executor = make();
    EXPECT_TRUE(read(executor, "/proc/self/status").starts_with("Name:\t"));
    EXPECT_GT(read(executor, "/proc/self/maps").size(), 4096u);
    EXPECT_EQ(read(executor, "/dev/null"), "");
}

TEST_P(real_files, asked_for_more_than_memory_holds_are_a_failure) {
    if (sanitized)
        GTEST_SKIP() << "a sanitizer's allocator ends the program where another throws std::bad_alloc";
    auto executor = make();
    auto const path = folder_ / "a.txt";
    write(executor, path, "0123456789");
    auto const greedy = [](context& ctx, std::string const& each) -> task<std::size_t> {
        auto file = co_await ctx.open_file(each, open_mode::read);
        auto const piece = co_await file.read_at(0, std::size_t{1} << 62);
        co_return piece.size();
    };
    auto const outcomes = executor.try_map(greedy, std::vector(3, path));
    for (auto const& each : outcomes)
        EXPECT_TRUE(each ? *each == 10 : each.error().why == cause::threw);
    EXPECT_EQ(read(executor, path), "0123456789");
}

}  // namespace
}  // namespace quartet::conformance::files_test
