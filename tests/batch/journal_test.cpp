// A batch's journal: what is written is read again, whatever cuts it short, changes it or ends its writer.
#include "batch/journal/journal.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <stdexcept>
#include <string>
#include <sys/resource.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>
#include <vector>

namespace quartet::batch {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::ThrowsMessage;

journal_row row_of(std::uint64_t job) {
    return {.job = job,
            .attempt = 2,
            .state = job_state::failed,
            .started = 1769558400.25,
            .seconds = 0.125,
            .exit_code = 3,
            .cpu_user = 0.0625,
            .peak_bytes = 4096 * job,
            .output = "out/" + std::to_string(job),
            .reason = "exited with code 3",
            .input = {"a file " + std::to_string(job) + ".txt"}};
}

std::string text_of(std::filesystem::path const& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

void write_text(std::filesystem::path const& file, std::string const& text) {
    std::ofstream(file, std::ios::binary) << text;
}

class a_journal : public testing::Test {
protected:
    a_journal() {
        std::string pattern = (std::filesystem::temp_directory_path() / "quartet-batch-XXXXXX").native();
        folder_ = mkdtemp(pattern.data());
    }
    ~a_journal() override { std::filesystem::remove_all(folder_); }

    std::filesystem::path path() const { return folder_ / "jobs.journal"; }

    /// One with rows 1 to `rows`.
    void make(std::uint64_t rows) const {
        auto made = journal::create(path(), header);
        for (std::uint64_t job = 1; job <= rows; ++job)
            made.add(row_of(job));
    }

    struct contents {
        std::vector<journal_row> rows;
        journal_header header;
        std::size_t damaged = 0;
    };
    contents read() const {
        contents found;
        auto const opened =
            journal::open(path(), [&found](journal_row const& row) { found.rows.push_back(row); });
        found.header = opened.header();
        found.damaged = opened.damaged();
        return found;
    }

    journal_header const header{.folder = "/home/ann/my\tlogs\n",
                                .arguments = {"--jobs", "4", "gzip -k {}", "", "::::", "a\\b\tc\nd"}};
    std::filesystem::path folder_;
};

TEST(a_row_of_a_journal, is_read_as_it_was_written) {
    std::mt19937 random(1);
    auto const text = [&random] {
        static constexpr std::string_view bytes("ab\t\n\r\\\0\xff\"' ", 11);
        std::string made(random() % 6, ' ');
        for (char& each : made)
            each = bytes[random() % bytes.size()];
        return made;
    };
    for (int round = 0; round < 2000; ++round) {
        journal_row row = row_of(random());
        row.state = static_cast<job_state>(random() % 3);
        row.output = text();
        row.reason = text();
        row.input.resize(random() % 4);
        for (auto& each : row.input)
            each = text();
        std::string const line = to_line(row);
        ASSERT_EQ(line.find('\n'), line.size() - 1) << line;
        ASSERT_EQ(to_row(std::string_view(line).substr(0, line.size() - 1)), row) << line;
    }
}

TEST(a_row_of_a_journal, is_none_when_anything_of_it_is_changed) {
    std::string const whole = to_line(row_of(7));
    std::string const line = whole.substr(0, whole.size() - 1);
    for (std::size_t at = 0; at < line.size(); ++at) {
        std::string changed = line;
        changed[at] = static_cast<char>(changed[at] ^ 1);
        EXPECT_EQ(to_row(changed), std::nullopt) << at;
        EXPECT_EQ(to_row(line.substr(0, at)), std::nullopt) << at;
    }
}

TEST_F(a_journal, is_read_as_it_was_written) {
    make(3);
    auto const found = read();
    EXPECT_EQ(found.header, header);
    EXPECT_THAT(found.rows, ElementsAre(row_of(1), row_of(2), row_of(3)));
    EXPECT_EQ(found.damaged, 0U);
}

TEST_F(a_journal, is_a_table) {
    make(1);
    std::ifstream in(path());
    std::string line;
    for (int above = 0; above < 4; ++above)
        std::getline(in, line);
    EXPECT_EQ(line, journal_columns());
    std::getline(in, line);
    EXPECT_THAT(line, testing::StartsWith("1\t2\tfailed\t1769558400.250000\t0.125000\t3\t0\t"));
}

TEST_F(a_journal, that_is_cut_anywhere_keeps_its_whole_rows_and_goes_on) {
    make(3);
    std::string const whole = text_of(path());
    std::size_t const first = whole.find(to_line(row_of(1)));
    for (std::size_t size = first; size <= whole.size(); ++size) {
        write_text(path(), whole.substr(0, size));
        auto const rows_end = whole.begin() + static_cast<std::ptrdiff_t>(size);
        auto const kept = static_cast<std::size_t>(
            std::count(whole.begin() + static_cast<std::ptrdiff_t>(first), rows_end, '\n'));
        {
            std::vector<journal_row> rows;
            auto opened = journal::open(path(), [&rows](journal_row const& row) { rows.push_back(row); });
            ASSERT_EQ(rows.size(), kept) << size;
            opened.add(row_of(9));
        }
        auto const found = read();
        ASSERT_EQ(found.rows.size(), kept + 1) << size;
        ASSERT_EQ(found.rows.back(), row_of(9)) << size;
        ASSERT_EQ(found.damaged, 0U) << size;
    }
}

TEST_F(a_journal, with_a_damaged_row_has_the_others) {
    make(3);
    std::string const whole = text_of(path());
    std::size_t const second = whole.find(to_line(row_of(2)));
    for (std::size_t at = 0; at + 1 < to_line(row_of(2)).size(); ++at) {
        std::string changed = whole;
        changed[second + at] = static_cast<char>(changed[second + at] ^ 1);
        write_text(path(), changed);
        auto const found = read();
        ASSERT_THAT(found.rows, ElementsAre(row_of(1), row_of(3))) << at;
        ASSERT_GE(found.damaged, 1U) << at;
    }
}

TEST_F(a_journal, is_not_written_over) {
    make(1);
    EXPECT_THAT([this] { journal::create(path(), header); },
                ThrowsMessage<std::invalid_argument>(HasSubstr("exists: --resume goes on with it")));
    EXPECT_THAT(read().rows, ElementsAre(row_of(1)));
}

TEST_F(a_journal, is_told_from_other_files) {
    auto const open = [this] { journal::open(path(), [](journal_row const&) {}); };
    EXPECT_THAT(open, ThrowsMessage<std::system_error>(HasSubstr("cannot open the journal")));
    for (std::string const text : {"", "quartet journal 1\n", "a\tb\n", "# quartet batch"}) {
        write_text(path(), text);
        EXPECT_THAT(open, ThrowsMessage<std::invalid_argument>(HasSubstr("is no journal of a batch")))
            << text;
        EXPECT_EQ(text_of(path()), text);
    }
    write_text(path(), "# quartet batch journal 2\n");
    EXPECT_THAT(open, ThrowsMessage<std::invalid_argument>(HasSubstr("version 2")));
    write_text(path(), "# quartet batch journal 1\n# folder\t/\n");
    EXPECT_THAT(open, ThrowsMessage<std::invalid_argument>(HasSubstr("its head is not whole")));
    EXPECT_EQ(text_of(path()), "# quartet batch journal 1\n# folder\t/\n");
    std::filesystem::remove(path());
    std::filesystem::create_directory(path());
    EXPECT_THAT(open, ThrowsMessage<std::system_error>(HasSubstr("cannot open the journal")));
}

TEST_F(a_journal, is_of_one_batch_at_a_time) {
    auto const mine = journal::create(path(), header);
    EXPECT_THAT([this] { journal::open(path(), [](journal_row const&) {}); },
                ThrowsMessage<std::runtime_error>(HasSubstr("is in use by another batch")));
}

TEST_F(a_journal, that_finds_no_room_is_as_it_was) {
    make(2);
    std::string const before = text_of(path());
    auto opened = journal::open(path(), [](journal_row const&) {});
    auto const handler = std::signal(SIGXFSZ, SIG_IGN);
    rlimit usual{};
    getrlimit(RLIMIT_FSIZE, &usual);
    rlimit tight = usual;
    tight.rlim_cur = before.size() + 10;
    setrlimit(RLIMIT_FSIZE, &tight);
    EXPECT_THAT([&] { opened.add(row_of(3)); },
                ThrowsMessage<std::system_error>(HasSubstr("cannot write the journal")));
    setrlimit(RLIMIT_FSIZE, &usual);
    std::signal(SIGXFSZ, handler);
    EXPECT_EQ(text_of(path()), before);
    opened.add(row_of(4));
    opened.sync();
    EXPECT_EQ(text_of(path()), before + to_line(row_of(4)));
}

/// Adds rows and says so of each, until it is killed.
[[noreturn]] void write_for_ever(std::filesystem::path const& path, int said) {
    auto opened = journal::open(path, [](journal_row const&) {});
    for (std::uint64_t job = 1;; ++job) {
        opened.add(row_of(job));
        if (::write(said, &job, sizeof job) != sizeof job) _exit(1);
    }
}

TEST_F(a_journal, has_each_row_that_was_added_before_its_writer_was_killed) {
    std::mt19937 random(1);
    for (int round = 0; round < 30; ++round) {
        std::filesystem::remove(path());
        make(0);
        int said[2];
        ASSERT_EQ(pipe(said), 0);
        pid_t const writer = fork();
        if (writer == 0) {
            close(said[0]);
            write_for_ever(path(), said[1]);
        }
        close(said[1]);
        std::uint64_t last = 0;
        for (std::uint64_t left = 1 + random() % 300; left > 0; --left)
            ASSERT_EQ(::read(said[0], &last, sizeof last), static_cast<ssize_t>(sizeof last));
        kill(writer, SIGKILL);
        waitpid(writer, nullptr, 0);
        while (::read(said[0], &last, sizeof last) == static_cast<ssize_t>(sizeof last)) {
        }
        close(said[0]);
        auto const found = read();
        ASSERT_GE(found.rows.size(), last);
        ASSERT_LE(found.rows.size(), last + 1);  // it may have been killed before it could say so
        ASSERT_EQ(found.damaged, 0U);
        for (std::size_t at = 0; at < found.rows.size(); ++at)
            ASSERT_EQ(found.rows[at], row_of(at + 1));
    }
}

}  // namespace
}  // namespace quartet::batch
