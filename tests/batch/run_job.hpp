// tests/batch/run_job.hpp
//
// What a job's command writes.
#pragma once

#include "src/base/descriptor.hpp"

#include <quartet/command.hpp>

#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <spawn.h>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace quartet::batch {

/// Its standard output; the end of the test if it fails.
inline std::string output_of(command const& job) {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    detail::descriptor const reading(ends[0]);
    detail::descriptor writing(ends[1]);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, writing.get(), 1);
    std::vector<char*> arguments;
    for (auto const& argument : job.arguments)
        arguments.push_back(const_cast<char*>(argument.c_str()));
    arguments.push_back(nullptr);
    pid_t process = 0;
    int const refused = ::posix_spawnp(&process, arguments[0], &actions, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    EXPECT_EQ(refused, 0) << arguments[0];
    if (refused) return "(not started)";
    { detail::descriptor const closed = std::move(writing); }
    std::string output;
    std::array<char, 4096> piece{};
    for (ssize_t got = 0;
         (got = ::read(reading.get(), piece.data(), piece.size())) > 0 || (got < 0 && errno == EINTR);)
        if (got > 0) output.append(piece.data(), static_cast<std::size_t>(got));
    int status = 0;
    while (::waitpid(process, &status, 0) < 0 && errno == EINTR) {
    }
    EXPECT_EQ(status, 0) << testing::PrintToString(job.arguments);
    return output;
}

}  // namespace quartet::batch
