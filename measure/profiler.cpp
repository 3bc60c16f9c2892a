#include "measure/profiler.hpp"

#include "measure/worker_use.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <map>
#include <poll.h>
#include <set>
#include <sstream>
#include <sys/resource.h>
#include <sys/wait.h>
#include <system_error>
#include <time.h>
#include <unistd.h>
#include <utility>

namespace quartet::measure {
namespace {

using namespace std::chrono_literals;
using clock_type = std::chrono::steady_clock;
using seconds = std::chrono::duration<double>;

constexpr double rest_per_look = 100;
constexpr auto shortest_rest = 2ms;

std::vector<pid_t> numbers_in(std::filesystem::path const& folder) {
    std::vector<pid_t> found;
    std::error_code gone;
    for (auto at = std::filesystem::directory_iterator(folder, gone);
         !gone && at != std::filesystem::directory_iterator(); at.increment(gone)) {
        std::string const name = at->path().filename();
        if (!name.empty() && std::ranges::all_of(name, [](char c) { return c >= '0' && c <= '9'; }))
            found.push_back(static_cast<pid_t>(std::stol(name)));
    }
    return found;
}

std::vector<pid_t> threads_of(pid_t process) {
    return numbers_in(fmt::format("/proc/{}/task", process));
}

void add_children(pid_t process, std::vector<pid_t> const& threads, std::vector<pid_t>& found) {
    for (pid_t const thread : threads) {
        std::ifstream children(fmt::format("/proc/{}/task/{}/children", process, thread));
        for (pid_t child = 0; children >> child;)
            found.push_back(child);
    }
}

/// What the kernel has accounted to a process and to its children that were waited for.
struct process_times {
    double user = 0;
    double system = 0;
};

process_times times_of_process(pid_t process) {
    std::ifstream file(fmt::format("/proc/{}/stat", process));
    std::string text{std::istreambuf_iterator<char>(file), {}};
    auto const end = text.rfind(')');
    if (end == std::string::npos) return {};
    std::istringstream rest(text.substr(end + 2));
    std::string skipped;
    for (int field = 3; field < 14; ++field)
        rest >> skipped;
    double user = 0, system = 0, user_of_children = 0, system_of_children = 0;
    rest >> user >> system >> user_of_children >> system_of_children;
    auto const tick = static_cast<double>(::sysconf(_SC_CLK_TCK));
    return {(user + user_of_children) / tick, (system + system_of_children) / tick};
}

std::uint64_t waits_of(pid_t process, pid_t thread) {
    std::ifstream file(fmt::format("/proc/{}/task/{}/status", process, thread));
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with("voluntary_ctxt_switches:")) return std::stoull(line.substr(line.find(':') + 1));
    }
    return 0;
}

std::string name_of(pid_t process, pid_t thread) {
    std::string name;
    std::getline(std::ifstream(fmt::format("/proc/{}/task/{}/comm", process, thread)), name);
    return name;
}

double cpu_of_this_thread() {
    timespec used{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) * 1e-9;
}

/// What counts before what, in the program as a whole.
int rank(activity what) {
    constexpr std::array order{activity::computing, activity::disk,  activity::network, activity::lock,
                               activity::process,   activity::sleep, activity::input,   activity::other};
    return static_cast<int>(std::ranges::find(order, what) - order.begin());
}

class watcher {
public:
    watcher(pid_t root, bool is_child)
        : root_(root), is_child_(is_child), began_(clock_type::now()), last_(began_) {
        if (!is_child) times_before_ = times_of_process(root);
    }

    program_profile watch(std::optional<std::chrono::nanoseconds> limit, int stop_descriptor) {
        double const cpu_before = cpu_of_this_thread();
        while (!ended()) {
            auto const before = clock_type::now();
            if (!look()) break;
            auto const took = clock_type::now() - before;
            auto rest = std::max<std::chrono::nanoseconds>(
                shortest_rest, std::chrono::duration_cast<std::chrono::nanoseconds>(took * rest_per_look));
            if (limit) {
                auto const left = began_ + *limit - clock_type::now();
                if (left <= 0ns) break;
                rest = std::min<std::chrono::nanoseconds>(rest, left);
            }
            if (stopped_within(rest, stop_descriptor)) break;
        }
        return finish(cpu_of_this_thread() - cpu_before);
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
        made_.cpu_user_seconds = seconds_of(used.ru_utime);
        made_.cpu_system_seconds = seconds_of(used.ru_stime);
        made_.waits = static_cast<std::uint64_t>(used.ru_nvcsw);
        return true;
    }

    static double seconds_of(timeval const& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
    }

    static bool stopped_within(std::chrono::nanoseconds rest, int stop_descriptor) {
        pollfd stop{stop_descriptor, POLLIN, 0};
        timespec const time{rest.count() / 1'000'000'000, rest.count() % 1'000'000'000};
        return ::ppoll(&stop, stop_descriptor < 0 ? 0 : 1, &time, nullptr) > 0;
    }

    /// At every thread of the tree. False if there is none.
    bool look() {
        auto const now = clock_type::now();
        std::vector<pid_t> processes{root_};
        std::optional<activity> program;
        std::size_t locked = 0;
        for (std::size_t at = 0; at < processes.size(); ++at) {
            pid_t const process = processes[at];
            auto const threads = threads_of(process);
            add_children(process, threads, processes);
            for (pid_t const thread : threads) {
                auto const seen = look_at(process, thread);
                if (!seen.alive) continue;
                note(process, thread, seen, now);
                locked += seen.what == activity::lock;
                if (!program || rank(seen.what) < rank(*program)) program = seen.what;
            }
        }
        last_ = now;
        if (!program) return false;
        ++made_.looks;
        ++program_counts_[static_cast<std::size_t>(*program)];
        if (*program == activity::computing) locked_beside_ += locked;
        return true;
    }

    void note(pid_t process, pid_t thread, thread_look const& seen, clock_type::time_point now) {
        auto const times = times_of_thread(process, thread).value_or(thread_times{});
        auto [known, added] = threads_.try_emplace({process, thread});
        auto& record = known->second;
        if (added) {
            record.shown.process = process;
            record.shown.thread = thread;
            // Of a program that was there before, what it did before is not counted.
            if (!is_child_ && made_.looks == 0) {
                record.first = times;
                record.first_waits = waits_of(process, thread);
            }
        }
        // A thread gets another name when it becomes another program, mostly soon: so ever more seldom.
        if ((record.looks & (record.looks - 1)) == 0) {
            if (auto name = name_of(process, thread); !name.empty()) record.shown.name = std::move(name);
        }
        if (!is_child_) record.last_waits = waits_of(process, thread);
        record.last = times;
        record.shown.seconds += seconds(now - last_).count();
        ++record.looks;
        ++record.counts[static_cast<std::size_t>(seen.what)];
        made_.saw_calls = made_.saw_calls && seen.sees_calls;
    }

    program_profile finish(double own_cpu) {
        made_.seconds = seconds(clock_type::now() - began_).count();
        made_.own_share = made_.seconds > 0 ? own_cpu / made_.seconds : 0;
        if (!made_.exit_status) take_times();
        for (auto& [id, record] : threads_) {
            auto& shown = record.shown;
            shown.cpu_seconds = seconds(record.last.on_cpu - record.first.on_cpu).count();
            shown.queue_seconds = seconds(record.last.waiting - record.first.waiting).count();
            made_.queue_seconds += shown.queue_seconds;
            for (std::size_t i = 0; i < activities; ++i)
                shown.shares[i] = static_cast<double>(record.counts[i]) / static_cast<double>(record.looks);
            made_.threads.push_back(std::move(shown));
        }
        std::ranges::sort(made_.threads, std::ranges::greater{}, &profiled_thread::cpu_seconds);
        for (std::size_t i = 0; i < activities && made_.looks > 0; ++i)
            made_.shares[i] = static_cast<double>(program_counts_[i]) / static_cast<double>(made_.looks);
        auto const computed = program_counts_[static_cast<std::size_t>(activity::computing)];
        if (computed > 0)
            made_.locked_beside = static_cast<double>(locked_beside_) / static_cast<double>(computed);
        return std::move(made_);
    }

    /// Of a program that goes on.
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
    std::size_t locked_beside_ = 0;
    program_profile made_;
};

}  // namespace

program_profile watch_program(pid_t root, bool is_child, std::optional<std::chrono::nanoseconds> limit,
                              int stop_descriptor) {
    return watcher(root, is_child).watch(limit, stop_descriptor);
}

}  // namespace quartet::measure
