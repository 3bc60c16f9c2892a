// A body may close every descriptor of its worker, as programs do that become something else. Nothing of the
// library's lands in what it opens next.
#include "tests/conformance/models.hpp"
#include "tests/faults/checks.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <fcntl.h>
#include <fstream>
#include <stdexcept>
#include <sys/socket.h>
#include <thread>

namespace quartet::faults::closed_descriptors_test {
namespace {

using conformance::temporary_folder;

constexpr int files_each = 40;
constexpr std::string_view content = "mine";

/// Closes all but the standard streams, and opens files in place of them, which stay open.
struct take_the_numbers {
    std::array<char, 200> folder{};

    explicit take_the_numbers(std::string const& path) { path.copy(folder.data(), folder.size() - 1); }
    std::string operator()(std::size_t bytes) const {
        closefrom(3);
        for (int n = 0; n < files_each; ++n) {
            auto const path =
                std::string(folder.data()) + "/" + std::to_string(getpid()) + "-" + std::to_string(n);
            int const file = open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC, 0600);
            if (write(file, content.data(), content.size()) != static_cast<ssize_t>(content.size()))
                _exit(99);
        }
        return std::string(bytes, 'x');
    }
};

class closed_descriptors : public testing::TestWithParam<std::string> {
protected:
    void SetUp() override {
        if (!conformance::with_processes) GTEST_SKIP() << "no processes under this sanitizer";
    }
    void expect_files_as_they_were(temporary_folder const& folder, std::size_t least) {
        std::size_t count = 0;
        for (auto const& each : std::filesystem::directory_iterator(folder / "")) {
            std::ifstream file(each.path());
            EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), content) << each.path();
            ++count;
        }
        EXPECT_GE(count, least * files_each);
    }
};
INSTANTIATE_TEST_SUITE_P(models, closed_descriptors,
                         testing::Values("processes:1", "processes:2", "processes:each"),
                         [](auto const& spec) {
                             std::string name = spec.param;
                             std::ranges::replace(name, ':', '_');
                             return name;
                         });

TEST_P(closed_descriptors, are_not_written_to_by_results) {
    temporary_folder folder;
    {
        auto executor = make_executor(GetParam());
        std::size_t const large = std::size_t{5} << 20;
        for (auto const& each : executor.map(take_the_numbers(folder / ""), std::vector{large, large, large}))
            EXPECT_EQ(each.size(), large);
        auto const longer = [](std::size_t bytes) { return std::string(bytes, 'y'); };
        for (int round = 0; round < 5; ++round)
            EXPECT_EQ(executor.map(longer, std::vector(4, large))[3].size(), large);
    }
    expect_files_as_they_were(folder, 1);
}

TEST_P(closed_descriptors, are_not_written_to_by_news_for_the_parent) {
    temporary_folder folder;
    {
        auto executor = make_executor(GetParam(), {.log = [](log_record const&) {}});
        executor.map(take_the_numbers(folder / ""), std::vector<std::size_t>{1, 2, 3, 4});
        // A failure that stops the others, a line of log, and more calls than the ring has room for.
        auto const fail = [](context& ctx, int n) -> task<int> {
            ctx.log("a line");
            if (n == 1) throw std::runtime_error("stop all");
            co_return n;
        };
        auto const outcomes =
            executor.try_map(fail, std::vector{0, 1, 2, 3}, {.failure = on_failure::stop_all});
        EXPECT_EQ(outcomes[1].error().message, "stop all");
        if (GetParam() == "processes:each") return;
        executor.map(take_the_numbers(folder / ""), std::vector<std::size_t>{1, 2, 3, 4});
        std::vector<future<int>> futures;
        for (int n = 0; n < 10'000; ++n)
            futures.push_back(executor.submit([](int each) { return each; }, n));
        for (int n = 0; n < 10'000; ++n)
            EXPECT_EQ(futures[static_cast<std::size_t>(n)].get(), n);
        // A worker that dies beside: the parent must find the end of its calls.
        executor.map(take_the_numbers(folder / ""), std::vector<std::size_t>{1, 2, 3, 4});
        auto const die = [](int n) {
            if (n == 10) raise(SIGKILL);
            return n;
        };
        auto const after = executor.try_map(die, std::views::iota(0, 40));
        EXPECT_FALSE(after[10].has_value());
        EXPECT_EQ(after[39].value(), 39);
    }
    expect_files_as_they_were(folder, 1);
}

/// A log line goes through a socket, and so might what the body opens be one.
TEST_P(closed_descriptors, are_not_written_to_by_log_lines) {
    auto executor = make_executor(GetParam(), {.log = [](log_record const&) {}});
    auto const body = [](context& ctx, int) -> task<int> {
        closefrom(3);
        int ends[2];
        for (int n = 0; n < files_each; ++n) {
            if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, ends) != 0) _exit(99);
        }
        ctx.log("a line");
        char byte = 0;
        int got = 0;
        for (int socket = 3; socket <= ends[1]; ++socket)
            got += recv(socket, &byte, 1, 0) >= 0;
        co_return got;
    };
    EXPECT_EQ(executor.map(body, std::vector{1, 2, 3, 4}), std::vector(4, 0));
}

TEST_P(closed_descriptors, of_a_channel_are_told_to_who_sends) {
    temporary_folder folder;
    channel<int> numbers(3, between_processes{});
    auto executor = make_executor(GetParam());
    auto loop = make_executor("async:1");
    std::atomic<bool> began = false;
    auto received = loop.submit([&numbers, &began](context& ctx) -> task<int> {
        began = true;
        auto const number = co_await numbers.receive(ctx);
        co_return number.value_or(-1);
    });
    while (!began)
        std::this_thread::yield();
    std::this_thread::sleep_for(std::chrono::milliseconds(100));  // until it waits nobody has to be woken
    auto const send = [to = &numbers, take = take_the_numbers(folder / "")](int n) {
        take(0);
        to->send(n);
    };
    auto const sent = std::move(executor.try_map(send, std::array{7})[0]);
    if (!sent) {
        EXPECT_TRUE(tells(sent.error(), "Bad file descriptor", "a channel between processes"));
        numbers.send(7);
    }
    EXPECT_EQ(received.get(), 7);
    expect_files_as_they_were(folder, 1);
}

}  // namespace
}  // namespace quartet::faults::closed_descriptors_test
