// Somebody opens a pipe with a name and writes at the very moment when its reader has found it empty and
// without a writer: what is written is read.
//
// read(2) is this file's own, so that the moment is met each time.
#include "tests/conformance/models.hpp"
#include "tests/conformance/shared.hpp"
#include "tests/faults/checks.hpp"

#include <quartet/quartet.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <fcntl.h>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <vector>

namespace {

constexpr std::string_view said = "late";

char const* pipe_path = nullptr;
std::atomic<bool> writer_comes = false;

bool is_pipe(int descriptor) {
    struct stat what {};
    return fstat(descriptor, &what) == 0 && S_ISFIFO(what.st_mode);
}

void write_late() {
    int const pipe = open(pipe_path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    EXPECT_EQ(write(pipe, said.data(), said.size()), std::ssize(said));
    close(pipe);
}

}  // namespace

extern "C" ssize_t read(int descriptor, void* into, std::size_t size) {
    auto const got = syscall(SYS_read, descriptor, into, size);
    if (got == 0 && writer_comes && is_pipe(descriptor) && writer_comes.exchange(false)) write_late();
    return got;
}

namespace quartet::faults {
namespace {

class late_writer : public conformance::any_model {};
QUARTET_SUITE(late_writer, conformance::rows_with_real_io());

TEST_P(late_writer, is_heard) {
    conformance::temporary_folder const folder;
    std::string const path = folder / "fifo";
    ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
    pipe_path = path.c_str();
    writer_comes = true;  // in the workers, too
    auto const body = [](context& ctx, std::string const& from) -> task<std::string> {
        co_return co_await ctx.read_file(from);
    };
    auto const outcomes = make().try_map(body, std::vector{path}, {.task_timeout = std::chrono::minutes(1)});
    writer_comes = false;
    ASSERT_TRUE(outcomes[0].has_value()) << outcomes[0].error().message;
    EXPECT_EQ(outcomes[0].value(), said);
}

}  // namespace
}  // namespace quartet::faults
