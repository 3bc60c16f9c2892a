// src/base/withheld_signal.hpp
//
// Some system calls raise a signal beside their error, and its usual effect is the end of the program:
// SIGXFSZ where a file would grow beyond RLIMIT_FSIZE (write, ftruncate, fallocate: EFBIG), SIGPIPE on a
// write to a pipe that nobody reads (EPIPE). The error says it all, and whether the program ends is not ours
// to decide.
#pragma once

#include <optional>
#include <signal.h>
#include <sys/resource.h>

namespace quartet::inline v0::detail {

/// For as long as it lives, a signal that this thread raises by a system call has no effect, whatever the
/// program does with that signal otherwise. Leaves errno as it is. Two to four system calls.
class withheld_signal {
public:
    explicit withheld_signal(int signal) noexcept;
    withheld_signal(withheld_signal const&) = delete;
    withheld_signal& operator=(withheld_signal const&) = delete;
    ~withheld_signal();

private:
    sigset_t only_;
    sigset_t before_;
    bool was_pending_;  // it is other code's, which has blocked it
};

/// Whether a file that grows may raise SIGXFSZ.
inline bool file_sizes_are_limited() noexcept {
    rlimit limit{};
    return getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
}

/// For as long as it lives, this thread gets EFBIG and no signal where a file would become larger than
/// allowed. One system call if nothing limits the size of files.
class withheld_size_signal {
public:
    withheld_size_signal() noexcept {
        if (file_sizes_are_limited()) withheld_.emplace(SIGXFSZ);
    }

private:
    std::optional<withheld_signal> withheld_;
};

}  // namespace quartet::inline v0::detail
