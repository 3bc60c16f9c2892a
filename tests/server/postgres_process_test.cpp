// Without a client: that it answers is seen by tests/workloads/query_test.cpp.
#include "server/postgres_process.hpp"

#include "tests/waiting.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <stdlib.h>
#include <string>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace quartet::postgres_process_test {
namespace {

namespace fs = std::filesystem;

/// A folder that all may enter, removed at the end.
class open_folder {
public:
    open_folder() {
        std::string name = "/tmp/quartet-postgres-test-XXXXXX";
        if (!::mkdtemp(name.data())) throw std::runtime_error("no folder");
        path_ = name;
        ::chmod(path_.c_str(), 0711);
    }
    ~open_folder() { fs::remove_all(path_); }
    open_folder(open_folder const&) = delete;
    open_folder& operator=(open_folder const&) = delete;

    fs::path const& path() const { return path_; }

private:
    fs::path path_;
};

bool is_gone(pid_t process) {
    return ::kill(process, 0) != 0 && errno == ESRCH;
}

fs::path socket_in(open_folder const& folder) {
    return folder.path() / "postgres/.s.PGSQL.5432";
}

/// Programs that do as they are told in place of PostgreSQL's.
void make_program(fs::path const& path, std::string const& script) {
    fs::create_directories(path.parent_path());
    std::ofstream(path) << "#!/bin/sh\n" << script << '\n';
    ::chmod(path.c_str(), 0755);
}

class postgres_process_test : public ::testing::Test {
protected:
    void SetUp() override {
        if (postgres_programs().empty()) GTEST_SKIP() << "PostgreSQL is not installed (postgresql)";
    }
};

TEST_F(postgres_process_test, has_a_socket_that_only_its_user_gets_to_and_ends_with_the_object) {
    open_folder folder;
    pid_t id = 0;
    {
        postgres_process const server({.folder = folder.path(), .connections = 5});
        id = server.id();
        EXPECT_FALSE(is_gone(id));
        EXPECT_NE(::getsid(id), ::getsid(0));
        EXPECT_NE(server.url().find("host=%2Ftmp%2F"), std::string::npos) << server.url();
        struct stat socket {};
        ASSERT_EQ(::stat(socket_in(folder).c_str(), &socket), 0);
        EXPECT_EQ(socket.st_mode & 0777, 0700u);
        EXPECT_EQ(fs::status(folder.path() / "postgres").permissions(), fs::perms::owner_all);
    }
    EXPECT_TRUE(is_gone(id));
}

TEST_F(postgres_process_test, may_have_been_killed) {
    open_folder folder;
    postgres_process const server({.folder = folder.path(), .connections = 5});
    ::kill(server.id(), SIGKILL);
}

TEST_F(postgres_process_test, ends_with_a_process_that_is_killed) {
    open_folder folder;
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    pid_t const owner = ::fork();
    if (owner == 0) {
        ::alarm(600);
        postgres_process const server({.folder = folder.path(), .connections = 5});
        pid_t const id = server.id();
        (void)!::write(ends[1], &id, sizeof id);
        for (;;)
            ::pause();
    }
    ::close(ends[1]);
    pid_t id = 0;
    ASSERT_EQ(::read(ends[0], &id, sizeof id), static_cast<ssize_t>(sizeof id));
    ::close(ends[0]);
    EXPECT_FALSE(is_gone(id));
    ::kill(owner, SIGKILL);
    ::waitpid(owner, nullptr, 0);
    auto const lock = folder.path() / "postgres/data/postmaster.pid";  // which it takes away at its end
    EXPECT_TRUE(test::comes_true([&] { return !fs::exists(lock); }));
}

TEST(postgres_process, says_what_initdb_said) {
    open_folder folder;
    make_program(folder.path() / "bin/initdb",
                 "echo making; echo 'initdb: error: the moon is full' >&2; echo hint: wait; exit 1");
    try {
        postgres_process const server({.programs = folder.path() / "bin", .folder = folder.path()});
        FAIL() << "it has started";
    } catch (std::runtime_error const& why) {
        EXPECT_STREQ(why.what(), "PostgreSQL can't be started: initdb: error: the moon is full");
    }
}

TEST(postgres_process, says_what_the_server_said) {
    open_folder folder;
    make_program(folder.path() / "bin/initdb", "mkdir data");
    make_program(folder.path() / "bin/postgres", "echo '2026-01-01 FATAL:  no semaphores are left'; exit 1");
    try {
        postgres_process const server({.programs = folder.path() / "bin", .folder = folder.path()});
        FAIL() << "it has started";
    } catch (std::runtime_error const& why) {
        EXPECT_STREQ(why.what(), "PostgreSQL can't be started: 2026-01-01 FATAL:  no semaphores are left");
    }
}

TEST(postgres_process, says_that_there_is_no_program) {
    open_folder folder;
    try {
        postgres_process const server({.programs = folder.path() / "bin", .folder = folder.path()});
        FAIL() << "it has started";
    } catch (std::runtime_error const& why) {
        EXPECT_NE(std::string(why.what()).find("/initdb: No such file or directory"), std::string::npos)
            << why.what();
    }
}

TEST(postgres_process, can_be_given_up) {
    open_folder folder;
    make_program(folder.path() / "bin/initdb", "sleep 3600 & echo $! > pid; wait");
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    pid_t const teller = ::fork();
    if (teller == 0) {
        bool const began = test::comes_true([&] { return fs::exists(folder.path() / "postgres/pid"); });
        ::_exit(began && ::write(ends[1], "x", 1) == 1 ? 0 : 1);
    }
    EXPECT_THROW(
        postgres_process(
            {.programs = folder.path() / "bin", .folder = folder.path(), .stop_descriptor = ends[0]}),
        postgres_given_up);
    ::waitpid(teller, nullptr, 0);
    std::ifstream file(folder.path() / "postgres/pid");
    pid_t sleeper = 0;
    file >> sleeper;
    ASSERT_GT(sleeper, 0);
    auto const state = [&] {  // an orphan that is dead may still have to be waited for by init
        std::ifstream stat("/proc/" + std::to_string(sleeper) + "/stat");
        std::string number, name, letter;
        return stat >> number >> name >> letter ? letter : "";
    };
    EXPECT_TRUE(test::comes_true([&] { return state().empty() || state() == "Z"; })) << state();
    ::close(ends[0]);
    ::close(ends[1]);
}

}  // namespace
}  // namespace quartet::postgres_process_test
