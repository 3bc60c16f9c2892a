// A process that has closed its standard streams gets 0, 1 and 2 for new descriptors. A program that it
// starts must still have each stream on the right number, though they stand on each other's.

#include "src/io/commands/spawn.hpp"

#include "tests/io/processes.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <fcntl.h>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

namespace quartet::detail::spawn_test {
namespace {

/// Runs `cat; echo err >&2` with the files in, out and err open under the given numbers. It does so in a
/// child, as it closes the standard streams.
void run_with_streams(test::temporary_folder const& folder, std::array<int, 3> const& numbers) {
    pid_t const child = fork();
    if (child == 0) {
        std::array const files{open((folder / "in").c_str(), O_RDONLY),
                               open((folder / "out").c_str(), O_WRONLY | O_CREAT, 0600),
                               open((folder / "err").c_str(), O_WRONLY | O_CREAT, 0600)};
        std::array<int, 3> high{};
        for (std::size_t i = 0; i < 3; ++i)
            high[i] = fcntl(files[i], F_DUPFD, 100);
        for (std::size_t i = 0; i < 3; ++i)
            dup2(high[i], numbers[i]);
        auto const program = spawn(command::shell("cat; echo err >&2"),
                                   {.input = numbers[0], .output = numbers[1], .errors = numbers[2]});
        waitpid(program.process, nullptr, 0);
        _exit(0);
    }
    waitpid(child, nullptr, 0);
}

TEST(spawn, gives_each_stream_its_own_whatever_the_numbers_of_their_sources) {
    std::array numbers{0, 1, 2};
    do {
        test::temporary_folder const folder;
        std::ofstream(folder / "in") << "in\n";
        run_with_streams(folder, numbers);
        auto const which = testing::PrintToString(numbers);
        EXPECT_EQ(test::read_text(folder / "out"), "in\n") << which;
        EXPECT_EQ(test::read_text(folder / "err"), "err\n") << which;
    } while (std::ranges::next_permutation(numbers).found);
}

}  // namespace
}  // namespace quartet::detail::spawn_test
