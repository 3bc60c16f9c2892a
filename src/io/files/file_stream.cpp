#include "src/io/files/file_stream.hpp"

#include "src/base/withheld_signal.hpp"
#include "src/io/context/cancelled_wait.hpp"
#include "src/io/files/files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace quartet::inline v0::detail {
namespace {

using kind = file_operation::kind;

constexpr std::size_t step_bytes = std::size_t{1} << 20;

// A pipe that was opened without waiting seems to be at its end until somebody opens it to write. Who did so
// since, and has written already, is read.
file_stream::next after_an_early_end(int descriptor) noexcept {
    using next = file_stream::next;
    struct stat facts {};
    if (::fstat(descriptor, &facts) != 0 || !S_ISFIFO(facts.st_mode)) return next::done;
    pollfd end{.fd = descriptor, .events = POLLIN, .revents = 0};
    if (::poll(&end, 1, 0) == 0) return next::wait_to_read;
    return end.revents & POLLIN ? next::go_on : next::done;
}

}  // namespace

file_stream::next file_stream::step() noexcept {
    try {
        if (opens(operation_.work) && operation_.descriptor < 0) return open();
        bool const reads = reads_whole() || operation_.work == kind::read_at;
        return reads ? read() : write();
    } catch (...) {
        operation_.error = std::current_exception();  // no memory
        close();
        return next::done;
    }
}

file_stream::next file_stream::open() {
    int const descriptor = ::open(operation_.path.c_str(), open_flags(operation_.work), new_file_mode);
    if (int const error = errno; descriptor < 0) {
        if (error == EINTR) return next::go_on;
        if (may_open_later(operation_, error)) return next::wait_to_open;
        fail("open", error);
        return next::done;
    }
    note_opened(operation_, descriptor);
    return is_on_whole_file(operation_.work) ? next::go_on : next::done;
}

file_stream::next file_stream::read() {
    std::string& out = operation_.output;
    bool const whole = reads_whole();
    std::size_t const wanted = whole ? std::clamp(read_, first_read_bytes, step_bytes)
                                     : std::min(operation_.length - read_, step_bytes);
    out.resize(read_ + wanted);
    auto const got = whole ? ::read(operation_.descriptor, out.data() + read_, wanted)
                           : ::pread(operation_.descriptor, out.data() + read_, wanted,
                                     static_cast<off_t>(operation_.offset + read_));
    int const error = errno;
    read_ += static_cast<std::size_t>(std::max<ssize_t>(got, 0));
    out.resize(read_);
    if (got < 0 && error == EINTR) return next::go_on;
    if (got < 0 && error == EAGAIN) return next::wait_to_read;
    if (got < 0) {
        fail("read", error);
        return next::done;
    }
    if (got == 0 && whole && read_ == 0) {
        auto const what = after_an_early_end(operation_.descriptor);
        return what == next::done ? finish() : what;
    }
    return got == 0 || (!whole && read_ == operation_.length) ? finish() : next::go_on;
}

file_stream::next file_stream::write() {
    auto const rest = operation_.input.substr(operation_.written, step_bytes);
    if (rest.empty()) return finish();
    withheld_signal const nobody_reads(SIGPIPE);
    withheld_size_signal const too_large;
    auto const written = ::write(operation_.descriptor, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) return next::go_on;
    if (written < 0 && errno == EAGAIN) return next::wait_to_write;
    if (written <= 0) {
        fail("write to", written < 0 ? errno : nothing_written);
        return next::done;
    }
    operation_.written += static_cast<std::size_t>(written);
    return operation_.written == operation_.input.size() ? finish() : next::go_on;
}

file_stream::next file_stream::finish() {
    if (!is_on_whole_file(operation_.work)) return next::done;
    if (::close(std::exchange(operation_.descriptor, -1)) != 0 && errno != EINTR) fail("close", errno);
    return next::done;
}

void file_stream::fail(std::string_view verb, int error) noexcept {
    operation_.error = file_error(verb, operation_.path, error);
    close();
}

void file_stream::cancel() noexcept {
    try {
        bool const reads = reads_whole() || operation_.work == kind::read_at;
        operation_.error = std::make_exception_ptr(cancelled_wait(
            fmt::format("{} '{}'", reads ? "input from" : "somebody to read", operation_.path)));
    } catch (...) {
        operation_.error = std::current_exception();
    }
    close();
}

void file_stream::close() noexcept {
    if (is_on_whole_file(operation_.work) && operation_.descriptor >= 0)
        ::close(std::exchange(operation_.descriptor, -1));
}

void run_stream(file_stream stream, stream_wait& wait) noexcept {
    using next = file_stream::next;
    for (;;) {
        next const what = stream.step();
        if (what == next::done) return;
        if (!wait.may_go_on()) return stream.cancel();
        if (what == next::go_on) continue;
        bool const opened = what != next::wait_to_open;
        short const events = what == next::wait_to_read ? POLLIN : POLLOUT;
        if (!wait.wait(opened ? stream.descriptor() : -1, events)) return stream.fail("wait for", EAGAIN);
    }
}

}  // namespace quartet::inline v0::detail
