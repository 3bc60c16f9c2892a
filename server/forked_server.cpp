// The child cuts what ties it to the caller (group, signals, descriptors), listens, and reports through a
// pipe: one message that says which port, or what went wrong and in which words. A pipe that closes without
// a message says that the child died first.
#include "server/forked_server.hpp"

#include "server/descriptor_limit.hpp"
#include "server/own_process.hpp"

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

namespace quartet::server_detail {
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

void say(report const& message, descriptor& pipe) {
    while (::write(pipe.number, &message, sizeof message) < 0 && errno == EINTR) {
    }
    pipe.close();
}

void serve(serving const& what, descriptor& pipe) try {
    what([&](std::uint16_t port, std::string_view url) {
        report listening{verdict::listening, port, 0, {}};
        url.copy(listening.text.data(), listening.text.size() - 1);
        say(listening, pipe);
    });
} catch (std::system_error const& error) {
    say(failure(verdict::system_error, error.code().value(), error.what()), pipe);
} catch (std::invalid_argument const& error) {
    say(failure(verdict::invalid_option, 0, error.what()), pipe);
} catch (std::exception const& error) {
    say(failure(verdict::other_error, 0, error.what()), pipe);
}

[[noreturn]] void child(serving const& what, pid_t parent, int pipe) {
    ::setpgid(0, 0);
    die_with(parent, SIGKILL);
    forget_signal_handlers();
    close_others(pipe);
    raise_descriptor_limit();
    descriptor report_pipe(3);
    serve(what, report_pipe);
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

forked_server::forked_server(serving const& what) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0)
        throw std::system_error(errno, std::system_category(), "cannot make a pipe for the server process");
    descriptor heard(ends[0]), said(ends[1]);

    auto const parent = ::getpid();
    id_ = ::fork();
    if (id_ < 0) throw std::system_error(errno, std::system_category(), "cannot fork the server process");
    if (id_ == 0) child(what, parent, said.number);

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

forked_server::~forked_server() {
    end(id_);
}

}  // namespace quartet::server_detail
