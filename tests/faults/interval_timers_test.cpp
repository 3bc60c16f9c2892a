// A profiler's interval timer breaks system calls off a thousand times a second, in whatever process and
// thread. Every operation goes on.
#include "tests/conformance/models.hpp"
#include "tests/conformance/test_server.hpp"
#include "tests/faults/checks.hpp"

#include <atomic>
#include <csignal>
#include <sys/time.h>

namespace quartet::faults::interval_timers_test {
namespace {

using conformance::any_model;
using conformance::temporary_folder;
using conformance::test_server;
using namespace std::chrono_literals;

std::atomic<int> ticks = 0;

void set_timer(suseconds_t microseconds) {
    itimerval const every{.it_interval = {.tv_sec = 0, .tv_usec = microseconds},
                          .it_value = {.tv_sec = 0, .tv_usec = microseconds}};
    setitimer(ITIMER_REAL, &every, nullptr);
}

/// In this process, from here on. Without SA_RESTART: calls that wait fail with EINTR.
void begin_ticking() {
    struct sigaction handler {};
    handler.sa_handler = [](int) { ++ticks; };
    sigaction(SIGALRM, &handler, nullptr);
    set_timer(1000);
}

class interval_timers : public any_model {
protected:
    ~interval_timers() override {
        set_timer(0);
        signal(SIGALRM, SIG_DFL);
    }
};
QUARTET_SUITE(interval_timers, conformance::rows_with_real_io());

struct places {
    std::string folder;
    std::string page;
    pid_t parent;
    template <class Archive>
    void serialize(Archive& archive) {
        archive(folder, page, parent);
    }
};

/// All operations of a context. Gives what was wrong.
task<std::string> use_all(context& ctx, places where) {
    if (getpid() != where.parent) begin_ticking();
    std::string const name = where.folder + "/" + std::to_string(reinterpret_cast<std::uintptr_t>(&where)) +
                             "-" + std::to_string(getpid());
    std::string const text(3 << 20, 'x');
    co_await ctx.sleep_for(30ms);
    co_await ctx.write_file(name, text);
    co_await ctx.append_file(name, "end");
    if (co_await ctx.read_file(name) != text + "end") co_return "files";
    auto sorted = command::program("sort");
    sorted.input = text + "\na\n";
    auto const result = co_await ctx.run(std::move(sorted));
    if (!result.ok() || result.output.size() != text.size() + 3) co_return "commands: " + result.describe();
    if ((co_await ctx.run(command::shell("sleep 0.05; echo done"))).output != "done\n")
        co_return "commands that wait";
    if ((co_await ctx.fetch(where.page)).status != 200) co_return "fetches";
    if (co_await ctx.offload([] {
            std::this_thread::sleep_for(20ms);
            return 7;
        }) != 7)
        co_return "offloaded functions";
    co_return "";
}

TEST_P(interval_timers, cost_no_operation) {
    temporary_folder folder;
    test_server server;
    auto executor = make();
    begin_ticking();
    places const where{folder / "", server / "delay/50", getpid()};
    ticks = 0;
    do {  // a busy machine may join many of them to one
        for (auto const& each : executor.try_map(use_all, std::vector(4, where))) {
            ASSERT_TRUE(each.has_value()) << each.error().message;
            EXPECT_EQ(each.value(), "");
        }
    } while (ticks <= 10);
}

TEST_P(interval_timers, cost_no_call) {
    auto executor = make();
    begin_ticking();
    auto const twice = [](std::string const& text) {
        std::this_thread::sleep_for(1ms);
        return text + text;
    };
    std::vector<std::string> const inputs(30, std::string(200'000, 'x'));
    std::vector<future<std::string>> futures;
    for (auto const& each : inputs)
        futures.push_back(executor.submit(twice, each));
    std::size_t streamed_bytes = 0;
    for (auto& each : executor.stream(twice, inputs))
        streamed_bytes += each.value().size();
    EXPECT_EQ(streamed_bytes, 30u * 400'000u);
    for (auto& each : futures)
        EXPECT_EQ(each.get().size(), 400'000u);
    auto const late = executor.try_map([](context& ctx, int) -> task<void> { co_await ctx.sleep_for(1h); },
                                       std::vector{1, 2}, {.timeout = 50ms});
    for (auto const& each : late)
        EXPECT_EQ(each.error().why, cause::timed_out);
}

TEST_P(interval_timers, cost_no_executor) {
    begin_ticking();
    for (int n = 0; n < 5; ++n) {
        auto executor = make();
        EXPECT_EQ(executor.map([](int each) { return each + 1; }, std::vector{1, 2}), (std::vector{2, 3}));
    }
}

TEST(interval_timers, cost_no_process_array_or_channel) {
    if (!conformance::with_processes) GTEST_SKIP() << "no processes under this sanitizer";
    begin_ticking();
    channel<int> numbers(2, between_processes{});
    shared_array<char> letters(std::size_t{64} << 20);
    process child([&] {
        begin_ticking();
        letters.view().span()[5] = 'x';
        for (int n = 0; n < 200; ++n)
            numbers.send(n);
        std::this_thread::sleep_for(20ms);
        numbers.close();
        return 3;
    });
    child.start();
    int sum = 0;
    while (auto const each = numbers.receive())
        sum += *each;
    child.join();
    EXPECT_EQ(child.exit_code(), 3);
    EXPECT_EQ(sum, 199 * 100);
    EXPECT_EQ(letters[5], 'x');
    set_timer(0);
    signal(SIGALRM, SIG_DFL);
}

}  // namespace
}  // namespace quartet::faults::interval_timers_test
