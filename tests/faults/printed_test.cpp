// What a finished task has printed in a worker process is there when the call has returned, once, whatever it
// printed by; and so is what the program itself had printed.
#include "tests/conformance/models.hpp"
#include "tests/faults/checks.hpp"

#include <fmt/format.h>

#include <csignal>
#include <cstdio>
#include <fcntl.h>
#include <fstream>
#include <functional>
#include <iostream>
#include <ranges>
#include <sstream>
#include <sys/wait.h>
#include <thread>

namespace quartet::faults::printed_test {
namespace {

using conformance::temporary_folder;
using namespace std::chrono_literals;

enum class target { pipe, file };

std::string all_of(int descriptor) {
    std::string text;
    char piece[4096];
    for (ssize_t got = 0; (got = read(descriptor, piece, sizeof piece)) > 0;)
        text.append(piece, static_cast<std::size_t>(got));
    return text;
}

/// What a program prints, in a process of its own, at its standard output and error.
std::string printed_by(target where, std::function<void()> const& program) {
    std::fflush(nullptr);
    int ends[2];
    if (where == target::pipe) {
        if (pipe(ends) != 0) return "no pipe";
    } else {
        std::string name = (std::filesystem::temp_directory_path() / "quartet-printed-XXXXXX").native();
        ends[1] = mkstemp(name.data());
        ends[0] = open(name.c_str(), O_RDONLY);
        unlink(name.c_str());
    }
    pid_t const child = fork();
    if (child == 0) {
        alarm(250);  // instead of a test that hangs
        dup2(ends[1], 1);
        dup2(ends[1], 2);
        close(ends[0]);
        close(ends[1]);
        std::setvbuf(stdout, nullptr, _IOFBF, 1 << 16);
        program();
        std::fflush(nullptr);
        _exit(0);
    }
    close(ends[1]);
    std::string text;
    if (where == target::pipe) text = all_of(ends[0]);
    int status = 0;
    waitpid(child, &status, 0);
    if (where == target::file) text = all_of(ends[0]);
    close(ends[0]);
    if (status != 0) text += fmt::format("\nended with {}\n", status);
    return text;
}

/// How often the line is there, whole.
std::ptrdiff_t count_of(std::string const& text, std::string const& wanted) {
    std::istringstream lines(text);
    std::ptrdiff_t count = 0;
    for (std::string line; std::getline(lines, line);)
        count += line == wanted;
    return count;
}

/// Past all buffers.
void say_directly(std::string_view text) {
    if (write(1, text.data(), text.size()) < 0) _exit(98);
}

constexpr std::string_view ways[] = {"printf", "cout", "clog", "cerr", "stderr", "fmt"};

void print_by_all(int n) {
    std::printf("printf %d\n", n);
    std::cout << "cout " << n << '\n';
    // Without a buffer, pieces of two workers' lines would mix.
    std::clog << fmt::format("clog {}\n", n);
    std::cerr << fmt::format("cerr {}\n", n);
    std::fprintf(stderr, "stderr %d\n", n);
    fmt::print("fmt {}\n", n);
}

struct how_to_print {
    std::string spec;
    target where;
    bool synced;
};

class printed : public testing::TestWithParam<how_to_print> {
protected:
    void SetUp() override {
        if (!conformance::with_processes) GTEST_SKIP() << "no processes under this sanitizer";
    }
    static void begin_printing() {
        if (!GetParam().synced) std::ios::sync_with_stdio(false);
        std::printf("before by printf\n");
        std::cout << "before by cout\n";
        std::clog << "before by clog\n";
    }
};

std::vector<how_to_print> all_ways() {
    std::vector<how_to_print> all;
    for (std::string const spec : {"processes:2", "processes:each", "processes:2+async:10"}) {
        for (target const where : {target::pipe, target::file}) {
            all.push_back({spec, where, true});
            all.push_back({spec, where, false});
        }
    }
    return all;
}
std::string name_of(testing::TestParamInfo<how_to_print> const& how) {
    std::string name = how.param.spec + (how.param.where == target::pipe ? "_pipe" : "_file") +
                       (how.param.synced ? "" : "_own_buffers");
    std::ranges::replace_if(
        name, [](char each) { return each == ':' || each == '+'; }, '_');
    return name;
}
INSTANTIATE_TEST_SUITE_P(models, printed, testing::ValuesIn(all_ways()), name_of);

/// All lines of tasks 0 to `tasks` - 1 and of the program, once, and before "returned" says so.
void expect_once(std::string const& text, int tasks) {
    std::string const in_time = text.substr(0, text.find("returned\n"));
    for (int n = 0; n < tasks; ++n) {
        for (auto const way : ways) {
            auto const line = fmt::format("{} {}", way, n);
            EXPECT_EQ(count_of(in_time, line), 1) << line;
            EXPECT_EQ(count_of(text, line), 1) << line;
        }
    }
    for (std::string const line : {"before by printf", "before by cout", "before by clog"})
        EXPECT_EQ(count_of(in_time, line), 1) << line;
    if (testing::Test::HasFailure()) std::cerr << text;
}

TEST_P(printed, by_a_map_is_there_once) {
    auto const text = printed_by(GetParam().where, [] {
        begin_printing();
        auto executor = make_executor(GetParam().spec);
        executor.for_each(print_by_all, std::views::iota(0, 20));
        say_directly("returned\n");
    });
    expect_once(text, 20);
}

TEST_P(printed, by_submits_is_there_once) {
    auto const text = printed_by(GetParam().where, [] {
        begin_printing();
        auto executor = make_executor(GetParam().spec);
        std::vector<future<void>> futures;
        for (int n = 0; n < 7; ++n)
            futures.push_back(executor.submit(print_by_all, n));
        for (auto& each : futures)
            each.get();
        say_directly("returned\n");
    });
    expect_once(text, 7);
}

TEST_P(printed, by_a_stream_is_there_once) {
    auto const text = printed_by(GetParam().where, [] {
        begin_printing();
        auto executor = make_executor(GetParam().spec);
        for (auto& each : executor.stream(print_by_all, std::views::iota(0, 20)))
            std::move(each).value();
        say_directly("returned\n");
    });
    expect_once(text, 20);
}

TEST_P(printed, by_a_coroutine_that_waits_and_fails_is_there_once) {
    auto const text = printed_by(GetParam().where, [] {
        begin_printing();
        auto const body = [](context& ctx, int n) -> task<void> {
            print_by_all(n);
            co_await ctx.yield();
            if (n % 2 == 0) throw std::runtime_error("after it has printed");
        };
        auto executor = make_executor(GetParam().spec);
        auto const outcomes = executor.try_map(body, std::views::iota(0, 10));
        say_directly("returned\n");
        if (outcomes[0].has_value()) _exit(97);
    });
    expect_once(text, 10);
}

TEST_P(printed, by_tasks_before_one_that_dies_stays) {
    auto const text = printed_by(GetParam().where, [] {
        begin_printing();
        auto const body = [](int n) {
            if (n == 5) {
                std::printf("half");
                raise(SIGKILL);
            }
            print_by_all(n);
        };
        auto executor = make_executor(GetParam().spec);
        executor.try_map(body, std::views::iota(0, 5), {.chunk_size = 5});
        executor.try_map(body, std::views::iota(5, 6));
        say_directly("returned\n");
    });
    expect_once(text, 5);
    EXPECT_EQ(text.find("half"), std::string::npos);
}

TEST_P(printed, by_initialize_is_there_when_a_call_has_returned) {
    auto const text = printed_by(GetParam().where, [] {
        begin_printing();
        auto executor = make_executor(GetParam().spec, {.initialize = [] { print_by_all(0); }});
        executor.for_each([](int) {}, std::vector{1});
        say_directly("returned\n");
    });
    EXPECT_GE(count_of(text.substr(0, text.find("returned\n")), "printf 0"), 1);
    EXPECT_EQ(count_of(text, "before by cout"), 1);
}

/// A file of the program's own, opened before the workers were forked.
TEST_P(printed, to_a_file_of_the_programs_is_there_once) {
    temporary_folder folder;
    auto const path = folder / "log";
    auto const text = printed_by(GetParam().where, [&] {
        begin_printing();
        std::FILE* const file = std::fopen(path.c_str(), "a");
        std::fprintf(file, "head\n");
        auto executor = make_executor(GetParam().spec);
        executor.for_each([file](int n) { std::fprintf(file, "line %d\n", n); }, std::views::iota(0, 20));
        std::ifstream now(path);
        std::string const read{std::istreambuf_iterator<char>(now), {}};
        for (int n = 0; n < 20; ++n) {
            if (count_of(read, fmt::format("line {}", n)) != 1) _exit(96);
        }
        if (!read.starts_with("head\n") || count_of(read, "head") != 1) _exit(95);
    });
    EXPECT_EQ(text.find("ended with"), std::string::npos) << text;
}

TEST_P(printed, by_the_program_stands_before_the_tasks) {
    auto const text = printed_by(GetParam().where, [] {
        begin_printing();
        auto executor = make_executor(GetParam().spec);
        for (int n = 0; n < 3; ++n) {
            std::printf("call %d\n", n);
            executor.for_each([](int each) { std::printf("task %d\n", each); }, std::vector{n});
        }
    });
    EXPECT_LT(text.find("before by printf"), text.find("task 0"));
    for (int n = 0; n < 3; ++n)
        EXPECT_LT(text.find(fmt::format("call {}", n)), text.find(fmt::format("task {}", n))) << n;
}

TEST(printing, by_a_process_is_there_once) {
    for (target const where : {target::pipe, target::file}) {
        for (bool const synced : {true, false}) {
            auto const text = printed_by(where, [synced] {
                if (!synced) std::ios::sync_with_stdio(false);
                std::printf("before by printf\n");
                std::cout << "before by cout\n";
                std::clog << "before by clog\n";
                process child([] { print_by_all(0); });
                child.start();
                child.join();
                say_directly("returned\n");
            });
            expect_once(text, 1);
        }
    }
}

/// To write out the program's streams is not to wait for one that a thread reads from.
TEST(printing, waits_for_no_stream_that_is_read_from) {
    if (!conformance::may_fork_beside_threads) GTEST_SKIP() << "no fork beside threads under a sanitizer";
    auto const text = printed_by(target::pipe, [] {
        int ends[2];
        if (pipe(ends) != 0) _exit(94);
        std::FILE* const input = fdopen(ends[0], "r");
        std::atomic<bool> reading = false;
        std::thread reader([&] {
            reading = true;
            std::fgetc(input);
        });
        while (!reading || ftrylockfile(input) == 0) {
            if (reading) funlockfile(input);
            std::this_thread::sleep_for(1ms);
        }
        std::printf("before by printf\n");
        for (std::string const spec : {"processes:1", "processes:each"})
            make_executor(spec).for_each([](int n) { std::printf("task %d\n", n); }, std::vector{1});
        if (write(ends[1], "x", 1) != 1) _exit(93);
        reader.join();
    });
    EXPECT_EQ(count_of(text, "before by printf"), 1) << text;
    EXPECT_EQ(count_of(text, "task 1"), 2) << text;
}

}  // namespace
}  // namespace quartet::faults::printed_test
