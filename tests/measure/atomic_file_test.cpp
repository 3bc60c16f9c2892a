// tests/measure/atomic_file_test.cpp

#include "measure/results/atomic_file.hpp"

#include "tests/measure/forked.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <string>
#include <sys/resource.h>
#include <sys/stat.h>
#include <system_error>
#include <thread>

namespace quartet::measure::atomic_file_test {

namespace fs = std::filesystem;
using quartet::measure::write_file_whole;
using quartet::test::in_child;

namespace {

std::string content_of(fs::path const& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

struct atomic_file : testing::Test {
    fs::path folder;

    void SetUp() override {
        std::string pattern = testing::TempDir() + "atomic_file_XXXXXX";
        ASSERT_NE(mkdtemp(pattern.data()), nullptr);
        folder = pattern;
    }
    void TearDown() override { fs::remove_all(folder); }

    std::ptrdiff_t files() const {
        return std::distance(fs::directory_iterator(folder), fs::directory_iterator());
    }
};

int error_of_writing(fs::path const& path, std::string_view content = "x") {
    try {
        write_file_whole(path, content);
    } catch (std::system_error const& error) {
        EXPECT_THAT(error.what(), testing::HasSubstr(path.string()));
        return error.code().value();
    }
    return 0;
}

/// For tests that name devices: run by root, code that is broken would replace the machine's own by a file.
bool drop_privileges() {
    return geteuid() != 0 || setuid(65534) == 0;
}

}  // namespace

TEST_F(atomic_file, makes_a_file_and_replaces_it) {
    write_file_whole(folder / "a", "one");
    EXPECT_EQ(content_of(folder / "a"), "one");
    write_file_whole(folder / "a", "");
    EXPECT_EQ(content_of(folder / "a"), "");
    EXPECT_EQ(files(), 1);
}

TEST_F(atomic_file, a_path_without_a_folder_is_in_the_current_one) {
    EXPECT_TRUE(in_child([&] {
        fs::current_path(folder);
        write_file_whole("bare", "text");
        fs::create_symlink("bare", "link");
        write_file_whole("link", "by link");
        return content_of(folder / "bare") == "by link" && fs::is_symlink("link");
    }));
}

TEST_F(atomic_file, permissions_are_those_of_umask_or_of_the_old_file) {
    EXPECT_TRUE(in_child([&] {
        umask(027);
        write_file_whole(folder / "new", "x");
        write_file_whole(folder / "old", "x");
        fs::permissions(folder / "old", fs::perms{0604});
        write_file_whole(folder / "old", "y");
        return fs::status(folder / "new").permissions() == fs::perms{0640} &&
               fs::status(folder / "old").permissions() == fs::perms{0604};
    }));
}

TEST_F(atomic_file, links_stay_links) {
    fs::create_directory(folder / "sub");
    fs::create_symlink("sub/real", folder / "link");  // to a file that does not exist yet
    fs::create_symlink("link", folder / "chain");
    write_file_whole(folder / "link", "one");
    EXPECT_EQ(content_of(folder / "sub/real"), "one");
    write_file_whole(folder / "chain", "two");
    EXPECT_EQ(content_of(folder / "sub/real"), "two");
    EXPECT_TRUE(fs::is_symlink(folder / "link"));
    EXPECT_TRUE(fs::is_symlink(folder / "chain"));
}

TEST_F(atomic_file, says_what_the_system_said) {
    EXPECT_EQ(error_of_writing(folder / "missing" / "a"), ENOENT);
    EXPECT_EQ(error_of_writing(folder), EISDIR);
    fs::create_symlink("loop", folder / "loop");
    EXPECT_EQ(error_of_writing(folder / "loop"), ELOOP);
}

TEST_F(atomic_file, a_device_is_written_to_and_not_replaced) {
    EXPECT_TRUE(in_child([] { return drop_privileges() && error_of_writing("/dev/full") == ENOSPC; }));
}

TEST_F(atomic_file, a_failure_leaves_the_old_content_and_no_other_file) {
    EXPECT_TRUE(in_child([&] {
        write_file_whole(folder / "a", "old");
        rlimit const little{4096, 4096};
        setrlimit(RLIMIT_FSIZE, &little);
        return error_of_writing(folder / "a", std::string(100'000, 'x')) == EFBIG;
    }));
    EXPECT_EQ(content_of(folder / "a"), "old");
    EXPECT_EQ(files(), 1);
}

TEST_F(atomic_file, a_reader_sees_the_old_or_the_new_and_never_a_part) {
    std::string const contents[] = {std::string(300'000, 'a'), std::string(200'000, 'b')};
    write_file_whole(folder / "a", contents[0]);
    std::atomic<bool> done = false;
    std::thread writer([&] {
        for (int i = 1; i < 200; ++i)
            write_file_whole(folder / "a", contents[i % 2]);
        done = true;
    });
    while (!done) {
        auto const seen = content_of(folder / "a");
        ASSERT_TRUE(seen == contents[0] || seen == contents[1]) << seen.size();
    }
    writer.join();
}

TEST_F(atomic_file, standard_output_in_a_file_is_written_after_what_is_there) {
    for (auto const* name : {"/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"}) {
        EXPECT_TRUE(in_child([&] {
            int const file = open((folder / "out").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
            dup2(file, STDOUT_FILENO);
            if (!drop_privileges() || write(STDOUT_FILENO, "before ", 7) != 7) return false;
            write_file_whole(name, "content ");
            return write(STDOUT_FILENO, "after", 5) == 5;
        })) << name;
        EXPECT_EQ(content_of(folder / "out"), "before content after") << name;
    }
    EXPECT_EQ(files(), 1);
}

TEST_F(atomic_file, pipes_are_written_to) {
    auto const fifo = folder / "fifo";
    ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
    std::string got;
    std::thread reader([&] { got = content_of(fifo); });
    std::string const sent(200'000, 'x');  // more than a pipe holds
    write_file_whole(fifo, sent);
    reader.join();
    EXPECT_EQ(got, sent);
    EXPECT_TRUE(fs::is_fifo(fifo));
}

}  // namespace quartet::measure::atomic_file_test
