#include "tests/stress/watch.hpp"

#include "tests/faults/checks.hpp"
#include "tests/sanitized.hpp"
#include "tests/stress/episode.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace quartet::stress {
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

/// What all jobs have done, in memory that they share.
struct tally {
    std::atomic<std::uint64_t> next_episode;
    std::atomic<std::uint64_t> episodes;
    std::atomic<std::uint64_t> calls;
    std::atomic<std::uint64_t> tasks;
    std::atomic<std::uint64_t> kills;
    std::atomic<std::uint64_t> ticks;
    std::atomic<bool> broken;
};

tally& make_tally() {
    void* const place =
        mmap(nullptr, sizeof(tally), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (place == MAP_FAILED) throw std::system_error(errno, std::generic_category(), "cannot map the tally");
    return *::new (place) tally{};
}

/// A folder that is gone at the end.
class scratch_folder {
public:
    scratch_folder() {
        std::string pattern = (std::filesystem::temp_directory_path() / "random-calls-XXXXXX").native();
        if (!mkdtemp(pattern.data()))
            throw std::system_error(errno, std::generic_category(), "cannot make " + pattern);
        path_ = pattern;
    }
    scratch_folder(scratch_folder const&) = delete;
    scratch_folder& operator=(scratch_folder const&) = delete;
    ~scratch_folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    std::string const& path() const noexcept { return path_; }

private:
    std::string path_;
};

void say(std::string_view text) {
    [[maybe_unused]] auto const written = write(STDOUT_FILENO, text.data(), text.size());
}

std::string text_of(std::filesystem::path const& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

/// Where each thread of a process waits, and by the debugger, if there is one, how it came there.
void tell_threads(pid_t process) {
    std::error_code gone;
    for (auto const& thread :
         std::filesystem::directory_iterator(fmt::format("/proc/{}/task", process), gone)) {
        auto name = text_of(thread.path() / "comm");
        if (!name.empty()) name.pop_back();
        say(fmt::format("  thread {} {}: {}\n", thread.path().filename().native(), name,
                        text_of(thread.path() / "wchan")));
    }
    auto const line = fmt::format(
        "command -v gdb >/dev/null && timeout 60 gdb -p {} -batch -nx "
        "-ex 'set pagination off' -ex 'thread apply all bt 14' 2>/dev/null | "
        "grep -E '^(Thread|#)' | cut -c 1-200",
        process);
    if (FILE* const out = popen(line.c_str(), "r")) {
        std::array<char, 4096> buffer;
        while (std::size_t const got = fread(buffer.data(), 1, buffer.size(), out))
            say({buffer.data(), got});
        pclose(out);
    }
}

/// Runs one share of the episodes, one after another.
class watcher {
public:
    watcher(watch_options const& options, tally& sum, clock::time_point deadline)
        : options_(options), tally_(sum), deadline_(deadline), errors_(folder_.path() + "/stderr") {
        // Processes that outlive their parents come here, and not to init.
        prctl(PR_SET_CHILD_SUBREAPER, 1);
        if (!test::sanitized) warm_up(folder_.path());
    }

    bool run() {
        if (options_.only) return run(*options_.only);
        while (clock::now() < deadline_ && !tally_.broken) {
            if (!run(tally_.next_episode++)) return false;
        }
        return true;
    }

private:
    bool run(std::uint64_t episode) {
        auto const what = make_plan(options_.seed, episode, options_.specs);
        if (options_.only) say(describe(what));
        board& counts = make_board();
        auto const folder = fmt::format("{}/{}", folder_.path(), episode);
        std::filesystem::create_directory(folder);
        pid_t const child = fork();
        if (child == 0) perform(what, counts, folder);
        if (child < 0) throw std::system_error(errno, std::generic_category(), "cannot fork an episode");
        setpgid(child, child);  // also here: whoever comes first
        bool const ended = wait_for(child);
        if (!ended) tell_hang(what, counts, child);
        int status = 0;
        if (!ended) end_group(child);
        while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
        }
        bool well = ended && WIFEXITED(status) && WEXITSTATUS(status) == 0;
        if (ended && WIFSIGNALED(status))
            say(fmt::format("broken: the episode's process was killed by {}\n", strsignal(WTERMSIG(status))));
        well = nobody_is_left(child) && well;
        std::filesystem::remove_all(folder);
        add_up(counts);
        munmap(&counts, sizeof counts);
        if (!well) tell_failure(what);
        return well;
    }

    [[noreturn]] void perform(plan const& what, board& counts, std::string const& folder) {
        setpgid(0, 0);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        int const errors = open(errors_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        dup2(errors, STDERR_FILENO);
        close(errors);
        bool well = false;
        try {
            // A process that had threads has no usable children under the thread sanitizer.
            if (test::sanitized) warm_up(folder_.path());
            well = run_episode(what, counts, folder, options_.broken);
        } catch (std::exception const& thrown) {
            say(fmt::format("broken: the episode threw: {}\n", thrown.what()));
        }
        // A sanitizer looks for leaks at an exit that is not cut short.
        if (test::sanitized) std::exit(well ? 0 : 1);
        _exit(well ? 0 : 1);
    }

    /// False: it still runs after the limit.
    bool wait_for(pid_t child) const {
        int const handle = static_cast<int>(syscall(SYS_pidfd_open, child, 0));
        auto const until = clock::now() + options_.limit;
        pollfd end{.fd = handle, .events = POLLIN, .revents = 0};
        int ready = 0;
        do {
            auto const left = std::chrono::duration_cast<std::chrono::milliseconds>(until - clock::now());
            ready = poll(&end, 1, static_cast<int>(std::max<std::int64_t>(0, left.count())));
        } while (ready < 0 && errno == EINTR);
        close(handle);
        return ready > 0;
    }

    void tell_hang(plan const& what, board const& counts, pid_t child) const {
        say(fmt::format("broken: the episode hangs: it still runs after {} s\n", options_.limit.count()));
        for (std::size_t n = 0; n < what.callers.size(); ++n) {
            if (std::uint32_t const number = counts.step_under_way[n])
                say(fmt::format("under way, caller {}: {}\n", n,
                                describe(what.callers[n][number - 1], what)));
        }
        tell_threads(child);
        for (pid_t const each : faults::children_of(child)) {
            say(fmt::format("its child {}\n", each));
            tell_threads(each);
        }
    }

    static void end_group(pid_t group) { kill(-group, SIGKILL); }

    /// Of those that the episode left behind; the kernel may be at ending them.
    static bool nobody_is_left(pid_t group) {
        auto const until = clock::now() + 30s;
        for (;;) {
            while (waitpid(-1, nullptr, WNOHANG) > 0) {
            }
            auto const left = faults::children_of(getpid());
            if (left.empty()) return true;
            if (clock::now() > until) {
                for (pid_t const each : left) {
                    say(fmt::format("broken: process {} outlived its episode\n", each));
                    tell_threads(each);
                }
                end_group(group);
                return false;
            }
            std::this_thread::sleep_for(1ms);
        }
    }

    void add_up(board const& counts) {
        ++tally_.episodes;
        tally_.calls += counts.calls;
        tally_.tasks += counts.tasks;
        tally_.kills += counts.kills;
        tally_.ticks += counts.timer_ticks;
    }

    void tell_failure(plan const& what) {
        tally_.broken = true;
        auto const errors = text_of(errors_);
        if (!errors.empty())
            say("its standard error:\n" +
                errors.substr(errors.size() - std::min<std::size_t>(errors.size(), 4000)));
        if (!options_.only) say(describe(what));
        std::string specs;
        if (options_.specs != usual_specs())
            specs = fmt::format(" --models {}", fmt::join(options_.specs, ","));
        say(fmt::format("again: random_calls --seed {} --episode {}{}\n", what.seed, what.episode, specs));
    }

    watch_options const& options_;
    tally& tally_;
    clock::time_point deadline_;
    scratch_folder folder_;
    std::string errors_;
};

/// Beside each other, each in a process of its own.
bool run_jobs(watch_options const& options, tally& sum, clock::time_point deadline) {
    std::vector<pid_t> jobs;
    for (std::uint64_t n = 0; n < options.jobs; ++n) {
        pid_t const job = fork();
        if (job == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            bool well = false;
            {
                watcher one(options, sum, deadline);
                well = one.run();
            }
            _exit(well ? 0 : 1);
        }
        if (job > 0) jobs.push_back(job);
    }
    bool well = jobs.size() == options.jobs;
    for (pid_t const job : jobs) {
        int status = 0;
        while (waitpid(job, &status, 0) < 0 && errno == EINTR) {
        }
        well = well && status == 0;
    }
    return well;
}

}  // namespace

bool watch_episodes(watch_options const& options) {
    tally& sum = make_tally();
    auto const begin = clock::now();
    say(fmt::format("seed {}\n", options.seed));
    bool const well = options.jobs > 1 && !options.only ? run_jobs(options, sum, begin + options.time)
                                                        : watcher(options, sum, begin + options.time).run();
    std::chrono::duration<double> const took = clock::now() - begin;
    say(fmt::format("{} episodes, {} calls, {} tasks, {} kills, {} timer signals in {:.1f} s: {}\n",
                    sum.episodes.load(), sum.calls.load(), sum.tasks.load(), sum.kills.load(),
                    sum.ticks.load(), took.count(),
                    well ? "all promises were kept" : "a promise was broken"));
    return well;
}

}  // namespace quartet::stress
