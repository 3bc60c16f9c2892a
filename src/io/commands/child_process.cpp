// src/io/commands/child_process.cpp
//
// All that can happen to a command comes through descriptors: two pipes, a pidfd for its end, a timerfd.
// They lie in one epoll set, which is itself a descriptor that is readable when one of them is.
//
// The standard input is not a pipe but a file in memory, as if by `< file`. A pipe would have to be fed
// while the output is read, and feeding a program that has stopped reading raises SIGPIPE, which only
// sockets can be told not to; but a program may open /dev/stdin, and that fails for a socket.
//
// The end of a program is the end of its process, not of its output: a program may leave others behind
// that hold its pipes for hours. What it wrote itself is in the pipes when it has ended, so as much as is
// then there is read, and no more: those it left behind may go on writing for ever.
//
// A shell is most often asked for one thing and starts another to do it, so an end that reached the shell
// alone would miss the work. A process group of its own would catch both, but signals of the terminal and
// those to our own group would no longer reach it. So the descendants are looked for and ended one by one;
// where a session of its own was asked for, its group is ended at once, and then those outside of it.

#include "src/io/commands/child_process.hpp"

#include "src/base/file_size_limit.hpp"
#include "src/base/withheld_signal.hpp"
#include "src/io/commands/spawn.hpp"

#include <quartet/outcome.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace quartet::inline v0::detail {
namespace {

constexpr auto grace = std::chrono::milliseconds(100);
constexpr std::size_t read_bytes = 64 * 1024;  // what a pipe holds

[[noreturn]] void refuse() {
    throw std::system_error(errno, std::generic_category());
}

int require(int result) {
    if (result < 0) refuse();
    return result;
}

descriptor open_input(std::string const& text) {
    if (text.empty()) return descriptor(require(open("/dev/null", O_RDONLY | O_CLOEXEC)));
    descriptor file(require(memfd_create("quartet-input", MFD_CLOEXEC)));
    withheld_size_signal const withheld;
    for (std::size_t written = 0; written < text.size();) {
        auto const more =
            pwrite(file.get(), text.data() + written, text.size() - written, static_cast<off_t>(written));
        if (more >= 0) {
            written += static_cast<std::size_t>(more);
        } else if (errno != EINTR) {
            refuse();
        }
    }
    return file;
}

/// Gives the end to write to; the end to read from goes to `read_end`.
descriptor open_pipe(descriptor& read_end) {
    int ends[2];
    require(pipe2(ends, O_CLOEXEC));
    read_end = descriptor(ends[0]);
    return descriptor(ends[1]);
}

bool is_readable(descriptor const& what) noexcept {
    pollfd waiting{.fd = what.get(), .events = POLLIN, .revents = 0};
    return poll(&waiting, 1, 0) > 0;
}

std::chrono::microseconds to_duration(timeval const& time) {
    return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
}

/// posix_spawn does not say whether it is the directory or the program that it did not find.
std::string cannot_start(command const& what, std::error_code refused) {
    std::error_code ignored;
    std::string text = fmt::format("cannot start '{}'", what.arguments.front());
    if (!what.directory.empty() && !std::filesystem::is_directory(what.directory, ignored))
        text += fmt::format(" in '{}'", what.directory.native());
    if (refused == std::errc::file_too_large)
        text += fmt::format(
            ": its input of {} bytes is larger than this process may make a file ({} bytes, RLIMIT_FSIZE); "
            "raise "
            "the limit (ulimit -f) or give it as a file",
            what.input.size(), file_size_limit());
    return text;
}

}  // namespace

child_process::child_process(command const& what)
    : own_session_(what.own_session),
      most_bytes_(what.most_bytes),
      on_output_(what.on_output),
      on_errors_(what.on_errors) {
    refuse_unusable(what);
    try {
        start(what);
    } catch (std::system_error const& refused) {
        throw std::system_error(refused.code(), cannot_start(what, refused.code()));
    }
}

// All that may be refused is asked for before the program starts, but for its pidfd, which takes the place
// of descriptors that are closed by then.
void child_process::start(command const& what) {
    events_ = descriptor(require(epoll_create1(EPOLL_CLOEXEC)));
    if (what.timeout > what.timeout.zero()) set_timer(what.timeout);
    std::optional<spawned> started;
    {
        descriptor const input = open_input(what.input);
        descriptor const output = open_pipe(output_);
        descriptor const errors = what.join_errors ? descriptor() : open_pipe(errors_);
        watch(output_, source::output);
        if (!what.join_errors) watch(errors_, source::errors);
        int const errors_to = what.join_errors ? output.get() : errors.get();
        started = spawn(what, {.input = input.get(), .output = output.get(), .errors = errors_to});
    }
    process_.emplace(started->process, std::move(started->kept));
    watch(process_->pidfd(), source::process);
}

void child_process::watch(descriptor const& what, source as) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u32 = static_cast<std::uint32_t>(as);
    require(epoll_ctl(events_.get(), EPOLL_CTL_ADD, what.get(), &event));
}

// To close it is not enough: a process that was forked meanwhile may hold a copy, and then the set goes on
// reporting it.
void child_process::unwatch(descriptor const& what) const noexcept {
    epoll_ctl(events_.get(), EPOLL_CTL_DEL, what.get(), nullptr);
}

bool child_process::advance() {
    std::array<epoll_event, 8> happened{};
    int const count = epoll_wait(events_.get(), happened.data(), static_cast<int>(happened.size()), 0);
    for (int i = 0; i < count; ++i)
        on_event(static_cast<source>(happened[static_cast<std::size_t>(i)].data.u32));
    if (!ended_) return false;
    if (phase_ == phase::asked_to_end && !descendants_.empty()) return false;
    read_rest(output_, output_sink());
    read_rest(errors_, errors_sink());
    return true;
}

void child_process::on_event(source from) {
    switch (from) {
        case source::output:
            return read(output_, output_sink());
        case source::errors:
            return read(errors_, errors_sink());
        case source::timer:
            return on_timer();
        case source::descendant:
            return forget_ended_descendants();
        case source::process:
            ended_ = true;
            return unwatch(process_->pidfd());
    }
}

// Does not wait: there is something to read, or the end, and nobody else reads here.
void child_process::read(descriptor& from, sink into) {
    char piece[read_bytes];
    auto const got = ::read(from.get(), piece, sizeof piece);
    if (got > 0) {
        accept({piece, static_cast<std::size_t>(got)}, into);
    } else if (got == 0) {
        unwatch(from);
        from = descriptor();
    }
}

void child_process::read_rest(descriptor const& from, sink into) {
    int in_pipe = 0;
    if (from.get() < 0 || ioctl(from.get(), FIONREAD, &in_pipe) != 0) return;
    for (auto left = static_cast<ssize_t>(in_pipe); left > 0;) {
        char piece[read_bytes];
        auto const got = ::read(from.get(), piece, std::min(sizeof piece, static_cast<std::size_t>(left)));
        if (got <= 0) return;
        accept({piece, static_cast<std::size_t>(got)}, into);
        left -= got;
    }
}

// What comes while it is being ended for writing too much is read, so that it can clean up, and dropped.
void child_process::accept(std::string_view piece, sink into) {
    if (result_.too_long) return;
    auto const room = most_bytes_ - result_.written;
    result_.too_long = piece.size() > room;
    piece = piece.substr(0, room);
    result_.written += piece.size();
    if (*into.taken) {
        (*into.taken)(piece);
    } else {
        into.kept->append(piece);
    }
    if (result_.too_long && phase_ == phase::running && !ended_) ask_to_end();
}

void child_process::set_timer(std::chrono::milliseconds duration) {
    if (timer_.get() < 0) {
        timer_ = descriptor(require(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)));
        watch(timer_, source::timer);
    }
    auto const seconds = std::chrono::floor<std::chrono::seconds>(duration);
    itimerspec const when{.it_interval = {},
                          .it_value = {.tv_sec = seconds.count(),
                                       .tv_nsec = std::chrono::nanoseconds(duration - seconds).count()}};
    require(timerfd_settime(timer_.get(), 0, &when, nullptr));
}

void child_process::on_timer() {
    std::uint64_t ignored = 0;
    if (::read(timer_.get(), &ignored, sizeof ignored) < 0) return;  // it was set anew
    if (phase_ == phase::asked_to_end) return kill();
    if (phase_ == phase::running && !ended_) {
        result_.timed_out = true;
        ask_to_end();
    }
}

void child_process::end() noexcept {
    if (cancelled_) return;
    cancelled_ = true;
    if (phase_ == phase::running) ask_to_end();
}

void child_process::ask_to_end() noexcept {
    phase_ = phase::asked_to_end;
    descendants_ = process_->descendants();
    // The shell first, or it would begin what comes next on its line.
    if (own_session_) {
        process_->signal_group(SIGTERM);
    } else {
        process_->signal(SIGTERM);
    }
    for (auto const& each : descendants_) {
        if (!own_session_ || !process_->has_in_group(each)) send_signal(each, SIGTERM);
    }
    try {
        for (auto const& each : descendants_)
            watch(each, source::descendant);
        set_timer(grace);
    } catch (std::system_error const&) {
        kill();  // no descriptor for a timer, so no time to give
    }
}

/// The descendants, also those whose own parents ended when they were asked to.
std::vector<descriptor> child_process::descendants_since() const noexcept {
    auto found = process_->descendants();
    try {
        for (auto const& each : descendants_) {
            pid_t const id = id_of(each);
            if (id == 0) continue;
            for (auto& below : descendants_of(id))
                found.push_back(std::move(below));
        }
    } catch (std::exception const&) {
        // No memory or descriptors for more.
    }
    return found;
}

void child_process::kill() noexcept {
    phase_ = phase::killed;
    auto const later = descendants_since();
    process_->signal(SIGKILL);
    if (own_session_) process_->signal_group(SIGKILL);
    for (auto const& each : descendants_)
        send_signal(each, SIGKILL);
    for (auto const& each : later)
        send_signal(each, SIGKILL);
}

void child_process::forget_ended_descendants() {
    std::erase_if(descendants_, [this](descriptor const& each) {
        if (!is_readable(each)) return false;
        unwatch(each);
        return true;
    });
}

command_result child_process::take() {
    rusage used{};
    auto const status = process_->reap(&used);
    if (cancelled_) throw cancelled();
    result_.user_time = to_duration(used.ru_utime);
    result_.system_time = to_duration(used.ru_stime);
    result_.peak_bytes = static_cast<std::size_t>(used.ru_maxrss) * 1024;
    result_.end_known = status.has_value();
    if (status && WIFEXITED(*status)) result_.exit_code = WEXITSTATUS(*status);
    if (status && WIFSIGNALED(*status)) result_.signal = WTERMSIG(*status);
    return std::move(result_);
}

}  // namespace quartet::inline v0::detail
