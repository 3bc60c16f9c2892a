#include "measure/probes/profiler.hpp"

#include "measure/probes/proc_files.hpp"
#include "measure/probes/usage.hpp"
#include "measure/probes/worker_use.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <fstream>
#include <map>
#include <poll.h>
#include <sstream>
#include <string>
#include <string_view>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

namespace quartet::measure {
namespace {

using namespace std::chrono_literals;
using clock_type = std::chrono::steady_clock;
using real_seconds = std::chrono::duration<double>;

constexpr double rest_per_look = 100;
constexpr auto shortest_rest = 2ms;

void add_children(pid_t process, std::vector<pid_t> const& threads, std::vector<pid_t>& found) {
    for (pid_t const thread : threads) {
        std::ifstream children(fmt::format("/proc/{}/task/{}/children", process, thread));
        for (pid_t child = 0; children >> child;)
            found.push_back(child);
    }
}

/// The processor time of a process and of its children that were waited for, by the kernel.
struct process_times {
    double user = 0;
    double system = 0;
};

process_times times_of_process(pid_t process) {
    proc_file const stat(process, "stat");
    std::istringstream fields{std::string(after_name(stat.text()))};
    std::string skipped;
    for (int field = 3; field < 14; ++field)
        fields >> skipped;
    double user = 0, system = 0, user_of_children = 0, system_of_children = 0;
    fields >> user >> system >> user_of_children >> system_of_children;
    auto const tick = static_cast<double>(::sysconf(_SC_CLK_TCK));
    return {(user + user_of_children) / tick, (system + system_of_children) / tick};
}

std::uint64_t waits_of(pid_t process, pid_t thread) {
    constexpr std::string_view name = "\nvoluntary_ctxt_switches:";
    proc_file const status(process, fmt::format("task/{}/status", thread));
    auto const found = status.text().find(name);
    if (found == std::string_view::npos) return 0;
    return first_number<std::uint64_t>(status.text().substr(found + name.size())).value_or(0);
}

std::string name_of(pid_t process, pid_t thread) {
    proc_file const comm(process, fmt::format("task/{}/comm", thread));
    return std::string(comm.text().substr(0, comm.text().find('\n')));
}

class watcher {
public:
    watcher(pid_t root, bool is_child)
        : root_(root), is_child_(is_child), began_(clock_type::now()), last_(began_) {
        if (!is_child) times_before_ = times_of_process(root);
    }

    program_profile watch(std::optional<std::chrono::nanoseconds> limit, int stop_descriptor) {
        auto const cpu_before = processor_time_of_this_thread();
        auto paid_for = cpu_before;
        while (!ended()) {
            if (!look() && (!is_child_ || ended())) break;
            // Not the time on the clock: on a busy machine that would be few looks, since waiting for a
            // processor costs the program nothing. Falling asleep and waking are in it: they can cost more
            // than the look.
            auto const now = processor_time_of_this_thread();
            auto const took = now - std::exchange(paid_for, now);
            auto rest = std::max<std::chrono::nanoseconds>(
                shortest_rest, std::chrono::duration_cast<std::chrono::nanoseconds>(took * rest_per_look));
            if (limit) {
                auto const left = began_ + *limit - clock_type::now();
                if (left <= 0ns) break;
                rest = std::min<std::chrono::nanoseconds>(rest, left);
            }
            if (stopped_within(rest, stop_descriptor)) break;
        }
        return finish(real_seconds(processor_time_of_this_thread() - cpu_before).count());
    }

private:
    struct thread_record {
        profiled_thread shown;
        thread_times first;
        thread_times last;
        std::uint64_t first_waits = 0;
        std::uint64_t last_waits = 0;
        std::size_t looks = 0;
        std::array<std::size_t, activities> counts{};
    };

    bool ended() {
        if (!is_child_) return ::kill(root_, 0) != 0 && errno == ESRCH;
        if (made_.exit_status) return true;
        int status = 0;
        rusage used{};
        if (::wait4(root_, &status, WNOHANG, &used) != root_) return false;
        made_.exit_status = status;
        auto const whole = usage_from(used);
        made_.cpu_user_seconds = whole.cpu_user_seconds;
        made_.cpu_system_seconds = whole.cpu_system_seconds;
        made_.waits = static_cast<std::uint64_t>(whole.voluntary_switches);
        return true;
    }

    static bool stopped_within(std::chrono::nanoseconds rest, int stop_descriptor) {
        pollfd stop{stop_descriptor, POLLIN, 0};
        timespec const time{rest.count() / 1'000'000'000, rest.count() % 1'000'000'000};
        return ::ppoll(&stop, stop_descriptor < 0 ? 0 : 1, &time, nullptr) > 0;
    }

    /// Looks at every thread of the tree. False if there is none.
    bool look() {
        auto const now = clock_type::now();
        std::vector<pid_t> processes{root_};
        std::optional<activity> program;
        for (std::size_t at = 0; at < processes.size(); ++at) {
            pid_t const process = processes[at];
            auto const threads = numbers_in(fmt::format("/proc/{}/task", process).c_str());
            add_children(process, threads, processes);
            for (pid_t const thread : threads) {
                auto const seen = look_at(process, thread);
                if (!seen.alive) continue;
                note(process, thread, seen, now);
                if (!program || seen.what < *program) program = seen.what;
            }
        }
        last_ = now;
        if (!program) return false;
        ++made_.looks;
        ++program_counts_[static_cast<std::size_t>(*program)];
        return true;
    }

    void note(pid_t process, pid_t thread, thread_look const& seen, clock_type::time_point now) {
        auto const times = times_of_thread(process, thread).value_or(thread_times{});
        auto [known, added] = threads_.try_emplace({process, thread});
        auto& record = known->second;
        if (added) {
            record.shown.process = process;
            record.shown.thread = thread;
            // If the program ran already, what it did before now is not counted.
            if (!is_child_ && made_.looks == 0) {
                record.first = times;
                record.first_waits = waits_of(process, thread);
            }
        }
        // A thread changes its name when it executes another program, mostly soon after its start: so names
        // are read more and more rarely.
        if ((record.looks & (record.looks - 1)) == 0) {
            if (auto name = name_of(process, thread); !name.empty()) record.shown.name = std::move(name);
        }
        if (!is_child_) record.last_waits = waits_of(process, thread);
        record.last = times;
        record.shown.seconds += real_seconds(now - last_).count();
        ++record.looks;
        ++record.counts[static_cast<std::size_t>(seen.what)];
        made_.saw_calls = made_.saw_calls && seen.sees_calls;
    }

    program_profile finish(double own_cpu) {
        made_.seconds = real_seconds(clock_type::now() - began_).count();
        made_.own_share = made_.seconds > 0 ? own_cpu / made_.seconds : 0;
        if (!made_.exit_status) take_times();
        for (auto& [id, record] : threads_) {
            auto& shown = record.shown;
            shown.cpu_seconds = real_seconds(record.last.on_cpu - record.first.on_cpu).count();
            shown.queue_seconds = real_seconds(record.last.waiting - record.first.waiting).count();
            made_.queue_seconds += shown.queue_seconds;
            for (std::size_t i = 0; i < activities; ++i)
                shown.shares[i] = static_cast<double>(record.counts[i]) / static_cast<double>(record.looks);
            made_.threads.push_back(std::move(shown));
        }
        std::ranges::sort(made_.threads, std::ranges::greater{}, &profiled_thread::cpu_seconds);
        for (std::size_t i = 0; i < activities && made_.looks > 0; ++i)
            made_.shares[i] = static_cast<double>(program_counts_[i]) / static_cast<double>(made_.looks);
        return std::move(made_);
    }

    /// For a program that still runs.
    void take_times() {
        auto const now = times_of_process(root_);
        made_.cpu_user_seconds = std::max(0.0, now.user - times_before_.user);
        made_.cpu_system_seconds = std::max(0.0, now.system - times_before_.system);
        for (auto const& [id, record] : threads_)
            made_.waits += record.last_waits - record.first_waits;
    }

    pid_t root_;
    bool is_child_;
    clock_type::time_point began_;
    clock_type::time_point last_;
    process_times times_before_{};
    std::map<std::pair<pid_t, pid_t>, thread_record> threads_;
    std::array<std::size_t, activities> program_counts_{};
    program_profile made_;
};

}  // namespace

program_profile watch_program(pid_t root, bool is_child, std::optional<std::chrono::nanoseconds> limit,
                              int stop_descriptor) {
    return watcher(root, is_child).watch(limit, stop_descriptor);
}

}  // namespace quartet::measure
