// The line of a loop's file operations: each is done once, by the loop or by a thread, and threads there are
// only where they have a processor.

#include "src/io/files/file_line.hpp"

#include "src/io/files/files.hpp"
#include "tests/io/processes.hpp"
#include "tests/waiting.hpp"

#include <quartet/quartet.hpp>

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <deque>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <optional>
#include <sched.h>
#include <string>
#include <thread>
#include <vector>

namespace quartet::file_line_test {
namespace {

using detail::file_line;
using detail::file_operation;

/// Counts what is completed on it; has no turns.
class counting_loop final : public event_loop {
public:
    void complete_soon(operation&) override {}
    void complete_after(timed_operation&, std::chrono::nanoseconds) override {}
    void cancel_wait(timed_operation&) noexcept override {}
    void post(std::function<void()>) override {}
    void complete_from_any_thread(operation&) override { ++completed; }
    boost::asio::io_context& io() noexcept override { return io_; }

    std::atomic<std::size_t> completed = 0;

private:
    boost::asio::io_context io_;
};

constexpr std::size_t count = 300;

/// Operations that each write a file of its own, for the one task of a `single`.
class line_of_files {
public:
    explicit line_of_files(context& ctx) {
        for (std::size_t i = 0; i < count; ++i)
            operations_.emplace_back(ctx, file_operation::kind::write_whole, path_of(i), "data");
    }
    file_operation& operator[](std::size_t i) { return operations_[i]; }

    /// How many files hold what was written. One whose operation was done twice is empty: it is opened anew,
    /// and all has been written.
    std::size_t written() {
        std::size_t right = 0;
        for (std::size_t i = 0; i < count; ++i) {
            std::ifstream file(path_of(i));
            std::string const content{std::istreambuf_iterator<char>(file), {}};
            right += content == "data" && !operations_[i].error;
        }
        return right;
    }

private:
    std::string path_of(std::size_t i) const { return (folder_ / std::to_string(i)).native(); }

    test::temporary_folder folder_;
    std::deque<file_operation> operations_;
};

void in_a_body(auto use) {
    make_executor("single").map(
        [&use](context& ctx, int) -> task<void> {
            use(ctx);
            co_return;
        },
        std::vector{0});
}

TEST(file_line, is_shared_by_its_threads_and_its_loop) {
    in_a_body([](context& ctx) {
        counting_loop loop;
        detail::file_streams streams(loop.io());
        line_of_files files(ctx);
        std::size_t mine = 0;
        file_line line(loop, streams);
        line.have_threads(2);
        for (std::size_t i = 0; i < count; ++i) {
            line.add(files[i]);
            if (i % 3 != 0) continue;
            if (file_operation* const first = line.take()) {
                EXPECT_EQ(perform_without_waiting(*first), detail::left_to_do::nothing);
                ++mine;
            }
        }
        line.call_threads(1);
        EXPECT_TRUE(test::comes_true([&] { return loop.completed + mine == count; }));
        EXPECT_EQ(files.written(), count);
        EXPECT_EQ(line.size(), 0u);
    });
}

TEST(file_line, is_done_before_it_is_gone) {
    in_a_body([](context& ctx) {
        counting_loop loop;
        detail::file_streams streams(loop.io());
        line_of_files files(ctx);
        {
            file_line line(loop, streams);
            line.have_threads(2);
            for (std::size_t i = 0; i < count; ++i)
                line.add(files[i]);
        }
        EXPECT_EQ(loop.completed, count);
        EXPECT_EQ(files.written(), count);
    });
}

std::size_t threads() {
    std::size_t found = 0;
    for (auto const& thread : std::filesystem::directory_iterator("/proc/self/task")) {
        std::string name;
        std::ifstream(thread.path() / "comm") >> name;
        found += !name.starts_with("iou-");  // the kernel's
    }
    return found;
}

task<int> write_in(context& ctx, std::string path) {
    co_await ctx.write_file(path, "data");
    co_return static_cast<int>(threads());
}

/// The most threads that a body sees; nothing where the kernel refuses io_uring.
std::optional<int> most_threads(file_backend files) {
    test::temporary_folder folder;
    async model({.files = files});
    if (model.file_backend_name() != "io_uring") return std::nullopt;
    std::vector<std::string> paths;
    for (std::size_t i = 0; i < count; ++i)
        paths.push_back((folder / std::to_string(i)).native());
    auto const seen = make_executor("async", {.files = files}).map(write_in, paths);
    return *std::max_element(seen.begin(), seen.end());
}

// A loop that has one processor would only be in its own way. Others' threads that have ended may count for a
// moment longer, so it is asked again.
TEST(file_line, has_a_thread_for_each_further_processor) {
    std::thread([] {
        if (!most_threads(file_backend::io_uring)) return;
        auto const are_beside = [](std::size_t further) {
            return test::comes_true([further] {
                return most_threads(file_backend::automatic) ==
                       *most_threads(file_backend::io_uring) + static_cast<int>(further);
            });
        };
        EXPECT_TRUE(are_beside(std::min<std::size_t>(usable_cpus() - 1, 3)));

        cpu_set_t mask;
        CPU_ZERO(&mask);
        CPU_SET(sched_getcpu(), &mask);
        sched_setaffinity(0, sizeof mask, &mask);
        EXPECT_TRUE(are_beside(0));
    }).join();
}

}  // namespace
}  // namespace quartet::file_line_test
