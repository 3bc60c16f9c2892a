#include "tests/stress/episode.hpp"

#include "tests/sanitized.hpp"
#include "tests/stress/caller.hpp"
#include "tests/stress/leftovers.hpp"
#include "tests/stress/stage.hpp"

#include <quartet/detail/base/deadline.hpp>

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace quartet::stress {
namespace {

using namespace std::chrono_literals;

std::atomic<std::uint32_t>* ticks = nullptr;

/// Has a signal every millisecond interrupt what can be interrupted.
void start_timer(board& counts) {
    ticks = &counts.timer_ticks;
    struct sigaction action {};
    action.sa_handler = [](int) { ++*ticks; };  // and without SA_RESTART
    sigaction(SIGALRM, &action, nullptr);
    itimerval const often{{0, 1000}, {0, 1000}};
    setitimer(ITIMER_REAL, &often, nullptr);
}

void limit(plan const& what) {
    auto const set = [](auto resource, rlim_t most) {
        rlimit const both{.rlim_cur = most, .rlim_max = most};
        if (most != 0) setrlimit(resource, &both);
    };
    set(RLIMIT_FSIZE, what.most_file_bytes);
    set(RLIMIT_AS, what.most_address_bytes);
}

/// As a part of the program that has children of its own may.
void treat_children(child_ends how) {
    struct sigaction action {};
    switch (how) {
        case child_ends::usual:
            return;
        case child_ends::ignored:
            action.sa_handler = SIG_IGN;
            break;
        case child_ends::not_kept:
            action.sa_handler = SIG_DFL;
            action.sa_flags = SA_NOCLDWAIT;
            break;
        case child_ends::taken:
            action.sa_handler = [](int) {
                int const error = errno;
                while (waitpid(-1, nullptr, WNOHANG) > 0) {
                }
                errno = error;
            };
            break;
    }
    sigaction(SIGCHLD, &action, nullptr);
}

void stop_timer() {
    itimerval const never{};
    setitimer(ITIMER_REAL, &never, nullptr);
}

/// Kills a process of this one's group. By a handle, and only then looked at: its number may be another's by
/// now.
bool kill_relative(pid_t victim) {
    if (victim <= 1 || victim == getpid()) return false;
    int const handle = static_cast<int>(syscall(SYS_pidfd_open, victim, 0));
    if (handle < 0) return false;
    bool const is_ours = getpgid(victim) == getpgrp();
    bool const killed = is_ours && syscall(SYS_pidfd_send_signal, handle, SIGKILL, nullptr, 0) == 0;
    close(handle);
    return killed;
}

/// Kills workers and fork servers as long as callers call.
void kill_now_and_then(plan const& what, board& counts) {
    dice choose(what.seed ^ what.episode);
    while (!counts.callers_are_done) {
        std::this_thread::sleep_for(std::chrono::microseconds(500 + choose.roll(5000)));
        bool const server = what.kills_fork_servers && (!what.kills_workers || choose.one_in(10));
        auto& from = server ? counts.fork_server : choose.any_of(counts.workers);
        if (kill_relative(from.exchange(0))) ++counts.kills;
    }
}

void leave_something(breakage broken) {
    switch (broken) {
        case breakage::left_descriptor:
            static_cast<void>(open("/dev/full", O_RDONLY | O_CLOEXEC));
            break;
        case breakage::left_child:
            if (fork() == 0)
                for (;;)
                    pause();
            break;
        case breakage::left_mapping:
            mmap(nullptr, 4096, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
            break;
        case breakage::left_thread:
            std::thread([] { std::this_thread::sleep_for(1h); }).detach();
            break;
        case breakage::hang:
            std::this_thread::sleep_for(1h);
            break;
        case breakage::crash:
            raise(SIGSEGV);
            break;
        default:
            break;
    }
}

void perform(plan const& what, board& counts, std::string const& folder, breakage broken, fault_list& found) {
    stage on(what, counts, folder, broken, found);
    std::vector<std::thread> others;
    if (what.kills_workers || what.kills_fork_servers)
        others.emplace_back([&] { kill_now_and_then(what, counts); });
    std::vector<std::thread> callers;
    for (std::size_t n = 0; n < what.callers.size(); ++n)
        callers.emplace_back([&, n] { call_all(on, n); });
    for (auto& each : callers)
        each.join();
    on.end_all();
    counts.callers_are_done = true;
    for (auto& each : others)
        each.join();
}

}  // namespace

bool run_episode(plan const& what, board& counts, std::string const& folder, breakage broken) {
    fault_list found;
    counts.main_process = getpid();
    treat_children(what.children);
    limit(what);
    auto const before = belongings::now();
    if (what.timer) start_timer(counts);
    perform(what, counts, folder, broken, found);
    stop_timer();
    leave_something(broken);
    if (counts.strays > 0)
        found.add(fmt::format("children that bodies forked began {} tasks", counts.strays.load()));
    check_leftovers(before, found);
    return !found.any();
}

void warm_up(std::string const& folder) {
    for (std::string_view const spec : {"single", "threads:1", "async:1", "processes:1"}) {
        if (test::sanitized && spec == "processes:1") continue;
        auto executor = make_executor(spec);
        auto const body = [path = folder.c_str()](context& ctx, int) -> task<void> {
            co_await ctx.append_file(std::string(path) + "/warm", "x");
            co_await ctx.run(command::program("true"));
            try {
                co_await ctx.fetch("http://127.0.0.1:9/");
            } catch (fetch_error const&) {
            }
        };
        executor.map(body, std::array{1});
    }
}

}  // namespace quartet::stress
