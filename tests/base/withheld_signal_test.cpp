#include "src/base/withheld_signal.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <fcntl.h>
#include <unistd.h>

namespace quartet::detail::withheld_signal_test {
namespace {

/// Ends with 0 if `holds`; the effect of a signal would end it otherwise.
#define EXPECT_TO_LIVE(holds) EXPECT_EXIT(_exit((holds) ? 0 : 1), testing::ExitedWithCode(0), "")

bool is_pending(int signal) {
    sigset_t pending;
    sigpending(&pending);
    return sigismember(&pending, signal) == 1;
}

bool is_blocked(int signal) {
    sigset_t blocked;
    pthread_sigmask(SIG_SETMASK, nullptr, &blocked);
    return sigismember(&blocked, signal) == 1;
}

ssize_t write_beyond_a_limit() {
    rlimit const little{100, RLIM_INFINITY};
    setrlimit(RLIMIT_FSIZE, &little);
    std::FILE* const file = std::tmpfile();
    char const bytes[200]{};
    ssize_t const first = write(fileno(file), bytes, sizeof bytes);
    return first == 100 ? write(fileno(file), bytes, sizeof bytes) : 0;
}

bool grow_beyond_a_limit() {
    withheld_size_signal unlimited;
    rlimit const little{100, RLIM_INFINITY};
    setrlimit(RLIMIT_FSIZE, &little);
    withheld_size_signal const limited;
    std::FILE* const file = std::tmpfile();
    return ftruncate(fileno(file), 200) != 0 && errno == EFBIG;
}

ssize_t write_to_nobody() {
    int ends[2];
    if (pipe(ends) != 0) return 0;
    close(ends[0]);
    return write(ends[1], "x", 1);
}

TEST(a_signal_of_a_system_call, ends_the_program) {
    EXPECT_EXIT(write_beyond_a_limit(), testing::KilledBySignal(SIGXFSZ), "");
    EXPECT_EXIT(write_to_nobody(), testing::KilledBySignal(SIGPIPE), "");
}

TEST(a_withheld_signal, has_no_effect_and_leaves_the_error) {
    EXPECT_TO_LIVE([] {
        ssize_t result = 0;
        {
            withheld_signal const withheld(SIGPIPE);
            result = write_to_nobody();
        }
        return result < 0 && errno == EPIPE && !is_pending(SIGPIPE) && !is_blocked(SIGPIPE);
    }());
    EXPECT_TO_LIVE([] {
        ssize_t result = 0;
        {
            withheld_signal const withheld(SIGXFSZ);
            result = write_beyond_a_limit();
        }
        return result < 0 && errno == EFBIG && !is_pending(SIGXFSZ) && !is_blocked(SIGXFSZ);
    }());
    EXPECT_TO_LIVE(grow_beyond_a_limit());
}

TEST(a_withheld_signal, is_left_to_whom_it_was_pending_for) {
    EXPECT_TO_LIVE([] {
        sigset_t pipe;
        sigemptyset(&pipe);
        sigaddset(&pipe, SIGPIPE);
        pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
        raise(SIGPIPE);
        {
            withheld_signal const withheld(SIGPIPE);
            write_to_nobody();
        }
        return is_pending(SIGPIPE) && is_blocked(SIGPIPE);
    }());
}

TEST(a_withheld_signal, reaches_a_handler_once_it_is_no_longer_withheld) {
    EXPECT_TO_LIVE([] {
        static volatile std::sig_atomic_t handled = 0;
        std::signal(SIGPIPE, [](int) { handled = handled + 1; });
        {
            withheld_signal const withheld(SIGPIPE);
            write_to_nobody();
        }
        bool const none = handled == 0;
        write_to_nobody();
        return none && handled == 1;
    }());
}

}  // namespace
}  // namespace quartet::detail::withheld_signal_test
