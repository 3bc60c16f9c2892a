// measure/trial/trial_process.cpp
//
// The trial leads a process group of its own, so one kill reaches all that it has started, commands of the
// command workload included. What leaves the group comes to this process when its parents have died, and is
// ended too.

#include "measure/trial/trial_process.hpp"

#include "measure/probes/process_tree.hpp"
#include "measure/probes/usage.hpp"
#include "measure/trial/cluster_survey.hpp"
#include "measure/trial/line_socket.hpp"
#include "measure/trial/trial.hpp"
#include "measure/trial/trial_forker.hpp"
#include "src/io/commands/running_process.hpp"

#include <quartet/spec.hpp>

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

[[noreturn]] void refuse(int error, char const* what) {
    throw std::system_error(error, std::generic_category(), what);
}

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

/// One on a cluster has to have this process's way to the other machines.
bool is_forked(trial_request const& request) {
    return has_forked_trials() && parse_spec(request.spec).cluster;
}

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

    /// What the leader and all processes that it waited for have used, when it has ended.
    usage const& used() const noexcept { return used_; }

private:
    /// They are this process's children since their parents died; those too that have left the group, as
    /// daemons do. One that the kernel can't end (it waits for a dead disk, say) is not waited for much
    /// longer.
    ///
    /// A look may miss some: the kernel's list leaves out children while others end, and one that is killed
    /// may have forked just before. So two looks in a row must find nobody.
    void reap_others() const noexcept {
        auto const end = std::chrono::steady_clock::now() + std::chrono::seconds(2);
        for (int found_nobody = 0; found_nobody < 2 && std::chrono::steady_clock::now() < end;) {
            found_nobody = end_orphans() ? 0 : found_nobody + 1;
            if (found_nobody == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
    }

    /// Whether there are any.
    bool end_orphans() const noexcept {
        bool some = false;
        try {
            for (pid_t const child : detail::children_of(getpid())) {
                // A child in our own process group was started by us, not left by a trial.
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

/// A process that serves what the tool asks it.
class serving_process {
public:
    explicit serving_process(bool forked) {
        int ends[2];
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
            refuse(errno, "cannot make a socket pair");
        talk_.emplace(ends[0]);
        prctl(PR_SET_CHILD_SUBREAPER, 1);  // what the trial leaves behind comes to us, and not to init
        auto others = detail::children_of(getpid());
        line_socket const theirs(ends[1]);
        group_.emplace(forked ? fork_trial(ends[1]) : spawn_plan(ends[1]).start(), std::move(others));
    }

    line_socket& talk() { return *talk_; }
    trial_group& group() { return *group_; }

private:
    std::optional<line_socket> talk_;
    std::optional<trial_group> group_;
};

}  // namespace

survey_result run_survey_process(survey_request const& request, int stop_descriptor) {
    serving_process asked(true);
    asked.talk().send_line(line_of(request));
    auto const line = next_line(asked.talk(), stop_descriptor);
    int const status = asked.group().wait();
    if (!line) return {.error = describe_end(status), .nodes = {}, .mpi = {}};
    return survey_result_of(*line);
}

trial_report run_trial_process(trial_request const& request, int stop_descriptor) {
    serving_process asked(is_forked(request));
    line_socket& ours = asked.talk();
    trial_group& group = asked.group();
    auto const how = request.for_pictures ? sampling::for_pictures : sampling::in_background;
    tree_memory_sampler memory(group.leader(), how, recording_bytes(request));

    trial_report report;
    ours.send_line(line_of(request));  // if the trial is gone already, next_line says so
    auto line = next_line(ours, stop_descriptor);
    for (; line == trial_is_starting || line == trial_has_measured; line = next_line(ours, stop_descriptor)) {
        if (line == trial_is_starting) memory.restart();
        if (line == trial_has_measured) memory.sample_last();
        ours.send_line(std::string(go_on));
    }
    report.tree_peak_bytes = memory.peak_bytes();
    report.tree_peak_method = memory.method();
    if (request.for_pictures) report.usage = memory.course();
    int const status = group.wait();
    report.cpu_seconds = group.used().cpu_user_seconds + group.used().cpu_system_seconds;
    report.sampling_share = memory.background_share();
    if (line) {
        report.result = trial_result_of(*line);
        auto& figures = report.result.figures;
        figures.processor_wait_seconds =
            memory.processor_wait_seconds(figures.cpu_user_seconds + figures.cpu_system_seconds).value_or(0);
    } else {
        report.result.error = describe_end(status);
    }
    return report;
}

}  // namespace quartet::measure
