// The child cuts what ties it to the caller (group, signals, descriptors), listens, and reports through a
// pipe: one message that says which port, or what went wrong and in which words. A pipe that closes without
// a message says that the child died first.
#include "server/server_process.hpp"

#include "server/descriptor_limit.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <fcntl.h>
#include <signal.h>
#include <stdexcept>
#include <string_view>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace quartet {
namespace {

enum class verdict : std::uint8_t { listening, system_error, invalid_option, other_error };

/// What the child says, in one write. Smaller than PIPE_BUF, so it arrives whole or not at all.
struct report {
    verdict what = verdict::listening;
    std::uint16_t port = 0;
    int error_number = 0;
    std::array<char, 500> text{};  ///< the url, or the words of the error; ends with a zero
};

report failure(verdict what, int error_number, std::string_view text) {
    report result{what, 0, error_number, {}};
    text.copy(result.text.data(), result.text.size() - 1);
    return result;
}

struct descriptor {
    int number;
    explicit descriptor(int given) : number(given) {}
    ~descriptor() { close(); }
    descriptor(descriptor const&) = delete;
    descriptor& operator=(descriptor const&) = delete;
    void close() {
        if (number >= 0) ::close(std::exchange(number, -1));
    }
};

void die_with(pid_t parent) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(EXIT_FAILURE);  // it died before we could ask to die with it
}

/// The caller's handlers would write to the caller's memory and pipes, which are now copies.
void forget_signal_handlers() {
    for (int signal = 1; signal < NSIG; ++signal)
        ::signal(signal, SIG_DFL);  // refused for SIGKILL: fine
    ::signal(SIGINT, SIG_IGN);
    ::signal(SIGPIPE, SIG_IGN);
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

/// Keeps standard error and `kept`, which becomes descriptor 3.
void close_others(int kept) {
    // A caller that has closed its standard streams gets their numbers for the pipe: first out of the way.
    int const safe = ::fcntl(kept, F_DUPFD, 4);
    int const null = ::open("/dev/null", O_RDWR);
    ::dup2(null, STDIN_FILENO);
    ::dup2(null, STDOUT_FILENO);
    ::dup2(safe, 3);
    if (::close_range(4, ~0U, 0) == 0) return;
    for (int number = 4; number < ::sysconf(_SC_OPEN_MAX); ++number)
        ::close(number);  // an old kernel
}

void say(report const& message, descriptor& pipe) {
    while (::write(pipe.number, &message, sizeof message) < 0 && errno == EINTR) {
    }
    pipe.close();
}

void serve(server_options const& options, descriptor& pipe) try {
    server served(options);
    report listening{verdict::listening, served.port(), 0, {}};
    served.url().copy(listening.text.data(), listening.text.size() - 1);
    say(listening, pipe);
    served.run();
} catch (std::system_error const& error) {
    say(failure(verdict::system_error, error.code().value(), error.what()), pipe);
} catch (std::invalid_argument const& error) {
    say(failure(verdict::invalid_option, 0, error.what()), pipe);
} catch (std::exception const& error) {
    say(failure(verdict::other_error, 0, error.what()), pipe);
}

[[noreturn]] void child(server_options const& options, pid_t parent, int pipe) {
    ::setpgid(0, 0);
    die_with(parent);
    forget_signal_handlers();
    close_others(pipe);
    raise_descriptor_limit();
    descriptor report_pipe(3);
    serve(options, report_pipe);
    ::_exit(EXIT_FAILURE);  // not exit(): the caller's atexit handlers and buffers are the caller's
}

/// False if the child ended without a word.
bool hear(int pipe, report& message) {
    ssize_t got = 0;
    do
        got = ::read(pipe, &message, sizeof message);
    while (got < 0 && errno == EINTR);
    return got == static_cast<ssize_t>(sizeof message);
}

/// The text of a system_error ends with the words of its number; the new exception adds them again.
std::string without_words(std::string text, std::error_code code) {
    auto const words = ": " + code.message();
    if (text.ends_with(words)) text.resize(text.size() - words.size());
    return text;
}

[[noreturn]] void throw_as_in_child(report const& said) {
    std::string const text = said.text.data();
    std::error_code const code(said.error_number, std::system_category());
    if (said.what == verdict::system_error) throw std::system_error(code, without_words(text, code));
    if (said.what == verdict::invalid_option) throw std::invalid_argument(text);
    throw std::runtime_error(text);
}

/// Nothing in the process is worth a farewell, so it is killed outright.
void end(pid_t process) {
    // Somebody else may have waited for our child, with waitpid(-1) or an ignored SIGCHLD. Then its number
    // may be a stranger's by now.
    if (::waitpid(process, nullptr, WNOHANG) != 0) return;
    ::kill(process, SIGKILL);
    while (::waitpid(process, nullptr, 0) < 0 && errno == EINTR) {
    }
}

}  // namespace

server_process::server_process(server_options const& options) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0)
        throw std::system_error(errno, std::system_category(), "cannot make a pipe for the server process");
    descriptor heard(ends[0]), said(ends[1]);

    auto const parent = ::getpid();
    id_ = ::fork();
    if (id_ < 0) throw std::system_error(errno, std::system_category(), "cannot fork the server process");
    if (id_ == 0) child(options, parent, said.number);

    said.close();
    report message;
    bool const answered = hear(heard.number, message);
    if (answered && message.what == verdict::listening) {
        port_ = message.port;
        url_ = message.text.data();
        return;
    }
    end(id_);
    if (!answered)
        throw std::system_error(ECHILD, std::system_category(), "the server process died before it listened");
    throw_as_in_child(message);
}

server_process::~server_process() {
    end(id_);
}

}  // namespace quartet
