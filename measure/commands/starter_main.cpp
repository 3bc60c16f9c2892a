// The program that starts commands: small and linked statically, as the kernel counts what a process has at
// its exec to what the command has at its peak. It is a part of the tool (starter_image.S), which runs it
// from memory.

#include "measure/commands/starter_protocol.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace quartet::measure {
namespace {

std::string read_whole(int file) {
    struct stat found {};
    fstat(file, &found);
    std::string text(static_cast<std::size_t>(found.st_size), '\0');
    ssize_t const got = pread(file, text.data(), text.size(), 0);
    text.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
    return text;
}

int serve() {
    for (int file = handed_socket; file < handed_end; ++file)
        fcntl(file, F_SETFD, FD_CLOEXEC);
    void* const state =
        mmap(nullptr, sizeof(shared_state), PROT_READ | PROT_WRITE, MAP_SHARED, handed_state, 0);
    if (state == MAP_FAILED) return 1;
    auto const plan = read_plan(read_whole(handed_plan));
    close(handed_plan);
    serve_starts(handed_socket, plan.commands, plan.how, {handed_output, handed_errors},
                 *static_cast<shared_state*>(state));
}

}  // namespace
}  // namespace quartet::measure

int main() {
    return quartet::measure::serve();
}
