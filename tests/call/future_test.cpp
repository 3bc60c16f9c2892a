// Failures that nobody would hear of: those of calls whose futures were dropped are told on standard error,
// and a body that keeps the end of an executor waiting is named in the log.
#include <quartet/quartet.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <tuple>

namespace quartet::future_test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

int fail(int n) {
    throw std::runtime_error("number " + std::to_string(n));
}

/// What is written to standard error while `act` runs.
std::string errors_of(auto&& act) {
    testing::internal::CaptureStderr();
    act();
    return testing::internal::GetCapturedStderr();
}

TEST(a_dropped_future, is_silent_about_what_was_taken_or_cancelled) {
    EXPECT_THAT(errors_of([] {
                    auto executor = make_executor("threads:1");
                    EXPECT_FALSE(executor.submit(fail, 1).take().has_value());
                    EXPECT_THROW(executor.submit(fail, 1).get(), std::runtime_error);
                    static_cast<void>(executor.submit([] { return 1; }));
                    auto asleep = executor.submit(
                        [](context& ctx) -> task<void> { co_await ctx.sleep_for(std::chrono::hours(1)); });
                    asleep.cancel();
                    executor.join();
                }),
                IsEmpty());
}

std::atomic<bool> deaf_has_begun = false;
std::atomic<bool> deaf_is_named = false;

/// A body that ignores its stop until the log has named it.
struct deaf {
    void operator()() const {
        for (deaf_has_begun = true; !deaf_is_named;)
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
};

TEST(the_end_of_an_executor, names_the_bodies_that_it_waits_for) {
    for (auto const* spec : {"threads:1", "threads:each", "async:3", "threads:2+async:3", "auto"}) {
        std::mutex mutex;
        std::string line;
        deaf_has_begun = deaf_is_named = false;
        {
            auto executor = make_executor(spec, {.log =
                                                     [&](log_record const& told) {
                                                         if (told.worker == "auto")
                                                             return;  // what it chooses
                                                         std::lock_guard const lock(mutex);
                                                         line = told.worker + ' ' + told.line;
                                                         deaf_is_named = true;
                                                     },
                                                 .name = "copies",
                                                 .stall_limit = std::chrono::nanoseconds(0)});
            static_cast<void>(executor.submit(deaf{}));
            while (!deaf_has_begun)
                std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
        std::string const worker =
            std::string_view(spec).ends_with("1") || std::string_view(spec).ends_with("threads:each")
                ? "copies-0"
                : "copies";
        EXPECT_EQ(
            line,
            worker +
                " the end of the executor waits for quartet::future_test::(anonymous namespace)::deaf, which "
                "goes on 1 s after it was asked to stop; a body sees that by "
                "ctx.stop_requested()")
            << spec;
    }
}

// The last test here: it uses up the failures that a process names.
TEST(a_dropped_future, whose_call_failed_says_so_a_few_times) {
    auto const one = errors_of([] {
        auto executor = make_executor("processes:1");
        static_cast<void>(executor.submit(fail, 7));
        executor.join();
    });
    EXPECT_THAT(one, HasSubstr("quartet: a call of "));
    EXPECT_THAT(one, HasSubstr(" failed, and nobody took its outcome: number 7\n"));
    EXPECT_EQ(std::ranges::count(one, '\n'), 1);
    auto const many = errors_of([] {
        auto executor = make_executor("single");
        for (int n = 0; n < 1000; ++n)
            static_cast<void>(executor.submit(fail, n));
    });
    EXPECT_EQ(std::ranges::count(many, '\n'), 10);
    EXPECT_THAT(many, HasSubstr("further calls that failed and whose outcome nobody took are not named\n"));
}

// A program may wait for a million calls, and new memory is what they cost most.
TEST(a_call, takes_little_memory) {
    using body = detail::apply_args<int (*)(int)>;
    EXPECT_LE(sizeof(detail::call_job<body, std::tuple<int>, int>), 336U);
}

}  // namespace
}  // namespace quartet::future_test
