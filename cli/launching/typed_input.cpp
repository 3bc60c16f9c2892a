#include "cli/launching/typed_input.hpp"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <system_error>
#include <unistd.h>

namespace quartet::cli {

pipe_ends::pipe_ends() {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) throw std::system_error(errno, std::generic_category(), "pipe");
    read = detail::descriptor(ends[0]);
    write = detail::descriptor(ends[1]);
}

typed_input::typed_input() {
    if (isatty(STDIN_FILENO) == 1) pipe_.emplace();
}

int typed_input::source() const {
    bool const wanted = pipe_ && pipe_->write.get() >= 0;
    return wanted && tcgetpgrp(STDIN_FILENO) == getpgrp() ? STDIN_FILENO : -1;
}

void typed_input::pass_on() {
    std::array<char, 4096> piece{};
    auto const size = ::read(STDIN_FILENO, piece.data(), piece.size());
    if (size < 0 && errno == EINTR) return;
    if (size > 0 && ::write(pipe_->write.get(), piece.data(), static_cast<std::size_t>(size)) == size) return;
    pipe_->write = detail::descriptor();  // the end of what is typed, or nobody wants it
}

}  // namespace quartet::cli
