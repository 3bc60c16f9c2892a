// What files hold when a write could not be done whole: a leading part of what was to be written, in its
// place, and nothing twice. On an ext4, where io_uring writes as far as there is room and then says so by a
// short count, and under a limit of the size of files, whose signal must not end the program.
#include "tests/conformance/models.hpp"
#include "tests/faults/checks.hpp"
#include "tests/faults/limits.hpp"

#include <algorithm>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>

namespace quartet::faults::full_disk_test {
namespace {

using conformance::any_model;
using conformance::temporary_folder;

constexpr std::size_t megabyte = std::size_t{1} << 20;

/// Every eight bytes say where they belong.
std::string pattern(std::size_t bytes) {
    std::string text(bytes, '\0');
    for (std::size_t place = 0; place + 8 <= bytes; place += 8)
        std::memcpy(text.data() + place, &place, 8);
    return text;
}

std::string content_of(std::string const& path) {
    std::ifstream file(path, std::ios::binary);
    std::string text(std::filesystem::file_size(path), '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (!file) throw std::runtime_error(path + " was not read whole");
    return text;
}

testing::AssertionResult is_leading_part(std::string const& found, std::string const& whole) {
    if (whole.starts_with(found)) return testing::AssertionSuccess();
    auto const differs = std::ranges::mismatch(found, whole);
    return testing::AssertionFailure() << found.size() << " bytes, of which those from "
                                       << differs.in1 - found.begin() << " on are others than were written";
}

task<int> write_large(context& ctx, std::string path) {
    co_await ctx.write_file(path, pattern(20 * megabyte));
    co_return 1;
}

task<int> append_large(context& ctx, std::string path) {
    co_await ctx.append_file(path, "head");
    co_await ctx.append_file(path, pattern(20 * megabyte));
    co_return 1;
}

// ---- No space

class full_disk : public any_model {
protected:
    static void SetUpTestSuite() {
        try {
            disk_.emplace();
        } catch (std::runtime_error const& impossible) {
            why_not_ = impossible.what();
        }
    }
    static void TearDownTestSuite() { disk_.reset(); }
    void SetUp() override {
        if (!disk_) GTEST_SKIP() << why_not_;
    }
    void TearDown() override {
        if (!disk_) return;
        std::filesystem::remove(path());
        std::filesystem::remove(filler());
    }

    static std::string path() { return *disk_ / "file"; }
    static std::string filler() { return *disk_ / "filler"; }

    /// The failure of the body, which must be for want of space.
    void expect_no_space(auto body) {
        auto executor = make();
        auto const outcomes = executor.try_map(body, std::vector{path()});
        ASSERT_FALSE(outcomes[0].has_value());
        EXPECT_TRUE(tells(outcomes[0].error(), "No space left on device", "'" + path() + "'"));
    }

    static inline std::optional<loop_disk> disk_;
    static inline std::string why_not_;
};
QUARTET_SUITE(full_disk, conformance::rows_with_real_io());

TEST_P(full_disk, holds_the_beginning_of_what_was_to_be_written) {
    expect_no_space(write_large);
    auto const found = content_of(path());
    EXPECT_GT(found.size(), megabyte);
    EXPECT_TRUE(is_leading_part(found, pattern(20 * megabyte)));
}

TEST_P(full_disk, holds_the_beginning_of_what_was_to_be_appended) {
    expect_no_space(append_large);
    auto const found = content_of(path());
    EXPECT_GT(found.size(), megabyte);
    EXPECT_TRUE(is_leading_part(found, "head" + pattern(20 * megabyte)));
}

/// "record 0000017\n" and its like.
std::string record(int number) {
    char text[] = "record 0000000\n";  // made by hand, since millions are
    for (char* digit = text + 13; number > 0; number /= 10)
        *digit-- = static_cast<char>('0' + number % 10);
    return text;
}

std::string records(int count) {
    std::string all;
    for (int number = 0; number < count; ++number)
        all += record(number);
    return all;
}

void fill(std::string const& path) {
    std::ofstream file(path, std::ios::binary);
    std::string const piece(megabyte, 'f');
    while (file.write(piece.data(), static_cast<std::streamsize>(piece.size())).flush()) {
    }
}

// The body fills the disk, appends until that fails, makes room, and goes on.
TEST_P(full_disk, takes_up_where_it_left_off_when_there_is_room_again) {
    auto const body = [](context& ctx, std::string const& where) -> task<int> {
        auto const [to, in_the_way] = std::pair(where, where.substr(0, where.rfind('/')) + "/filler");
        fill(in_the_way);
        auto file = co_await ctx.open_file(to, open_mode::append);
        int appended = 0;
        int failures = 0;
        for (; failures == 0 && appended < 3'000'000; ++appended) {
            try {
                co_await file.append(record(appended));
            } catch (std::system_error const&) {
                ++failures;
            }
        }
        try {
            co_await file.close();  // still no room
        } catch (std::system_error const&) {
            ++failures;
        }
        if (failures != 2) co_return -failures - 1;
        std::filesystem::remove(in_the_way);
        co_await file.append(record(appended++));
        co_await file.close();
        co_return appended;
    };
    auto executor = make();
    auto const outcomes = executor.try_map(body, std::vector{path()});
    ASSERT_TRUE(outcomes[0].has_value()) << outcomes[0].error().message;
    ASSERT_GT(*outcomes[0], 1000);
    auto const found = content_of(path());
    auto const expected = records(*outcomes[0]);
    EXPECT_TRUE(is_leading_part(found, expected));
    EXPECT_EQ(found.size(), expected.size());
}

TEST_P(full_disk, holds_the_beginning_of_the_records_of_a_file_that_was_dropped) {
    auto const body = [](context& ctx, std::string const& to) -> task<int> {
        auto file = co_await ctx.open_file(to, open_mode::append);
        for (int number = 0;; ++number)
            co_await file.append(record(number));
    };
    expect_no_space(body);
    auto const found = content_of(path());
    EXPECT_GT(found.size(), megabyte);
    EXPECT_TRUE(is_leading_part(found, records(static_cast<int>(found.size()) / 15 + 1)));
}

// ---- A limit of the size of files

class limited_size : public any_model {
protected:
    temporary_folder folder_;
    std::string const path_ = folder_ / "file";
};
QUARTET_SUITE(limited_size, conformance::rows_with_real_io());

constexpr std::size_t most = 3 * megabyte / 2;

/// Bodies lower the limit by themselves: workers are processes that have one of their own.
auto limited(auto work) {
    return [work](context& ctx, std::string const& path) -> task<int> {
        resource_limit const lower(RLIMIT_FSIZE, most);
        co_return co_await work(ctx, path);
    };
}

task<int> append_records(context& ctx, std::string path) {
    auto file = co_await ctx.open_file(path, open_mode::append);
    for (int number = 0;; ++number)
        co_await file.append(record(number));
}

void expect_too_large(executor runs, auto body, std::string const& path, std::string const& whole) {
    auto const outcomes = runs.try_map(limited(body), std::vector{path});
    ASSERT_FALSE(outcomes[0].has_value());
    EXPECT_TRUE(tells(outcomes[0].error(), "File too large", "'" + path + "'"));
    auto const found = content_of(path);
    EXPECT_EQ(found.size(), most);
    EXPECT_TRUE(is_leading_part(found, whole));
    EXPECT_EQ(runs.map([](int n) { return n + 1; }, std::vector{1}), std::vector{2});
}

TEST_P(limited_size, ends_a_write_where_the_file_is_full) {
    expect_too_large(make(), write_large, path_, pattern(20 * megabyte));
    // Again, over a file that is as large as it may be.
    expect_too_large(make(), write_large, path_, pattern(20 * megabyte));
}

TEST_P(limited_size, ends_an_append_where_the_file_is_full) {
    auto const whole = "head" + pattern(20 * megabyte);
    expect_too_large(make(), append_large, path_, whole);
    auto const one_more = [](context& ctx, std::string path) -> task<int> {
        co_await ctx.append_file(path, "x");
        co_return 1;
    };
    expect_too_large(make(), one_more, path_, whole);
}

TEST_P(limited_size, ends_buffered_appends_where_the_file_is_full) {
    expect_too_large(make(), append_records, path_, records(most / 15 + 1));
}

TEST_P(limited_size, on_a_disk_in_memory_ends_a_write_too) {
    std::optional<small_disk> disk;
    try {
        disk.emplace("size=8m");
    } catch (std::system_error const& refused) {
        GTEST_SKIP() << refused.what();
    }
    expect_too_large(make(), write_large, *disk / "file", pattern(20 * megabyte));
    expect_too_large(make(), append_records, *disk / "records", records(most / 15 + 1));
}

// ---- Files that change while they are read

class changing_file : public any_model {};
QUARTET_SUITE(changing_file, conformance::rows_with_real_io());

TEST_P(changing_file, is_read_as_it_was_at_some_moment) {
    temporary_folder folder;
    auto const path = folder / "file";
    auto const whole = pattern(8 * megabyte);
    auto executor = make();
    std::ofstream(path, std::ios::binary) << "";
    std::jthread const grows_and_shrinks([&] {  // by whole pages
        constexpr std::size_t piece = 4096;
        int const file = open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
        for (std::size_t size = 0; size < whole.size(); size += piece)
            EXPECT_EQ(write(file, whole.data() + size, piece), static_cast<ssize_t>(piece));
        for (std::size_t size = whole.size(); size > 0; size -= piece)
            EXPECT_EQ(ftruncate(file, static_cast<off_t>(size - piece)), 0);
        close(file);
    });
    auto const read = [](context& ctx, std::string const& from) -> task<std::size_t> {
        auto const found = co_await ctx.read_file(from);
        co_return found == pattern(found.size()) ? found.size() : ~std::size_t{0};
    };
    for (auto const size : executor.map(read, std::vector<std::string>(50, path)))
        EXPECT_LE(size, whole.size());
}

}  // namespace
}  // namespace quartet::faults::full_disk_test
