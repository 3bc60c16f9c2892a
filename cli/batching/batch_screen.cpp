#include "cli/batching/batch_screen.hpp"

#include "cli/views/batch_view.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <poll.h>
#include <system_error>
#include <unistd.h>

namespace quartet::cli {

bool batch_screen::output(std::string_view piece, bool errors) {
    line_.clear();
    int const to = errors ? STDERR_FILENO : STDOUT_FILENO;
    while (!piece.empty()) {
        ssize_t const written = write(to, piece.data(), piece.size());
        if (written > 0) piece.remove_prefix(static_cast<std::size_t>(written));
        if (written >= 0 || errno == EINTR) continue;
        if (errno == EPIPE) return false;
        if (errno == EAGAIN) {
            pollfd waited{.fd = to, .events = POLLOUT, .revents = 0};
            poll(&waited, 1, -1);
            continue;
        }
        throw std::system_error(
            errno, std::generic_category(),
            errors ? "cannot write to standard error" : "cannot write to standard output");
    }
    return true;
}

void batch_screen::progressed(batch::batch_status const& status) {
    line_.show(format_status(status));
}

void batch_screen::note(std::string_view text) {
    line_.clear();
    fmt::print(stderr, "quartet: {}\n", text);
}

}  // namespace quartet::cli
