// measure/trial/trial_process.cpp
//
// The two talk in lines through a socket pair, the trial's end of which is descriptor 3. The parent sends the
// request. The trial says "starting" when the clock is about to start, and "measured" when the workload has
// run; the parent starts sampling memory afresh or takes the last sample, and says "go on". When its workers
// have ended, the trial sends its result.
//
// The trial leads a process group of its own, so one kill reaches all that it has started, commands of
// the command workload included. It asks the kernel for a signal when its parent dies, and then kills its
// group.

#include "measure/trial/trial_process.hpp"

#include "measure/probes/process_tree.hpp"
#include "measure/probes/usage.hpp"
#include "src/io/running_process.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <optional>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace quartet::measure {
namespace {

constexpr int trial_descriptor = 3;
constexpr char const* starting = "starting";
constexpr char const* measured = "measured";

[[noreturn]] void refuse(int error, char const* what) {
    throw std::system_error(error, std::generic_category(), what);
}

/// A socket that speaks in lines. Owns it.
class line_socket {
public:
    explicit line_socket(int socket) : socket_(socket) {}
    line_socket(line_socket const&) = delete;
    line_socket& operator=(line_socket const&) = delete;
    ~line_socket() { close(socket_); }

    int descriptor() const noexcept { return socket_; }

    /// False if the other side is gone.
    bool send_line(std::string line) {
        line += '\n';
        for (std::string_view rest = line; !rest.empty();) {
            ssize_t const sent = send(socket_, rest.data(), rest.size(), MSG_NOSIGNAL);
            if (sent < 0 && errno == EINTR) continue;
            if (sent < 0) return false;
            rest.remove_prefix(static_cast<std::size_t>(sent));
        }
        return true;
    }

    /// The next line; nothing if the other side is gone. Waits.
    std::optional<std::string> receive_line() {
        for (;;) {
            if (auto const end = received_.find('\n'); end != std::string::npos) {
                std::string line = received_.substr(0, end);
                received_.erase(0, end + 1);
                return line;
            }
            if (!receive_some()) return std::nullopt;
        }
    }

    bool other_side_is_gone() const {
        pollfd now{.fd = socket_, .events = POLLRDHUP, .revents = 0};
        return poll(&now, 1, 0) > 0;
    }

    bool has_line() const { return received_.find('\n') != std::string::npos; }

private:
    bool receive_some() {
        char buffer[4096];
        ssize_t got = 0;
        do {
            got = recv(socket_, buffer, sizeof buffer, 0);
        } while (got < 0 && errno == EINTR);
        if (got <= 0) return false;
        received_.append(buffer, static_cast<std::size_t>(got));
        return true;
    }

    int socket_;
    std::string received_;
};

class spawn_plan {
public:
    explicit spawn_plan(int trial_end) {
        posix_spawn_file_actions_init(&actions_);
        posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
        posix_spawn_file_actions_adddup2(&actions_, trial_end, trial_descriptor);
        posix_spawnattr_init(&attributes_);
        sigset_t none;
        sigset_t all;
        sigemptyset(&none);
        sigfillset(&all);
        posix_spawnattr_setpgroup(&attributes_, 0);
        posix_spawnattr_setsigmask(&attributes_, &none);
        posix_spawnattr_setsigdefault(&attributes_, &all);
        posix_spawnattr_setflags(&attributes_,
                                 POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    }
    ~spawn_plan() {
        posix_spawnattr_destroy(&attributes_);
        posix_spawn_file_actions_destroy(&actions_);
    }
    spawn_plan(spawn_plan const&) = delete;
    spawn_plan& operator=(spawn_plan const&) = delete;

    pid_t start() const {
        // Without a symbolic link's name `ps` would show "exe".
        std::string program = "/proc/self/exe";
        std::string argument(trial_argument);
        char* arguments[] = {program.data(), argument.data(), nullptr};
        pid_t process = -1;
        if (int const error =
                posix_spawn(&process, program.c_str(), &actions_, &attributes_, arguments, environ))
            refuse(error, "cannot start a process for a trial");
        return process;
    }

private:
    posix_spawn_file_actions_t actions_;
    posix_spawnattr_t attributes_;
};

/// The trial's process group; killed and reaped at the end, if it was not before.
class trial_group {
public:
    /// `others`: the children that this process has besides.
    trial_group(pid_t leader, std::vector<pid_t> others) : leader_(leader), others_(std::move(others)) {}
    trial_group(trial_group const&) = delete;
    trial_group& operator=(trial_group const&) = delete;
    ~trial_group() {
        kill_all();
        wait();
    }

    pid_t leader() const noexcept { return leader_; }

    void kill_all() const noexcept {
        if (leader_ > 0) killpg(leader_, SIGKILL);
    }

    /// Waits for the leader; its status as from waitpid. What it may have left behind is killed, and waited
    /// for.
    int wait() noexcept {
        if (leader_ <= 0) return status_;
        // The leader stays a zombie while the others are killed, so nobody else can have its number.
        siginfo_t ended{};
        while (waitid(P_PID, static_cast<id_t>(leader_), &ended, WEXITED | WNOWAIT) < 0 && errno == EINTR) {
        }
        kill_all();
        rusage used{};
        while (wait4(leader_, &status_, 0, &used) < 0 && errno == EINTR) {
        }
        used_ = usage_from(used);
        reap_others();
        leader_ = -1;
        return status_;
    }

    /// Of the leader and all that it waited for, when it has ended.
    usage const& used() const noexcept { return used_; }

private:
    /// They are this process's children since their parents died; those too that have left the group, as
    /// daemons do. One that the kernel can't end (it waits for a dead disk, say) is not waited for much
    /// longer.
    void reap_others() const noexcept {
        auto const end = std::chrono::steady_clock::now() + std::chrono::seconds(2);
        while (end_orphans() && std::chrono::steady_clock::now() < end)
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }

    /// Whether there are any.
    bool end_orphans() const noexcept {
        bool some = false;
        try {
            for (pid_t const child : detail::children_of(getpid())) {
                // One in our group is of our own making.
                if (std::ranges::find(others_, child) != others_.end() || getpgid(child) == getpgrp())
                    continue;
                auto const below = detail::descendants_of(child);
                ::kill(child, SIGKILL);  // nobody else reaps it, so the number is still its
                for (auto const& each : below)
                    detail::send_signal(each, SIGKILL);
                some = waitpid(child, nullptr, WNOHANG) == 0 || !below.empty() || some;
            }
        } catch (std::exception const&) {
            return true;  // no memory or descriptors to look
        }
        return some;
    }

    pid_t leader_;
    std::vector<pid_t> others_;
    int status_ = 0;
    usage used_{};
};

std::string describe_end(int status) {
    if (!WIFSIGNALED(status))
        return fmt::format("the trial ended with exit code {} and no result", WEXITSTATUS(status));
    char const* const name = sigabbrev_np(WTERMSIG(status));
    return fmt::format("the trial was killed by SIG{}", name ? name : "?");
}

/// The next line of the trial; nothing if it has ended. Throws `interrupted`.
std::optional<std::string> next_line(line_socket& trial, int stop_descriptor) {
    while (!trial.has_line()) {
        pollfd waiting[] = {{.fd = trial.descriptor(), .events = POLLIN, .revents = 0},
                            {.fd = stop_descriptor, .events = POLLIN, .revents = 0}};
        if (poll(waiting, 2, -1) < 0) continue;
        if (waiting[1].revents) throw interrupted();
        if (waiting[0].revents) return trial.receive_line();
    }
    return trial.receive_line();
}

}  // namespace

trial_report run_trial_process(trial_request const& request, int stop_descriptor) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        refuse(errno, "cannot make a socket pair");
    line_socket ours(ends[0]);
    prctl(PR_SET_CHILD_SUBREAPER, 1);  // what the trial leaves behind comes to us, and not to init
    auto others = detail::children_of(getpid());
    pid_t leader = -1;
    {
        line_socket const theirs(ends[1]);
        leader = spawn_plan(ends[1]).start();
    }
    trial_group group(leader, std::move(others));
    auto const how = request.for_pictures ? sampling::for_pictures : sampling::in_background;
    tree_memory_sampler memory(leader, how, recording_bytes(request));

    trial_report report;
    ours.send_line(to_json(request));  // if the trial is gone already, next_line says so
    auto line = next_line(ours, stop_descriptor);
    for (; line == starting || line == measured; line = next_line(ours, stop_descriptor)) {
        if (line == starting) memory.restart();
        if (line == measured) memory.sample_last();
        ours.send_line("go on");
    }
    report.tree_peak_bytes = memory.peak_bytes();
    report.tree_peak_method = memory.method();
    if (request.for_pictures) report.usage = memory.course();
    int const status = group.wait();
    report.cpu_seconds = group.used().cpu_user_seconds + group.used().cpu_system_seconds;
    report.sampling_share = memory.background_share();
    if (line) {
        report.result = trial_result_from_json(*line);
        auto& figures = report.result.figures;
        figures.processor_wait_seconds =
            memory.processor_wait_seconds(figures.cpu_user_seconds + figures.cpu_system_seconds).value_or(0);
    } else {
        report.result.error = describe_end(status);
    }
    return report;
}

namespace {

/// Ends the whole group, this process included.
void kill_group(int) {
    kill(0, SIGKILL);
}

/// SIGKILL as the signal of the parent's death would leave behind what the trial has started and what does
/// not watch its own parent: the commands of the command workload. Workers must not inherit the handler; the
/// zygote gives them the usual one.
void die_with_parent() {
    signal(SIGTERM, kill_group);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
}

// Of a parent with threads the one that started us may be gone before we ask to die with it, while another
// still holds the socket open: then no signal comes, but no answer either.
void await_answer(line_socket& parent) {
    if (!parent.receive_line()) kill_group(SIGKILL);
}

}  // namespace

int serve_trial(log_handler log) {
    die_with_parent();
    line_socket parent(trial_descriptor);
    if (parent.other_side_is_gone()) return 1;  // it died before we could ask to die with it
    fcntl(trial_descriptor, F_SETFD, FD_CLOEXEC);
    auto const line = parent.receive_line();
    if (!line) return 1;
    auto const request = trial_request_from_json(*line);
    trial_hooks const hooks{.at_start =
                                [&parent] {
                                    parent.send_line(starting);
                                    await_answer(parent);
                                    forget_own_peak();
                                },
                            .at_end =
                                [&parent] {
                                    parent.send_line(measured);
                                    await_answer(parent);
                                }};
    auto const result = run_trial(request, request.log ? std::move(log) : log_handler(), hooks);
    return parent.send_line(to_json(result)) ? 0 : 1;
}

}  // namespace quartet::measure
