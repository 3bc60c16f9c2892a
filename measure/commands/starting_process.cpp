// The process that starts commands. It is a program of its own, linked statically (starter_main.cpp): so this
// file and what it includes need nothing of the library.

#include "measure/commands/counters.hpp"
#include "measure/commands/starter_protocol.hpp"
#include "src/base/descriptor.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <optional>
#include <signal.h>
#include <string>
#include <string_view>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <vector>

namespace quartet::measure {
namespace {

shared_state* state_of_signals = nullptr;

/// The tool has died.
void end_with_parent(int) {
    if (pid_t const group = state_of_signals->running) ::kill(-group, SIGKILL);
    _exit(1);
}

void do_nothing(int) {}

void handle(int number, void (*handler)(int)) {
    struct sigaction action {};
    action.sa_handler = handler;
    action.sa_flags = SA_RESTART;
    sigaction(number, &action, nullptr);
}

bool is_ignored(int number) {
    struct sigaction now {};
    return sigaction(number, nullptr, &now) == 0 && now.sa_handler == SIG_IGN;
}

/// The commands get the usual signals: over exec handlers are forgotten, and here none is ignored or blocked
/// but what whoever started the tool ignores for all, as nohup does.
void prepare_signals() {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    for (int const number : {SIGPIPE, SIGXFSZ, SIGCHLD, SIGALRM, SIGUSR1, SIGUSR2})
        if (!is_ignored(number) || number == SIGPIPE || number == SIGCHLD) signal(number, SIG_DFL);
    for (int const number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) {  // the tool decides what becomes of them
        if (!is_ignored(number) || number == SIGINT || number == SIGTERM) handle(number, do_nothing);
    }
    // Not one that users send: and a handler is forgotten by exec.
    int const parent_died = SIGRTMIN + 1;
    handle(parent_died, end_with_parent);
    prctl(PR_SET_PDEATHSIG, parent_died);
}

std::int64_t now_in_nanoseconds() noexcept {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

/// The program's path, or an empty one with errno.
std::string look_up(std::string const& program) {
    if (program.find('/') != program.npos) return program;
    char const* const folders = std::getenv("PATH");
    std::string_view rest = folders ? folders : "/usr/local/bin:/usr/bin:/bin";
    int reason = ENOENT;
    for (bool more = !program.empty(); more;) {
        auto const colon = rest.find(':');
        more = colon != rest.npos;
        auto const folder = rest.substr(0, colon);
        auto path = (folder.empty() ? "." : std::string(folder)) + '/' + program;
        if (more) rest.remove_prefix(colon + 1);
        struct stat found {};
        if (stat(path.c_str(), &found) != 0 || !S_ISREG(found.st_mode)) continue;
        if (access(path.c_str(), X_OK) == 0) return path;
        reason = EACCES;
    }
    errno = reason;
    return {};
}

/// The processes whose parent this one is, as far as the kernel says (CONFIG_PROC_CHILDREN).
std::vector<pid_t> own_children() {
    std::vector<pid_t> found;
    detail::descriptor const file(open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC));
    std::string text;
    char piece[512];
    for (ssize_t got = 0; file.get() >= 0 && (got = read(file.get(), piece, sizeof piece)) > 0;)
        text.append(piece, static_cast<std::size_t>(got));
    for (char const* at = text.c_str(); *at != '\0';) {
        char* end = nullptr;
        found.push_back(static_cast<pid_t>(std::strtol(at, &end, 10)));
        for (at = end; *at == ' ';)
            ++at;
    }
    return found;
}

/// In KiB; 0 if it can't be read. Not ru_maxrss of this process: that has what it was before its own exec.
long own_peak() {
    detail::descriptor const file(open("/proc/self/status", O_RDONLY | O_CLOEXEC));
    char text[2048];
    ssize_t const got = file.get() < 0 ? 0 : read(file.get(), text, sizeof text - 1);
    text[got < 0 ? 0 : got] = '\0';
    constexpr std::string_view name = "\nVmHWM:";
    char const* const found = std::strstr(text, name.data());
    return found ? std::strtol(found + name.size(), nullptr, 10) : 0;
}

/// What a child does its exec with.
struct exec_call {
    char const* path;
    char* const* words;
    char* const* environment;
    int streams[3];  // -1: as they are
};

/// Gives the child, or -1 with errno. Nothing but system calls between vfork() and exec: the child runs on
/// this process's memory.
[[gnu::noinline]] pid_t start(exec_call const& what, shared_state& shared) noexcept {
    pid_t const child = ::vfork();
    if (child != 0) return child;
    ::setpgid(0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (int stream = 0; stream < 3; ++stream) {
        if (what.streams[stream] >= 0) ::dup2(what.streams[stream], stream);
    }
    shared.running.store(::getpid(), std::memory_order_relaxed);
    ::execve(what.path, what.words, what.environment);
    shared.start_error.store(errno, std::memory_order_relaxed);
    ::_exit(127);
}

/// "NAME=value" with the others.
class child_environment {
public:
    explicit child_environment(std::size_t most_padding) {
        for (char** each = environ; *each != nullptr; ++each)
            pointers_.push_back(*each);
        padding_ = "QUARTET_PADDING=";
        head_ = padding_.size();
        padding_.append(most_padding, 'x');
        pointers_.insert(pointers_.end(), {padding_.data(), round_, nullptr});
    }

    char* const* set(std::uint32_t round, std::size_t padding) {
        std::snprintf(round_, sizeof round_, "QUARTET_ROUND=%u", round);
        std::fill(padding_.begin() + static_cast<std::ptrdiff_t>(head_), padding_.end(), 'x');
        padding_[std::min(head_ + padding, padding_.size() - 1)] = '\0';
        return pointers_.data();
    }

private:
    std::vector<char*> pointers_;
    std::string padding_;
    std::size_t head_ = 0;
    char round_[32]{};
};

class starting_process {
public:
    starting_process(std::vector<word_list> const& commands, start_options const& how,
                     start_descriptors const& files, shared_state& shared)
        : how_(how), files_(files), shared_(shared) {
        for (auto const& words : commands) {
            auto& pointers = pointers_.emplace_back();
            for (auto const& each : words)
                pointers.push_back(const_cast<char*>(each.c_str()));
            pointers.push_back(nullptr);
        }
    }

    start_reply run(start_request const& asked) {
        start_reply reply;
        if (!open_files(asked)) return with_error(errno);
        auto const path = look_up(pointers_[asked.command].front());
        if (path.empty()) return with_error(errno);
        exec_call const call{path.c_str(),
                             pointers_[asked.command].data(),
                             environment_.set(asked.round, asked.padding),
                             {input_.get(), output_.get(), errors_}};
        std::optional<child_counters> counters;
        if (asked.timed) counters.emplace();
        shared_.start_error = 0;
        auto const began = now_in_nanoseconds();
        pid_t const child = start(call, shared_);
        if (child < 0) return with_error(errno);
        while (wait4(child, &reply.status, WUNTRACED, &reply.used) < 0 && errno == EINTR) {
        }
        reply.wall_nanoseconds = now_in_nanoseconds() - began;
        if (WIFSTOPPED(reply.status)) end_stopped(child, reply);
        shared_.running = 0;
        reply.error = shared_.start_error;
        if (counters) reply.counters = counters->read();
        if (asked.timed) reply.own_peak = own_peak();
        look_for_others(reply);
        return reply;
    }

private:
    static start_reply with_error(int number) {
        start_reply reply;
        reply.error = number;
        return reply;
    }

    bool open_files(start_request const& asked) {
        auto const& from = how_.input_file;
        input_ = detail::descriptor(open(from.empty() ? "/dev/null" : from.c_str(), O_RDONLY | O_CLOEXEC));
        if (input_.get() < 0) return false;
        errors_ = files_.errors;
        if (how_.output == output_to::here && asked.timed) {
            output_ = detail::descriptor();
            errors_ = -1;
            return true;
        }
        output_ = detail::descriptor(asked.timed ? open_output() : open("/dev/null", O_WRONLY | O_CLOEXEC));
        if (output_.get() < 0) return false;
        if (!asked.keeps_errors) {
            if (nowhere_.get() < 0) nowhere_ = detail::descriptor(open("/dev/null", O_WRONLY | O_CLOEXEC));
            errors_ = nowhere_.get();
            return errors_ >= 0;
        }
        return ftruncate(errors_, 0) == 0 && lseek(errors_, 0, SEEK_SET) == 0;
    }

    int open_output() const {
        if (how_.output == output_to::pipe) return fcntl(files_.output, F_DUPFD_CLOEXEC, 3);
        if (how_.output == output_to::file)
            return open(how_.output_file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
        return open("/dev/null", O_WRONLY | O_CLOEXEC);
    }

    /// It would wait for ever: nobody brings it to the foreground.
    static void end_stopped(pid_t child, start_reply& reply) {
        reply.stopped_by = WSTOPSIG(reply.status);
        kill(-child, SIGKILL);
        while (wait4(child, &reply.status, 0, &reply.used) < 0 && errno == EINTR) {
        }
    }

    /// What the command has left behind was given to this process. One that is about to end has 20 ms for it.
    void look_for_others(start_reply& reply) {
        constexpr int looks = 20;
        for (int look = 0; some_live(); ++look) {
            if (shared_.ending) end_others();
            auto const others = new_ones();
            if (others.empty() && !shared_.ending) break;
            bool const patient = look < looks || (shared_.ending && look < 50 * looks);
            if (!patient) {
                tell(others, reply);
                break;
            }
            timespec const pause{0, 1'000'000};
            nanosleep(&pause, nullptr);
        }
        if (!some_live()) known_.clear();
    }

    static bool some_live() {
        pid_t reaped = 0;
        while ((reaped = waitpid(-1, nullptr, WNOHANG)) > 0) {
        }
        return reaped == 0;
    }

    /// Living children that no earlier command has left.
    std::vector<pid_t> new_ones() const {
        auto found = own_children();
        std::erase_if(found, [&](pid_t each) { return std::ranges::find(known_, each) != known_.end(); });
        return found;
    }

    /// Whose children come here then, and are found the next time.
    static void end_others() {
        for (pid_t const each : own_children())
            kill(each, SIGKILL);
    }

    void tell(std::vector<pid_t> const& others, start_reply& reply) {
        reply.left = static_cast<std::uint32_t>(others.size());
        known_.insert(known_.end(), others.begin(), others.end());
        char path[32];
        std::snprintf(path, sizeof path, "/proc/%d/comm", others.front());
        detail::descriptor const file(open(path, O_RDONLY | O_CLOEXEC));
        ssize_t const got = file.get() < 0 ? 0 : read(file.get(), reply.left_name.data(), 15);
        if (got > 0 && reply.left_name[static_cast<std::size_t>(got) - 1] == '\n')
            reply.left_name[static_cast<std::size_t>(got) - 1] = '\0';
    }

    start_options const& how_;
    start_descriptors const& files_;
    shared_state& shared_;
    std::vector<std::vector<char*>> pointers_;
    child_environment environment_{most_padding};
    std::vector<pid_t> known_;  // that earlier commands have left
    detail::descriptor input_;
    detail::descriptor output_;
    detail::descriptor nowhere_;
    int errors_ = -1;
};

}  // namespace

void serve_starts(int socket, std::vector<word_list> const& commands, start_options const& how,
                  start_descriptors const& files, shared_state& shared) {
    state_of_signals = &shared;
    prepare_signals();
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    starting_process process(commands, how, files, shared);
    start_request asked;
    for (;;) {
        ssize_t const got = recv(socket, &asked, sizeof asked, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got != sizeof asked) _exit(0);
        auto const reply = process.run(asked);
        if (send(socket, &reply, sizeof reply, MSG_NOSIGNAL) != sizeof reply) _exit(1);
    }
}

}  // namespace quartet::measure
