// Files that are no regular ones: pipes with a name, devices, sockets. They are read and written as any file
// is, but whoever waits for their other end holds up nobody else, and ends by limits and stops.
#include "tests/conformance/models.hpp"
#include "tests/conformance/shared.hpp"
#include "tests/faults/checks.hpp"

#include <algorithm>
#include <chrono>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <poll.h>
#include <stop_token>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <thread>

namespace quartet::faults::streams_test {
namespace {

using conformance::any_model;
using conformance::shared_counter;
using conformance::temporary_folder;
using conformance::wait_until;
using namespace std::chrono_literals;

class streams : public any_model {
protected:
    streams() { mkfifo(fifo_.c_str(), 0600); }

    temporary_folder folder_;
    std::string const fifo_ = folder_ / "fifo";
};
QUARTET_SUITE(streams, conformance::rows_with_real_io());

class streams_on_loops : public streams {};
QUARTET_SUITE(streams_on_loops, conformance::rows_where([](auto const& row) {
                  return row.real_io && row.on_loops && row.name != "async_1";
              }));

std::string const large = [] {  // more than a pipe holds
    std::string text;
    for (int n = 0; text.size() < 1'000'000; ++n)
        text += std::to_string(n) + ' ';
    return text;
}();

auto const read_it = [](context& ctx, std::string const& path) -> task<std::string> {
    co_return co_await ctx.read_file(path);
};
auto const write_it = [](context& ctx, std::string const& path) -> task<std::string> {
    co_await ctx.write_file(path, large);
    co_return "written";
};
auto const append_it = [](context& ctx, std::string const& path) -> task<std::string> {
    co_await ctx.append_file(path, large);
    co_return "appended";
};
auto const append_it_open = [](context& ctx, std::string const& path) -> task<std::string> {
    auto file = co_await ctx.open_file(path, open_mode::append);
    for (std::size_t place = 0; place < large.size(); place += 1000)
        co_await file.append(large.substr(place, 1000));
    co_await file.close();
    co_return "appended";
};

std::string drain(std::string const& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

TEST_P(streams, are_read_to_their_end) {
    auto executor = make();
    std::jthread const writer([this] { std::ofstream(fifo_) << large; });
    EXPECT_TRUE(executor.map(read_it, std::vector{fifo_}).at(0) == large);
}

TEST_P(streams, are_read_in_the_pieces_they_come_in) {
    auto executor = make();
    std::jthread const writer([this] {
        std::ofstream file(fifo_);
        for (std::size_t place = 0; place < 3000; place += 1000) {
            std::this_thread::sleep_for(5ms);
            file << large.substr(place, 1000) << std::flush;
        }
    });
    EXPECT_TRUE(executor.map(read_it, std::vector{fifo_}).at(0) == large.substr(0, 3000));
}

TEST_P(streams, that_hold_nothing_are_read) {
    auto executor = make();
    std::jthread const writer([this] { close(open(fifo_.c_str(), O_WRONLY | O_CLOEXEC)); });
    EXPECT_EQ(executor.map(read_it, std::vector{fifo_}).at(0), "");
}

TEST_P(streams, are_written_and_appended_to) {
    auto executor = make();
    auto const expect_written = [&](auto body) {
        std::string read;
        {
            std::jthread const reader([&] { read = drain(fifo_); });
            executor.map(body, std::vector{fifo_});
        }
        EXPECT_TRUE(read == large);
    };
    expect_written(write_it);
    expect_written(append_it);
    expect_written(append_it_open);
}

TEST_P(streams, that_nobody_reads_any_more_are_a_failure) {
    auto executor = make();
    std::jthread const reader([this] {
        int const file = open(fifo_.c_str(), O_RDONLY | O_CLOEXEC);
        char byte = 0;
        EXPECT_EQ(read(file, &byte, 1), 1);
        close(file);
    });
    auto const outcomes = executor.try_map(write_it, std::vector{fifo_});
    ASSERT_FALSE(outcomes[0].has_value());
    EXPECT_TRUE(tells(outcomes[0].error(), "Broken pipe", fifo_));
}

TEST_P(streams, are_left_when_a_body_says_so) {
    auto executor = make();
    auto const patient = [](context& ctx, std::string const& path) -> task<int> {
        int late = 0;
        try {
            co_await ctx.with_timeout(20ms, ctx.read_file(path));
        } catch (timed_out const&) {
            ++late;
        }
        try {
            co_await ctx.with_timeout(20ms, ctx.write_file(path, "x"));
        } catch (timed_out const&) {
            ++late;
        }
        try {
            co_await ctx.with_timeout(20ms, ctx.append_file(path, "x"));
        } catch (timed_out const&) {
            ++late;
        }
        try {
            co_await ctx.with_timeout(20ms, ctx.open_file(path, open_mode::append));
        } catch (timed_out const&) {
            ++late;
        }
        co_return late;
    };
    EXPECT_EQ(executor.map(patient, std::vector{fifo_}).at(0), 4);
}

TEST_P(streams, end_by_the_time_limit_of_a_task) {
    auto executor = make();
    for (auto const& outcome : executor.try_map(read_it, std::vector(3, fifo_), {.task_timeout = 30ms})) {
        ASSERT_FALSE(outcome.has_value());
        EXPECT_EQ(outcome.error().why, cause::timed_out) << outcome.error().message;
    }
    for (auto const& outcome : executor.try_map(write_it, std::vector(3, fifo_), {.task_timeout = 30ms})) {
        ASSERT_FALSE(outcome.has_value());
        EXPECT_EQ(outcome.error().why, cause::timed_out) << outcome.error().message;
    }
}

TEST_P(streams, end_by_the_time_limit_of_a_call_and_are_named) {
    auto executor = make();
    // Before it waited on a busy machine: then once more, with a longer limit.
    auto const told = [&](auto body) {
        for (auto limit = 200ms;; limit *= 4) {
            auto const why = executor.try_map(body, std::vector{fifo_}, {.timeout = limit})[0].error();
            EXPECT_EQ(why.why, cause::timed_out) << why.message;
            if (limit > 1min || why.message.find("cancelled while") != why.message.npos)
                return why.message.substr(why.message.find(" s was up: "));
        }
    };
    EXPECT_EQ(told(read_it), " s was up: cancelled while it waited for input from '" + fifo_ + "'");
    EXPECT_EQ(told(write_it), " s was up: cancelled while it waited for somebody to read '" + fifo_ + "'");
}

TEST_P(streams, end_by_a_stop) {
    shared_counter begun;  // before the workers
    auto executor = make();
    std::stop_source source;
    std::jthread const stopper([&] {
        wait_until([&] { return *begun > 0; });
        source.request_stop();
    });
    auto const body = [count = &begun](context& ctx, std::string const& path) -> task<std::string> {
        ++*count;
        co_return co_await ctx.read_file(path);
    };
    auto const outcomes = executor.try_map(body, std::vector(3, fifo_), {.stop = source.get_token()});
    for (auto const& each : outcomes)
        EXPECT_EQ(each.error().why, cause::cancelled);
    EXPECT_EQ(executor.map([](int n) { return n; }, std::vector{1}), std::vector{1});
}

TEST_P(streams, may_be_full_when_they_are_dropped) {
    auto executor = make();
    int const reader = open(fifo_.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    auto const body = [](context& ctx, std::string const& path) -> task<int> {
        auto file = co_await ctx.open_file(path, open_mode::append);
        co_await file.append(std::string(file::buffer_bytes, 'x'));
        co_await file.flush();  // as much as a pipe holds
        co_await file.append("nobody will read this");
        co_return 1;
    };
    EXPECT_EQ(executor.map(body, std::vector{fifo_}), std::vector{1});
    close(reader);
}

TEST_P(streams, have_no_places_to_read_at) {
    auto executor = make();
    auto const body = [](context& ctx, std::string const& path) -> task<std::string> {
        auto file = co_await ctx.open_file(path, open_mode::read);
        co_return co_await file.read_at(0, 10);
    };
    auto const outcomes = executor.try_map(body, std::vector{fifo_});
    ASSERT_FALSE(outcomes[0].has_value());
    EXPECT_TRUE(tells(outcomes[0].error(), "Illegal seek", fifo_));
    EXPECT_EQ(executor.map(body, std::vector<std::string>{"/dev/zero"}).at(0), std::string(10, '\0'));
}

TEST_P(streams, that_are_devices_are_used_at_once) {
    auto executor = make();
    EXPECT_EQ(executor.map(read_it, std::vector<std::string>{"/dev/null"}).at(0), "");
    EXPECT_EQ(executor.map(write_it, std::vector<std::string>{"/dev/null"}).at(0), "written");
    EXPECT_EQ(executor.map(append_it_open, std::vector<std::string>{"/dev/null"}).at(0), "appended");
    EXPECT_TRUE(tells(executor.try_map(append_it_open, std::vector<std::string>{"/dev/full"})[0].error(),
                      "No space left on device", "/dev/full"));
}

TEST_P(streams, without_an_end_end_by_a_limit) {
    auto executor = make();
    auto const outcomes =
        executor.try_map(read_it, std::vector<std::string>{"/dev/urandom"}, {.task_timeout = 20ms});
    ASSERT_FALSE(outcomes[0].has_value());
    EXPECT_EQ(outcomes[0].error().why, cause::timed_out);
}

TEST_P(streams, that_are_terminals_end_by_a_limit) {
    int const terminal = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (terminal < 0 || grantpt(terminal) != 0 || unlockpt(terminal) != 0) GTEST_SKIP() << "no terminals";
    auto executor = make();
    auto const outcomes =
        executor.try_map(read_it, std::vector<std::string>{ptsname(terminal)}, {.task_timeout = 20ms});
    ASSERT_FALSE(outcomes[0].has_value());
    EXPECT_EQ(outcomes[0].error().why, cause::timed_out) << outcomes[0].error().message;
    EXPECT_EQ(write(terminal, "line\n\4", 6), 6);  // ^D: the end
    EXPECT_EQ(executor.map(read_it, std::vector<std::string>{ptsname(terminal)}).at(0), "line\n");
    close(terminal);
}

TEST_P(streams, that_are_sockets_are_refused) {
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    auto const path = folder_ / "socket";
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    int const listens = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ASSERT_EQ(bind(listens, reinterpret_cast<sockaddr const*>(&address), sizeof address), 0);
    auto executor = make();
    for (auto const& outcomes :
         {executor.try_map(read_it, std::vector{path}), executor.try_map(write_it, std::vector{path})}) {
        ASSERT_FALSE(outcomes[0].has_value());
        EXPECT_TRUE(tells(outcomes[0].error(), "No such device or address", path));
    }
    close(listens);
}

// More than io_uring has chains, or the pool threads; the writers wait for readers, who do not come.
TEST_P(streams_on_loops, hold_up_no_other_file) {
    shared_counter done;  // before the workers
    auto executor =
        make_executor(GetParam().name.starts_with("processes") ? "processes:1+async:each" : "async:each",
                      {.files = GetParam().name.ends_with("file_threads") ? file_backend::threads
                                                                          : file_backend::automatic});
    mkfifo((folder_ / "other").c_str(), 0600);
    std::stop_source source;
    std::jthread const stopper([&] {
        wait_until([&] { return *done == 20; });
        source.request_stop();
    });
    auto const body = [count = &done](context& ctx, std::pair<int, std::string> const& input) -> task<void> {
        auto const& [n, folder] = input;
        if (n < 200) co_await ctx.read_file(folder + "/fifo");
        if (n < 400) co_await ctx.write_file(folder + "/other", "x");
        std::string const own = folder + "/" + std::to_string(n);
        co_await ctx.write_file(own, "usual");
        co_await ctx.append_file(own, "ly");
        if (co_await ctx.read_file(own) == "usually") ++*count;
    };
    std::vector<std::pair<int, std::string>> inputs;
    for (int n = 0; n < 420; ++n)
        inputs.emplace_back(n, folder_ / "");
    auto const outcomes = executor.try_map(body, inputs, {.stop = source.get_token()});
    for (std::size_t n = 0; n < 420; ++n) {
        // Where the worker is ended, since it has not answered the stop in time, some may have been at their
        // end.
        if (n >= 400 && outcomes[n]) continue;
        EXPECT_EQ(outcomes[n].error().why, cause::cancelled) << n;
        EXPECT_TRUE(n < 400 || outcomes[n].error().message.ends_with("worker process was ended")) << n;
    }
}

}  // namespace
}  // namespace quartet::faults::streams_test
