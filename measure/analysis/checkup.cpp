#include "measure/analysis/checkup.hpp"

#include "measure/heap/heap_trace.hpp"
#include "measure/probes/machine.hpp"
#include "measure/probes/process_tree.hpp"
#include "measure/probes/worker_use.hpp"
#include "measure/statistics/comparison.hpp"
#include "measure/statistics/statistics.hpp"
#include "measure/trial/synthetic.hpp"
#include "src/base/cgroups.hpp"

#include <quartet/backend/async.hpp>
#include <quartet/cpus.hpp>
#include <quartet/task_recorder.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <fstream>
#include <thread>
#include <unistd.h>
#include <utility>

namespace quartet::measure {
namespace {

using std::chrono::nanoseconds;
using checkup_clock = std::chrono::steady_clock;

// ---- Readings

double clock_cost() {
    constexpr int readings = 20'000;
    std::vector<double> tries;
    for (int i = 0; i < 9; ++i) {
        auto const began = checkup_clock::now();
        for (int n = 0; n < readings; ++n)
            static_cast<void>(checkup_clock::now());
        tries.push_back(static_cast<double>(nanoseconds(checkup_clock::now() - began).count()) / readings);
    }
    return median(tries);
}

double oversleep() {
    using namespace std::chrono_literals;
    std::vector<double> longer;
    for (int i = 0; i < 50; ++i) {
        auto const began = checkup_clock::now();
        std::this_thread::sleep_for(1ms);
        longer.push_back(
            std::chrono::duration<double, std::micro>(checkup_clock::now() - began - 1ms).count());
    }
    return median(longer);
}

noise noise_of_a_second() {
    auto const before = read_noise();
    std::this_thread::sleep_for(std::chrono::seconds(1));
    return noise_between(before, read_noise(), 0);
}

/// pids.max of the tightest group.
std::optional<std::uint64_t> tasks_limit() {
    std::optional<std::uint64_t> least;
    for (auto const& group : detail::own_groups("pids")) {
        std::uint64_t limit = 0;
        if (std::ifstream(group.folder / "pids.max") >> limit) least = std::min(limit, least.value_or(limit));
    }
    return least;
}

std::uint64_t free_bytes(std::filesystem::path const& folder) {
    std::error_code error;
    auto const space = std::filesystem::space(folder, error);
    return error ? 0 : space.available;
}

void ask_for_files(checkup_readings& into) {
    try {
        into.file_backend = async(async_options{.files = file_backend::io_uring}).file_backend_name();
        into.has_io_uring = true;
    } catch (std::exception const& refused) {
        into.file_backend = refused.what();
    }
}

double sample_cost() {
    tree_memory_sampler sampler(::getpid(), sampling::by_hand);
    sampler.sample_now();  // which gets to know the tree
    std::vector<double> tries;
    for (int i = 0; i < 21; ++i) {
        auto const began = checkup_clock::now();
        sampler.sample_now();
        tries.push_back(std::chrono::duration<double, std::micro>(checkup_clock::now() - began).count());
    }
    return median(tries);
}

bool shows_pss() {
    tree_memory_sampler sampler(::getpid(), sampling::by_hand);
    return sampler.sample_now() > 0 && sampler.method() == "pss";
}

// ---- Judgement

std::string percent_text(double share) {
    double const value = 100 * share;
    return fmt::format("{:.{}f} %", value, value < 9.95 ? 1 : 0);
}

std::string bytes_text(double bytes) {
    return bytes < double{1 << 30} ? fmt::format("{:.0f} MiB", bytes / (1 << 20))
                                   : fmt::format("{:.1f} GiB", bytes / (1 << 30));
}

class judgement {
public:
    explicit judgement(checkup_readings const& readings) : from_(readings), machine_(readings.machine) {}

    std::vector<checkup_finding> make() {
        judge_processors();
        judge_frequency();
        judge_neighbours();
        judge_clock();
        judge_memory();
        judge_limits();
        judge_disk();
        judge_sources();
        judge_costs();
        judge_floors();
        return std::move(findings_);
    }

private:
    void good(std::string subject, std::string value) {
        findings_.push_back({std::move(subject), std::move(value)});
    }
    void say(std::string subject, std::string value, bool doubtful, fitness how, std::string advice) {
        if (!doubtful) return good(std::move(subject), std::move(value));
        findings_.push_back({std::move(subject), std::move(value), how, std::move(advice)});
    }

    void judge_processors() {
        say("processors", fmt::format("{} usable of {}", machine_.usable_cpus, machine_.cpus),
            machine_.usable_cpus < 2, fitness::warning,
            "with one processor nothing runs in parallel, and what measures is in the way of what is "
            "measured");
        double const quota = machine_.cpu_quota.value_or(0);
        say("quota", machine_.cpu_quota ? fmt::format("{:g} processors", quota) : "none",
            machine_.cpu_quota.has_value(), fitness::warning,
            "a control group's quota stops the run for a part of every tenth of a second: raise cpu.max, or "
            "the "
            "container's --cpus, to a whole number of processors or to none");
        if (machine_.threads_per_core.value_or(1) > 1)
            say("cores", fmt::format("{} processors each", *machine_.threads_per_core), true, fitness::note,
                "processors that share a core are slower together: two workers are not twice as fast as one");
    }

    void judge_frequency() {
        bool const seen = !machine_.governor.empty();
        say("frequency", seen ? machine_.governor : "not to be seen",
            seen && machine_.governor != "performance", fitness::warning,
            "the processors change their speed with the load: cpupower frequency-set -g performance");
        if (!machine_.virtualization.empty())
            say("virtual machine", machine_.virtualization, true, fitness::note,
                "other machines on the same hardware take time that only partly shows here");
    }

    void judge_neighbours() {
        say("other programs", percent_text(from_.idle.other_cpu_share()), from_.idle.other_cpu_share() > 0.02,
            fitness::warning,
            "other programs use the processors: end them, or measure when they rest (see top)");
        say("steal", percent_text(from_.idle.steal_share()), from_.idle.steal_share() > 0.01,
            fitness::warning,
            "the hypervisor gives processors to other machines: use one that is not shared");
        auto const pressed = [&](std::optional<double> const& seconds) {
            return from_.idle.seconds > 0 ? seconds.value_or(0) / from_.idle.seconds : 0;
        };
        say("memory pressure", percent_text(pressed(from_.idle.memory_pressure_seconds)),
            pressed(from_.idle.memory_pressure_seconds) > 0.01, fitness::warning,
            "programs wait for memory: end some, or add memory");
        say("disk pressure", percent_text(pressed(from_.idle.io_pressure_seconds)),
            pressed(from_.idle.io_pressure_seconds) > 0.05, fitness::warning,
            "programs wait for the disk: what reads or writes files will be measured too slow");
    }

    void judge_clock() {
        bool const slow = from_.clock_nanoseconds > 200;
        say("clock", fmt::format("{}, {:.0f} ns a reading", machine_.clock_source, from_.clock_nanoseconds),
            slow, fitness::warning,
            "the clock needs a system call: choose a faster one in "
            "/sys/devices/system/clocksource/clocksource0/current_clocksource (tsc, if it is offered)");
        say("timers", fmt::format("{:.0f} us late", from_.oversleep_microseconds),
            from_.oversleep_microseconds > 1000, fitness::warning,
            "sleeps end late: the machine is busy, or its timers are coarse");
    }

    void judge_memory() {
        auto const limit = machine_.memory_limit_bytes;
        auto const bytes =
            static_cast<double>(limit ? std::min(*limit, machine_.memory_bytes) : machine_.memory_bytes);
        say("memory", bytes_text(bytes) + (limit ? ", limited" : ""), bytes < 512.0 * (1 << 20),
            fitness::warning, "with so little memory the larger tests may be killed");
        if (machine_.swap_bytes > 0)
            say("swap", bytes_text(static_cast<double>(machine_.swap_bytes)), true, fitness::note,
                "memory that is written to disk makes times jump: swapoff -a while you measure");
        if (machine_.huge_pages == "always")
            say("huge pages", machine_.huge_pages, true, fitness::note,
                "the kernel may merge pages in the middle of a trial: times and memory vary more");
    }

    void judge_limits() {
        constexpr std::uint64_t few_files = 4096;
        auto const files = machine_.open_files_limit;
        say("open files", files ? fmt::format("{}", *files) : "unlimited", files && *files < few_files,
            fitness::warning,
            "many connections or files at the same time will fail: ulimit -n, or LimitNOFILE in systemd");
        constexpr std::uint64_t few_tasks = 4096;
        auto const user = machine_.processes_limit;
        auto const tasks = user && from_.tasks_limit ? std::min(*user, *from_.tasks_limit)
                           : user                    ? user
                                                     : from_.tasks_limit;
        say("processes and threads", tasks ? fmt::format("{}", *tasks) : "unlimited",
            tasks && *tasks < few_tasks, fitness::warning,
            "threads:each with many tasks will not get all its threads: ulimit -u, or pids.max");
    }

    void judge_disk() {
        auto const free = static_cast<double>(from_.scratch_free_bytes);
        bool const in_memory =
            machine_.scratch_file_system == "tmpfs" || machine_.scratch_file_system == "ramfs";
        auto const value = fmt::format("{}, {} free", machine_.scratch_file_system, bytes_text(free));
        if (in_memory)
            return say(
                "temporary folder", value, true, fitness::note,
                "it lies in memory, so tests with files measure memory: set TMPDIR to a folder on a disk");
        say("temporary folder", value, free < 512.0 * (1 << 20), fitness::warning,
            "there is little room for the tests' files: free some, or set TMPDIR to another folder");
    }

    void judge_sources() {
        say("files of async", from_.file_backend, !from_.has_io_uring, fitness::warning,
            "files go by threads, which is slower: allow io_uring (sysctl kernel.io_uring_disabled=0; "
            "containers "
            "often forbid it in their seccomp profile)");
        say("memory of processes",
            from_.shows_pss ? "shared pages counted once (pss)" : "shared pages counted in each (rss)",
            !from_.shows_pss, fitness::warning,
            "the kernel does not show smaps_rollup, so several processes look larger than they are");
        say("time of threads", from_.shows_schedstat ? "shown by schedstat" : "not shown",
            !from_.shows_schedstat, fitness::note, "how busy each worker was will be missing from results");
        say("traced heap", from_.traces_heap ? "yes" : "no", !from_.traces_heap, fitness::note,
            "a build with a sanitizer has an allocator of its own");
    }

    void judge_costs() {
        good("a task's record",
             fmt::format("{:.0f} ns, less than 1 % of any trial", from_.record_nanoseconds));
        if (from_.traces_heap)
            good("heap tracing",
                 fmt::format("{:.1f} ns a call, in the warm-up only", from_.allocation_nanoseconds));
        good("memory sampling",
             fmt::format("{:.0f} us a sample, about 0.5 % of a processor", from_.sample_microseconds));
    }

    void judge_floors() {
        for (auto const& each : from_.floors)
            say("noise, " + each.spec,
                fmt::format("{} after {} rounds of {:.0f} ms", percent_text(each.farthest), each.rounds,
                            1000 * each.median_seconds),
                each.farthest > usual_margin, fitness::warning,
                "the same measured against itself differs by so much: smaller differences can't be told; see "
                "the "
                "warnings above, or take more rounds");
    }

    checkup_readings const& from_;
    measure::machine const& machine_;
    std::vector<checkup_finding> findings_;
};

}  // namespace

checkup_readings take_readings(std::filesystem::path const& scratch) {
    checkup_readings made;
    made.machine = this_machine(scratch);
    made.idle = noise_of_a_second();
    made.clock_nanoseconds = clock_cost();
    made.oversleep_microseconds = oversleep();
    made.tasks_limit = tasks_limit();
    made.scratch_free_bytes = free_bytes(scratch);
    ask_for_files(made);
    made.shows_pss = shows_pss();
    made.shows_schedstat = times_of_thread(::getpid(), ::gettid()).has_value();
    made.traces_heap = heap_trace::available();
    made.record_nanoseconds = static_cast<double>(task_recorder::cost_per_record().count());
    made.allocation_nanoseconds = made.traces_heap ? heap_trace::cost_per_call() : 0;
    made.sample_microseconds = sample_cost();
    return made;
}

noise_floor measure_floor(std::string const& spec, std::size_t rounds, session_options options) {
    using namespace std::chrono_literals;
    auto const& what = synthetic_workload();
    auto parameters = default_values(what.parameters, preset::quick);
    parameters["steps"] = static_cast<std::int64_t>(steps_in(4ms));
    configuration const one{&what, parameters, parse_spec(spec)};
    options.stopping = {.rounds = rounds};
    session_observer nobody;
    auto const found = run_session({one, one}, options, nobody);
    if (found.conditions.stopped_by == "interrupt") throw interrupted();
    auto const pairs = in_same_rounds(found.measurements[0], found.measurements[1]);
    noise_floor made{.spec = spec, .rounds = pairs.first.size()};
    if (pairs.first.empty())
        throw std::runtime_error("nothing could be measured: " + found.measurements[0].verification);
    made.median_seconds = found.measurements[0].wall_seconds.median;
    auto const compared = compare_rounds(pairs.first, pairs.second);
    made.farthest = std::max(compared.bounds.high - 1, 1 - compared.bounds.low);
    return made;
}

std::vector<checkup_finding> judge(checkup_readings const& readings) {
    return judgement(readings).make();
}

}  // namespace quartet::measure
