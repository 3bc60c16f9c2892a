// co_await ctx.run(): the same under a blocking context and an async one, in this process and in a worker.
//
// Every command here ends by itself in the end, so a test that fails leaves nothing behind for long.

#include "tests/io/processes.hpp"
#include "tests/sanitized.hpp"
#include "tests/waiting.hpp"

#include <quartet/quartet.hpp>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <fcntl.h>
#include <iterator>
#include <numeric>
#include <stop_token>
#include <string>
#include <sys/resource.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace quartet::command_operation_test {
namespace {

using namespace std::chrono_literals;
using test::comes_true;
using test::is_alive;
using test::process_from;
using test::read_text;
using test::sanitized;
using test::temporary_folder;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

auto const all_models = test::sees_forks
                            ? testing::ValuesIn({"single", "threads:3", "async:4", "processes:2"})
                            : testing::ValuesIn({"single", "threads:3", "async:4"});

std::string test_name(testing::TestParamInfo<char const*> const& spec) {
    std::string name = spec.param;
    std::ranges::replace(name, ':', '_');
    return name;
}

class running_a_command : public testing::TestWithParam<char const*> {
protected:
    /// What `body` gives for one input.
    template <class Body, class In>
    auto one(Body body, In input) {
        auto const values = executor_.map(body, std::vector<In>(1, input));
        return typename decltype(values)::value_type(values[0]);
    }
    template <class Body, class In>
    std::string failure_of(Body body, In input) {
        auto const outcomes = executor_.try_map(body, std::vector<In>(1, input));
        return outcomes[0] ? "no failure" : outcomes[0].error().message;
    }

    executor executor_ = make_executor(GetParam());
};
INSTANTIATE_TEST_SUITE_P(, running_a_command, all_models, test_name);

task<command_result> run_line(context& ctx, std::string line) {
    co_return co_await ctx.run(command::shell(std::move(line)));
}

task<command_result> run_arguments(context& ctx, std::vector<std::string> arguments) {
    command what;
    what.arguments = std::move(arguments);
    co_return co_await ctx.run(std::move(what));
}

TEST_P(running_a_command, gives_output_and_errors_and_exit_code) {
    auto const result = one(run_line, std::string("echo out; echo err >&2; exit 3"));
    EXPECT_EQ(result.output, "out\n");
    EXPECT_EQ(result.errors, "err\n");
    EXPECT_EQ(result.exit_code, 3);
    EXPECT_EQ(result.signal, 0);
    EXPECT_FALSE(result.timed_out);
}

TEST_P(running_a_command, gives_the_signal_that_killed_it) {
    auto const result = one(run_line, std::string("echo out; kill -KILL $$"));
    EXPECT_EQ(result.signal, SIGKILL);
    EXPECT_EQ(result.exit_code, 0);
    EXPECT_EQ(result.output, "out\n");
}

TEST_P(running_a_command, passes_arguments_as_they_are) {
    std::vector<std::string> const arguments{"printf", "%s|", "a b", "", "'\"$HOME*", "grün"};
    EXPECT_EQ(one(run_arguments, arguments).output, "a b||'\"$HOME*|grün|");
}

TEST_P(running_a_command, that_is_not_there_names_it) {
    EXPECT_EQ(failure_of(run_arguments, std::vector<std::string>{"no-such-program"}),
              "cannot start 'no-such-program': No such file or directory");
    EXPECT_EQ(failure_of(run_arguments, std::vector<std::string>{"/etc/passwd"}),
              "cannot start '/etc/passwd': Permission denied");
}

TEST_P(running_a_command, without_a_program_or_with_a_nul_is_refused) {
    EXPECT_THAT(failure_of(run_arguments, std::vector<std::string>{}), HasSubstr("without a program"));
    EXPECT_THAT(failure_of(run_arguments, std::vector<std::string>{"echo", std::string("a\0b", 3)}),
                HasSubstr("cannot start 'echo': a NUL"));
}

task<command_result> run_in(context& ctx, std::string directory) {
    auto what = command::program("pwd");
    what.directory = directory;
    co_return co_await ctx.run(std::move(what));
}

TEST_P(running_a_command, runs_where_it_is_told_to) {
    EXPECT_EQ(one(run_in, std::string("/usr/bin")).output, "/usr/bin\n");
    EXPECT_EQ(failure_of(run_in, std::string("/no/such/place")),
              "cannot start 'pwd' in '/no/such/place': No such file or directory");
}

task<command_result> run_with_environment(context& ctx, std::string line) {
    auto what = command::shell(std::move(line));
    what.environment = {{"QUARTET_REPLACED", "from inside"}, {"QUARTET_ADDED", "from inside"}};
    co_return co_await ctx.run(std::move(what));
}

TEST_P(running_a_command, adds_to_the_environment_and_replaces_in_it) {
    setenv("QUARTET_REPLACED", "from outside", 1);
    setenv("QUARTET_KEPT", "from outside", 1);
    std::vector<std::string> const lines{"tr '\\0' '\\n' </proc/$$/environ | grep ^QUARTET_ | sort"};
    auto const result = make_executor(GetParam()).map(run_with_environment, lines)[0];
    unsetenv("QUARTET_REPLACED");
    unsetenv("QUARTET_KEPT");
    EXPECT_EQ(result.output,
              "QUARTET_ADDED=from inside\nQUARTET_KEPT=from outside\nQUARTET_REPLACED=from inside\n");
}

task<command_result> run_joined(context& ctx, std::string line) {
    auto what = command::shell(std::move(line));
    what.join_errors = true;
    co_return co_await ctx.run(std::move(what));
}

TEST_P(running_a_command, joins_errors_with_output_in_order) {
    auto const result = one(run_joined, std::string("echo 1; echo 2 >&2; echo 3"));
    EXPECT_EQ(result.output, "1\n2\n3\n");
    EXPECT_EQ(result.errors, "");
}

task<command_result> run_in_own_session(context& ctx, std::string line) {
    auto what = command::shell(std::move(line));
    what.own_session = true;
    what.timeout = what.arguments.back().find("sleep") == std::string::npos ? 1min : 300ms;
    co_return co_await ctx.run(std::move(what));
}

TEST_P(running_a_command, has_a_session_of_its_own_if_it_shall) {
    std::string const ids("read -r _ _ _ _ group session _ </proc/$$/stat; echo $$ $group $session");
    auto const apart = one(run_in_own_session, ids).output;
    std::string const process = apart.substr(0, apart.find(' '));
    EXPECT_EQ(apart, fmt::format("{0} {0} {0}\n", process));
    auto const with_us = one(run_line, ids).output;
    EXPECT_THAT(with_us, testing::EndsWith(fmt::format(" {} {}\n", getpgrp(), getsid(0))));
}

// One that has left its parent is nobody's descendant, but still in the group.
TEST_P(running_a_command, in_its_own_session_takes_all_of_its_group_along) {
    temporary_folder const folder;
    auto const path = folder / "daemon";
    one(run_in_own_session, fmt::format("(sleep 60 & echo $! >{}); sleep 60", path.native()));
    EXPECT_TRUE(comes_true([&] { return !is_alive(process_from(path)); }));
}

TEST_P(running_a_command, in_its_own_session_is_asked_to_end_once) {
    temporary_folder const folder;
    auto const path = folder / "ends";
    one(run_in_own_session, fmt::format("trap 'echo end >>{}' TERM; sleep 60; true", path.native()));
    EXPECT_EQ(read_text(path), "end\n");
}

// A loop is the same, but it is waited for elsewhere.
TEST_P(running_a_command, tells_what_it_used) {
    auto const result = one(run_line, std::string("i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done"));
    EXPECT_GT(result.user_time + result.system_time, 1ms);
    EXPECT_GT(result.peak_bytes, 500'000u);
    auto const large = one(run_line, std::string("head -c 150M /dev/zero | tail -n 1 | wc -c"));
    EXPECT_GT(large.peak_bytes, 100u << 20);
}

std::string numbered_text(std::size_t size) {
    std::string text;
    for (std::size_t i = 0; text.size() < size; ++i)
        text += fmt::format("{}\n", i);
    text.resize(size);
    return text;
}

// The input is a number, because what is in it need not cross.
task<bool> gives_back_input(context& ctx, std::size_t size) {
    auto what = command::program("cat");
    what.input = numbered_text(size);
    auto const result = co_await ctx.run(what);
    co_return result.ok() && result.output == what.input;
}

task<command_result> ignore_input(context& ctx, std::string program) {
    auto what = command::program(program);
    what.input = numbered_text(10'000'000);
    co_return co_await ctx.run(std::move(what));
}

TEST_P(running_a_command, feeds_it_any_amount_of_input) {
    for (std::size_t const size : {1UL, 65'536UL, 65'537UL, sanitized ? 2'000'000UL : 20'000'000UL})
        EXPECT_TRUE(one(gives_back_input, size)) << size;
}

TEST_P(running_a_command, that_does_not_read_its_input_is_no_trouble) {
    EXPECT_TRUE(one(ignore_input, std::string("true")).ok());
}

TEST_P(running_a_command, without_input_finds_the_end_of_file) {
    EXPECT_EQ(one(run_line, std::string("wc -c; cat /dev/stdin")).output, "0\n");
}

TEST_P(running_a_command, keeps_all_of_a_large_output) {
    std::size_t const size = sanitized ? 10'000'000 : 100'000'000;
    auto const size_of_output = [](context& ctx, std::string line) -> task<std::uint64_t> {
        auto const result = co_await ctx.run(command::shell(line));
        co_return result.output.find_first_not_of('x') == std::string::npos ? result.output.size() : 0;
    };
    EXPECT_EQ(one(size_of_output, fmt::format("head -c {} /dev/zero | tr '\\0' x", size)), size);
}

/// A line, and how much it may write.
struct bounded_line {
    std::string line;
    std::size_t most_bytes;
    std::string input{};
    template <class Archive>
    void serialize(Archive& archive) {
        archive(line, most_bytes, input);
    }
};

task<command_result> run_bounded(context& ctx, bounded_line given) {
    auto what = command::shell(given.line);
    what.most_bytes = given.most_bytes;
    what.input = given.input;
    co_return co_await ctx.run(std::move(what));
}

TEST_P(running_a_command, ends_one_that_writes_more_than_it_may) {
    temporary_folder const folder;
    auto const id = (folder / "id").native();
    // Who writes leaves its number first: what it may write is over at once.
    auto const yes = fmt::format("sh -c 'echo $$ > {}; exec yes'", id);
    for (auto const& line :
         {yes, fmt::format("{} >&2 & wait", yes),
          fmt::format("{} | cat; echo > {}.more", yes, (folder / "x").native()),
          fmt::format("trap '' TERM; {} & until [ -s {} ]; do sleep 0.01; done; yes >&2; wait", yes, id)}) {
        std::filesystem::remove(id);
        auto const result = one(run_bounded, bounded_line{line, 1'000'000});
        EXPECT_TRUE(result.too_long) << line;
        EXPECT_FALSE(result.ok());
        EXPECT_EQ(result.written, 1'000'000u);
        EXPECT_EQ(result.output.size() + result.errors.size(), 1'000'000u) << "it is cut there";
        EXPECT_EQ(result.describe(), "wrote more than 1000000 bytes and was ended");
        auto const writer = process_from(id);
        EXPECT_TRUE(comes_true([&] { return !is_alive(writer); })) << line;
        EXPECT_FALSE(std::filesystem::exists(folder / "x.more"));
    }
}

TEST_P(running_a_command, may_write_as_much_as_it_may) {
    auto const whole =
        one(run_bounded, bounded_line{"head -c 70000 /dev/zero; head -c 30000 /dev/zero >&2", 100'000});
    EXPECT_TRUE(whole.ok());
    EXPECT_EQ(whole.output.size(), 70'000u);
    EXPECT_EQ(whole.errors.size(), 30'000u);
    auto const cut =
        one(run_bounded,
            bounded_line{"head -c 70000 /dev/zero; sleep 0.1; head -c 30001 /dev/zero >&2", 100'000});
    EXPECT_TRUE(cut.too_long);  // in the one that is read last
    EXPECT_EQ(cut.output.size() + cut.errors.size(), 100'000u);
    EXPECT_TRUE(cut.output.size() == 70'000u || cut.errors.size() == 30'001u);
    EXPECT_FALSE(one(run_bounded, bounded_line{"true", 0}).too_long);
    EXPECT_TRUE(one(run_bounded, bounded_line{"echo", 0}).too_long);
    EXPECT_TRUE(one(run_bounded, bounded_line{"cat", 99'999, numbered_text(100'000)}).too_long);
}

TEST_P(running_a_command, has_a_bound_that_nobody_needs_to_set) {
    auto const written_by = [](context& ctx, std::string line) -> task<std::vector<std::size_t>> {
        auto const result = co_await ctx.run(command::shell(line));
        co_return std::vector<std::size_t>{result.too_long, result.written, result.output.size()};
    };
    std::size_t const most = command().most_bytes;
    EXPECT_THAT(one(written_by, std::string("yes")), ElementsAre(1, most, most));
}

task<std::vector<std::size_t>> count_pieces(context& ctx, bounded_line given) {
    std::size_t bytes = 0;
    std::size_t longest = 0;
    std::size_t errors = 0;
    auto what = command::shell(given.line);
    what.most_bytes = given.most_bytes;
    what.on_output = [&](std::string_view piece) {
        bytes += piece.size();
        longest = std::max(longest, piece.size());
    };
    what.on_errors = [&](std::string_view piece) { errors += piece.size(); };
    auto const result = co_await ctx.run(std::move(what));
    co_return std::vector<std::size_t>{bytes,       longest <= 65'536,
                                       errors,      result.output.size() + result.errors.size(),
                                       result.ok(), result.written};
}

TEST_P(running_a_command, gives_its_output_in_pieces_to_whoever_takes_it) {
    std::size_t const size = sanitized ? 10'000'000 : 300'000'000;  // more than the result may hold
    auto const line = fmt::format("head -c {} /dev/zero; echo err >&2", size);
    EXPECT_THAT(one(count_pieces, bounded_line{line, size + 4}), ElementsAre(size, 1, 4, 0, 1, size + 4));
    EXPECT_THAT(one(count_pieces, bounded_line{"yes", 1'000'000}),
                ElementsAre(1'000'000, 1, 0, 0, 0, 1'000'000));
}

TEST_P(running_a_command, ends_with_what_the_taker_of_its_output_throws) {
    temporary_folder const folder;
    auto const refuse_output = [](context& ctx, std::string line) -> task<command_result> {
        auto what = command::shell(std::move(line));
        what.on_output = [](std::string_view) { throw std::runtime_error("no more of this"); };
        co_return co_await ctx.run(std::move(what));
    };
    auto const id = folder / "id";
    EXPECT_EQ(failure_of(refuse_output, fmt::format("echo $$ > {}; exec yes", id.native())),
              "no more of this");
    EXPECT_FALSE(is_alive(process_from(id)));
}

TEST_P(running_a_command, reads_output_and_errors_at_the_same_time) {
    // Either pipe holds 65536 bytes: one that is not read holds up the command for ever.
    auto const result = one(run_line, std::string("for i in 1 2 3; do head -c 300000 /dev/zero; "
                                                  "head -c 300000 /dev/zero >&2; done"));
    EXPECT_EQ(result.output.size(), 900'000u);
    EXPECT_EQ(result.errors.size(), 900'000u);
}

TEST_P(running_a_command, gives_it_signals_with_their_usual_effects) {
    constexpr std::array ignored{SIGINT, SIGPIPE, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2};
    std::array<void (*)(int), ignored.size()> before{};
    std::ranges::transform(ignored, before.begin(), [](int each) { return std::signal(each, SIG_IGN); });
    sigset_t blocked;
    sigset_t old_mask;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &blocked, &old_mask);
    auto runs = make_executor(GetParam());  // its threads and processes inherit this
    auto const result = runs.map(run_arguments, std::vector<std::vector<std::string>>{
                                                    {"grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status"}})[0];
    pthread_sigmask(SIG_SETMASK, &old_mask, nullptr);
    for (std::size_t each = 0; each < ignored.size(); ++each)
        std::signal(ignored[each], before[each]);
    // The last four stay ignored. glibc uses the signals 32 and 33 itself, and lets all that it spawns ignore
    // them at first.
    EXPECT_THAT(
        result.output,
        testing::MatchesRegex("SigBlk:\t0000000000000000\nSigIgn:\t(0000000180000a05|0000000000000a05)\n"));
}

TEST_P(running_a_command, gives_it_no_other_open_file) {
    int const inherited = fcntl(STDERR_FILENO, F_DUPFD, 100);  // without O_CLOEXEC
    auto const result =
        make_executor(GetParam()).map(run_line, std::vector<std::string>{"echo /proc/self/fd/*"})[0];
    close(inherited);
    EXPECT_THAT(result.output, StartsWith("/proc/self/fd/0 /proc/self/fd/1 /proc/self/fd/2"));
    EXPECT_THAT(result.output, testing::Not(HasSubstr(fmt::format("/fd/{}", inherited))));
}

TEST_P(running_a_command, ends_with_it_and_not_with_what_it_left_behind) {
    auto const result = one(run_line, std::string("sleep 200 & echo $!"));
    auto const left_behind = static_cast<pid_t>(std::stol(result.output));
    EXPECT_TRUE(is_alive(left_behind)) << "waited for it, or ended it";
    kill(left_behind, SIGKILL);
}

TEST_P(running_a_command, ends_with_it_though_what_it_left_behind_goes_on_writing) {
    temporary_folder const folder;
    auto const result = one(run_line, fmt::format("timeout 20 yes & echo $! > {}", (folder / "id").native()));
    EXPECT_TRUE(result.ok());
    auto const writer = process_from(folder / "id");
    EXPECT_TRUE(comes_true([&] { return !is_alive(writer); }))
        << "nobody reads, so SIGPIPE should have ended it";
}

TEST_P(running_a_command, waits_for_it_after_it_has_closed_its_output) {
    auto const result = one(run_line, std::string("exec >&- 2>&-; sleep 0.1; exit 4"));
    EXPECT_EQ(result.exit_code, 4);
}

/// A line, and how long it may take.
struct timed_line {
    std::string line;
    std::int64_t milliseconds = 500;
    template <class Archive>
    void serialize(Archive& archive) {
        archive(line, milliseconds);
    }
};

task<command_result> run_for_a_time(context& ctx, timed_line given) {
    auto what = command::shell(given.line);
    what.timeout = std::chrono::milliseconds(given.milliseconds);
    co_return co_await ctx.run(std::move(what));
}

TEST_P(running_a_command, ends_it_at_its_time_out) {
    timed_line given{"echo begun; sleep 100; echo ended"};
    auto result = one(run_for_a_time, given);
    // Where the machine was so busy that it had not even begun.
    for (; result.output.empty() && given.milliseconds < 100'000; result = one(run_for_a_time, given))
        given.milliseconds *= 4;
    EXPECT_TRUE(result.timed_out);
    EXPECT_EQ(result.signal, SIGTERM);
    EXPECT_EQ(result.output, "begun\n");
    EXPECT_FALSE(one(run_for_a_time, timed_line{"true", 600'000}).timed_out);
}

std::size_t open_descriptors() {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {}));
}

TEST_P(running_a_command, leaves_no_descriptor_and_no_zombie) {
    one(run_line, std::string("true"));
    auto const before = open_descriptors();
    std::vector<std::string> lines(50, "echo out; echo err >&2");
    lines[10] = "kill -KILL $$";
    executor_.map(run_line, lines);
    failure_of(run_arguments, std::vector<std::string>{"no-such-program"});
    failure_of(run_in, std::string("/no/such/place"));
    one(run_for_a_time, timed_line{"sleep 20; true"});
    EXPECT_EQ(open_descriptors(), before);
    if (std::string_view(GetParam()).starts_with("processes")) return;  // whose fork server is a child
    EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1);
    EXPECT_EQ(errno, ECHILD);
}

/// Lets this process open `more` descriptors, and no further ones, as long as it lives.
class few_descriptors {
public:
    explicit few_descriptors(rlim_t more) {
        getrlimit(RLIMIT_NOFILE, &before_);
        int const next = dup(STDERR_FILENO);  // the lowest that is free
        close(next);
        rlimit const few{.rlim_cur = static_cast<rlim_t>(next) + more, .rlim_max = before_.rlim_max};
        setrlimit(RLIMIT_NOFILE, &few);
    }
    few_descriptors(few_descriptors const&) = delete;
    few_descriptors& operator=(few_descriptors const&) = delete;
    ~few_descriptors() { setrlimit(RLIMIT_NOFILE, &before_); }

private:
    rlimit before_{};
};

TEST_P(running_a_command, without_descriptors_fails_in_the_systems_words) {
    if (std::string_view(GetParam()).starts_with("processes")) GTEST_SKIP() << "the limit is this process's";
    one(run_line, std::string("true"));
    auto const before = open_descriptors();
    for (rlim_t more = 0; more < 6; ++more) {
        auto const message = [&] {
            few_descriptors const limit(more);
            return failure_of(run_arguments, std::vector<std::string>{"true"});
        }();
        EXPECT_EQ(message, "cannot start 'true': Too many open files") << more;
        EXPECT_EQ(open_descriptors(), before) << more;
    }
    EXPECT_TRUE(one(run_line, std::string("true")).ok());
}

TEST_P(running_a_command, works_in_a_process_without_standard_streams) {
    std::array const kept{dup(0), dup(1), dup(2)};
    for (int each : {0, 1, 2})
        close(each);
    auto const result =
        make_executor(GetParam()).map(run_line, std::vector<std::string>{"cat; echo out; echo err >&2"})[0];
    for (int each : {0, 1, 2})
        dup2(kept[static_cast<std::size_t>(each)], each);
    for (int each : kept)
        close(each);
    EXPECT_EQ(result.output, "out\n");
    EXPECT_EQ(result.errors, "err\n");
}

/// Handles SIGCHLD in one of the ways that leave a program's children to others.
class children_left_to_others {
public:
    enum class way { ignored, not_kept, reaped_by_a_handler };
    explicit children_left_to_others(way how) {
        struct sigaction action {};
        action.sa_handler = SIG_DFL;
        if (how == way::ignored) action.sa_handler = SIG_IGN;
        if (how == way::not_kept) action.sa_flags = SA_NOCLDWAIT;
        if (how == way::reaped_by_a_handler) {
            action.sa_handler = [](int) {
                int const error = errno;
                while (waitpid(-1, nullptr, WNOHANG) > 0) {
                }
                errno = error;
            };
            action.sa_flags = SA_RESTART;
        }
        sigaction(SIGCHLD, &action, &before_);
    }
    children_left_to_others(children_left_to_others const&) = delete;
    children_left_to_others& operator=(children_left_to_others const&) = delete;
    ~children_left_to_others() { sigaction(SIGCHLD, &before_, nullptr); }

    static constexpr std::array all{way::ignored, way::not_kept, way::reaped_by_a_handler};

private:
    struct sigaction before_ {};
};

TEST_P(running_a_command, keeps_output_and_end_whoever_waits_for_children) {
    if (sanitized) GTEST_SKIP() << "a sanitizer does not know of a process that is cloned beside it";
    std::vector<std::string> lines(20, "echo out; echo err >&2; exit 3");
    lines.emplace_back("kill -KILL $$");
    for (auto const way : children_left_to_others::all) {
        children_left_to_others const left(way);
        auto runs = make_executor(GetParam());
        auto const results = runs.map(run_line, lines);
        for (std::size_t i = 0; i < 20; ++i) {
            EXPECT_TRUE(results[i].end_known);
            EXPECT_EQ(results[i].exit_code, 3);
            EXPECT_EQ(results[i].output, "out\n");
            EXPECT_EQ(results[i].errors, "err\n");
        }
        EXPECT_EQ(results[20].signal, SIGKILL);
        EXPECT_TRUE(runs.map(run_for_a_time, std::vector<timed_line>{{"sleep 20; true"}})[0].timed_out);
        EXPECT_EQ(runs.try_map(run_arguments, std::vector<std::vector<std::string>>{{"no-such-program"}})[0]
                      .error()
                      .message,
                  "cannot start 'no-such-program': No such file or directory");
        auto const big = runs.map(gives_back_input, std::vector<std::size_t>{2'000'000});
        EXPECT_TRUE(big[0]);
    }
    if (std::string_view(GetParam()).starts_with("processes")) return;
    EXPECT_EQ(waitpid(-1, nullptr, WNOHANG | __WALL), -1) << "a child is left";
}

/// A fork of the program has copies of all its descriptors, also of what goes between it and the keeper.
TEST_P(running_a_command, does_not_wait_for_a_process_that_was_forked_meanwhile) {
    if (sanitized) GTEST_SKIP() << "a sanitizer does not know of a process that is cloned beside it";
    auto const outlived = [](context& ctx, int) -> task<bool> {
        pid_t other = 0;
        auto what = command::shell("echo out; exit 3");
        what.on_output = [&](std::string_view) {
            if (other == 0) other = fork();
            if (other != 0) return;
            alarm(200);
            for (;;)
                pause();
        };
        auto const ended = co_await ctx.run(std::move(what));
        bool const is_there = kill(other, 0) == 0;
        kill(other, SIGKILL);
        waitpid(other, nullptr, 0);
        bool const well = is_there && ended.exit_code == 3;
        co_return well;
    };
    for (auto const way : children_left_to_others::all) {
        children_left_to_others const left(way);
        EXPECT_TRUE(one(outlived, 1)) << "it waited until the other process had ended";
    }
}

TEST_P(running_a_command, keeps_output_though_nobody_knows_its_end) {
    auto const ignore_children_meanwhile = [](context& ctx, std::string line) -> task<command_result> {
        struct sigaction before {};
        std::string output;
        auto what = command::shell(std::move(line));
        what.on_output = [&](std::string_view piece) {
            output += piece;
            struct sigaction ignored {};
            ignored.sa_handler = SIG_IGN;
            sigaction(SIGCHLD, &ignored, output.size() == piece.size() ? &before : nullptr);
        };
        auto result = co_await ctx.run(std::move(what));
        sigaction(SIGCHLD, &before, nullptr);
        result.output = std::move(output);
        co_return result;
    };
    auto const result = one(ignore_children_meanwhile, std::string("echo out; sleep 0.2; exit 3"));
    EXPECT_EQ(result.output, "out\n");
    EXPECT_FALSE(result.ok());
    // From 6.15 on the kernel remembers.
    if (result.end_known)
        EXPECT_EQ(result.exit_code, 3);
    else
        EXPECT_THAT(result.describe(), StartsWith("ended in a way that is not known"));
}

class stopping_a_command : public running_a_command {
protected:
    /// Runs a line and requests a stop when a file ends with a line. Gives the failure.
    failure stop_when_written(std::string line, std::filesystem::path const& sign) {
        std::stop_source source;
        std::jthread const stopper([&] {
            comes_true([&] { return read_text(sign).ends_with('\n'); });
            asked_ = std::chrono::steady_clock::now();
            source.request_stop();
        });
        auto const outcomes = executor_.try_map(run_line, std::vector<std::string>{std::move(line)},
                                                {.stop = source.get_token()});
        ended_ = std::chrono::steady_clock::now();
        return outcomes[0] ? failure{} : outcomes[0].error();
    }
    /// Runs a line and stops it, until its body has heard of that: a worker is ended that has not after 250
    /// ms, as on a busy machine, and what it runs goes on without it.
    void stop_line(std::string const& line, std::filesystem::path const& sign) {
        for (auto const worker_was_ended = "cancelled: its worker process was ended";;) {
            auto const why = stop_when_written(line, sign);
            EXPECT_EQ(why.why, cause::cancelled) << why.message;
            EXPECT_LT(ended_ - asked_, 50s) << "the line would take twice as long";
            if (why.message != worker_was_ended) {
                EXPECT_EQ(why.message, "cancelled");
                return;
            }
            EXPECT_GE(ended_ - asked_, 250ms);
            std::filesystem::remove(sign);
        }
    }
    /// One that notes down that it has cleaned up. It has 100 ms for that, which a busy machine may not let
    /// it have.
    void expect_to_clean_up(std::string const& line) {
        for (;;) {
            stop_line(line, folder_ / "begun");
            if (std::filesystem::exists(folder_ / "cleaned")) return;
            ASSERT_GE(ended_ - asked_, 100ms) << "it had no time";
            std::filesystem::remove(folder_ / "begun");
        }
    }
    /// A shell and what it began, both of which ignore SIGTERM.
    void expect_the_deaf_to_be_killed() {
        auto const id = folder_ / "id";
        auto const other = folder_ / "other";
        auto const line = fmt::format("trap '' TERM; sleep 100 & echo $! > {}; echo $$ > {}; wait; sleep 100",
                                      other.native(), id.native());
        stop_line(line, id);
        EXPECT_FALSE(is_alive(process_from(id)));
        EXPECT_TRUE(comes_true([&] { return !is_alive(process_from(other)); }));
    }

    temporary_folder folder_;
    std::chrono::steady_clock::time_point asked_;
    std::chrono::steady_clock::time_point ended_;
};
INSTANTIATE_TEST_SUITE_P(, stopping_a_command, all_models, test_name);

TEST_P(stopping_a_command, ends_it) {
    auto const id = folder_ / "id";
    stop_line(fmt::format("echo $$ > {}; exec sleep 100", id.native()), id);
    EXPECT_FALSE(is_alive(process_from(id)));
}

TEST_P(stopping_a_command, ends_what_the_shell_started_and_begins_nothing_more) {
    auto const id = folder_ / "id";
    auto const line = fmt::format("sh -c 'echo $$ > {}; sleep 100; true'; echo > {}", id.native(),
                                  (folder_ / "more").native());
    stop_line(line, id);
    EXPECT_FALSE(is_alive(process_from(id)));
    EXPECT_FALSE(std::filesystem::exists(folder_ / "more"));
}

TEST_P(stopping_a_command, gives_it_time_to_clean_up) {
    expect_to_clean_up(fmt::format("trap 'echo > {}; exit' TERM; echo > {}; sleep 100 & wait",
                                   (folder_ / "cleaned").native(), (folder_ / "begun").native()));
}

TEST_P(stopping_a_command, gives_what_the_shell_started_time_to_clean_up) {
    auto const inner = fmt::format("trap \"echo > {}; exit\" TERM; echo > {}; sleep 100 & wait",
                                   (folder_ / "cleaned").native(), (folder_ / "begun").native());
    expect_to_clean_up("sh -c '" + inner + "'; true");
}

TEST_P(stopping_a_command, kills_what_ignores_it) {
    expect_the_deaf_to_be_killed();
}

TEST_P(stopping_a_command, ends_it_whoever_waits_for_children) {
    if (sanitized) GTEST_SKIP() << "a sanitizer does not know of a process that is cloned beside it";
    for (auto const way : children_left_to_others::all) {
        children_left_to_others const left(way);
        expect_the_deaf_to_be_killed();
        std::filesystem::remove(folder_ / "id");
    }
}

TEST_P(stopping_a_command, kills_what_began_after_it_was_asked_to_end) {
    auto const begun = folder_ / "begun";
    auto const late = folder_ / "late";
    // The outer shell ends at once, so that what the inner one then starts is nobody's descendant but its.
    auto const line =
        fmt::format("(trap 'sleep 100 & echo $! > {}' TERM; echo > {}; sleep 100 & wait; wait) & wait",
                    late.native(), begun.native());
    stop_line(line, begun);
    // Where the machine is so busy that the grace was over first, it never began.
    if (!std::filesystem::exists(late)) return;
    EXPECT_TRUE(comes_true([&] { return !is_alive(process_from(late)); }));
}

TEST_P(stopping_a_command, that_has_not_begun_does_not_begin_it) {
    auto const touch_after_stop = [](context& ctx, std::string line) -> task<command_result> {
        while (!ctx.stop_requested())
            co_await ctx.yield();
        co_return co_await ctx.run(command::shell(std::move(line)));
    };
    std::stop_source source;
    std::jthread const stopper([&] {
        std::this_thread::sleep_for(20ms);
        source.request_stop();
    });
    auto const outcomes = executor_.try_map(
        touch_after_stop, std::vector{fmt::format("echo > {}", (folder_ / "begun").native())},
        {.stop = source.get_token()});
    ASSERT_FALSE(outcomes[0]);
    EXPECT_EQ(outcomes[0].error().why, cause::cancelled);
    EXPECT_FALSE(std::filesystem::exists(folder_ / "begun"));
}

TEST(running_commands_on_a_loop, runs_them_at_the_same_time) {
    temporary_folder const folder;
    // Each waits for the next one's file, the last for none: one after another would never end.
    auto const wait_for_next = [](context& ctx, std::string line) -> task<bool> {
        auto what = command::shell(std::move(line));
        what.timeout = 250s;
        co_return (co_await ctx.run(std::move(what))).ok();
    };
    std::vector<std::string> lines;
    for (int i = 0; i < 20; ++i)
        lines.push_back(fmt::format("echo > {}; while ! test -e {}; do sleep 0.02; done",
                                    (folder / std::to_string(i)).native(),
                                    (folder / std::to_string(i < 19 ? i + 1 : i)).native()));
    EXPECT_THAT(make_executor("async:20").map(wait_for_next, lines), testing::Each(true));
}

TEST(running_commands_on_a_loop, keeps_all_that_is_in_a_pipe_when_the_loop_comes_late) {
    // F_SETPIPE_SZ is 1031; all the output fits in, so the program ends before anybody reads.
    auto const run_or_hold_the_loop = [](context& ctx, bool hold) -> task<std::size_t> {
        if (hold) {
            std::this_thread::sleep_for(300ms);
            co_return 0;
        }
        auto const result = co_await ctx.run(command::program(
            "perl", "-e", "fcntl(STDOUT, 1031, 1048576) or die; syswrite(STDOUT, 'x' x 1000000)"));
        co_return result.output.size();
    };
    auto const sizes = make_executor("async:2").map(run_or_hold_the_loop, std::vector{false, true});
    EXPECT_EQ(sizes[0], 1'000'000u);
}

}  // namespace
}  // namespace quartet::command_operation_test
