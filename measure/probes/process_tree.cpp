// measure/probes/process_tree.cpp
//
// Finding the tree: every sample lists /proc. A process belongs to the tree if its session or group is the
// root's, or if its parent belongs. Reading the parent from /proc/PID/stat is the expensive part, as the
// kernel adds up the times of all threads to print that line. So each process of the machine is examined
// once. A member stays one, and a stranger cannot become one later, since neither its parent nor its session
// can turn into one of the tree's. Only its number can be given to another process between two samples; to
// make that rare, the numbers of processes that are gone are forgotten at each sample.
//
// The children files below /proc/PID/task would spare the list, but there is one per thread, and they may
// skip entries while processes come and go.

#include "measure/probes/process_tree.hpp"

#include "measure/probes/proc_files.hpp"
#include "measure/probes/usage.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <ctime>
#include <fcntl.h>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

namespace quartet::measure {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

constexpr auto shortest_pause = 5ms;
constexpr int pause_per_cost = 200;
constexpr int pause_of_pictures = 4;

/// 0 if the process is gone.
pid_t parent_of(pid_t pid) {
    proc_file const stat(pid, "stat");
    auto const fields = after_name(stat.text());  // "STATE PPID ..."
    return fields.empty() ? 0 : first_number<pid_t>(fields.substr(1)).value_or(0);
}

bool contains(std::vector<pid_t> const& sorted, pid_t pid) {
    return std::binary_search(sorted.begin(), sorted.end(), pid);
}

void keep_only(std::vector<pid_t>& sorted, std::vector<pid_t> const& alive) {
    std::erase_if(sorted, [&](pid_t pid) { return !contains(alive, pid); });
}

void insert_sorted(std::vector<pid_t>& sorted, pid_t pid) {
    sorted.insert(std::upper_bound(sorted.begin(), sorted.end(), pid), pid);
}

/// Remembers from sample to sample which processes belong to the tree of `root`.
class membership {
public:
    membership(pid_t root, pid_t without) : root_(root) {
        if (without > 0) strangers_.push_back(without);
    }

    /// The members, zombies included.
    std::vector<pid_t> const& look() {
        auto const alive = numbers_in("/proc");
        keep_only(members_, alive);
        keep_only(strangers_, alive);
        std::vector<pid_t> undecided;
        for (pid_t const pid : alive) {
            if (contains(members_, pid) || contains(strangers_, pid)) continue;
            if (is_close(pid))
                insert_sorted(members_, pid);
            else
                undecided.push_back(pid);
        }
        decide_by_parent(undecided);
        return members_;
    }

private:
    bool is_close(pid_t pid) const {
        return pid == root_ || ::getsid(pid) == root_ || ::getpgid(pid) == root_;
    }

    /// A child can have a smaller number than its parent, so this is repeated until no process is added.
    void decide_by_parent(std::vector<pid_t> const& undecided) {
        std::vector<std::pair<pid_t, pid_t>> open;  // process, parent
        for (pid_t const pid : undecided)
            open.emplace_back(pid, parent_of(pid));
        auto const joins = [this](auto const& each) {
            bool const belongs = contains(members_, each.second);
            if (belongs) insert_sorted(members_, each.first);
            return belongs;
        };
        while (std::erase_if(open, joins) > 0) {
        }
        for (auto const& [pid, parent] : open)
            insert_sorted(strangers_, pid);
    }

    pid_t root_;
    std::vector<pid_t> members_;    // sorted
    std::vector<pid_t> strangers_;  // sorted
};

struct memory {
    std::size_t bytes = 0;
    bool shared_once = true;  ///< PSS, not RSS
};

/// With at least this many samples, the peak of several processes is taken to have been sampled.
constexpr std::size_t enough_samples = 20;

std::size_t rss_of(pid_t pid) {
    proc_file const statm(pid, "statm");  // size, resident, ... in pages
    auto const resident = statm.text().find(' ');
    if (resident == std::string_view::npos) return 0;
    auto const pages = first_number<std::size_t>(statm.text().substr(resident)).value_or(0);
    return pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

/// Nothing for a zombie or a process that has just gone: its memory is given back.
memory memory_of(pid_t pid) {
    proc_file const rollup(pid, "smaps_rollup");
    auto const pss = rollup.text().find("\nPss:");
    if (pss != std::string_view::npos)
        return {.bytes = 1024 * first_number<std::size_t>(rollup.text().substr(pss + 5)).value_or(0)};
    std::size_t const resident = rss_of(pid);
    return {.bytes = resident, .shared_once = resident == 0};
}

/// The number of KiB behind `name` in /proc/PID/status, in bytes.
std::size_t status_bytes(std::string_view status, std::string_view name) {
    auto const found = status.find(name);
    if (found == std::string_view::npos) return 0;
    return 1024 * first_number<std::size_t>(status.substr(found + name.size())).value_or(0);
}

/// By how much the process was larger at its own peak than it is now.
std::size_t shrunk_by(pid_t pid) {
    proc_file const status(pid, "status");
    std::size_t const peak = status_bytes(status.text(), "\nVmHWM:");
    std::size_t const now = status_bytes(status.text(), "\nVmRSS:");
    return peak > now ? peak - now : 0;
}

/// The processor time of all threads that the process has had; absent if it is gone.
std::optional<double> cpu_seconds_of(pid_t pid) {
    clockid_t its{};
    timespec used{};
    if (::clock_getcpuclockid(pid, &its) != 0 || ::clock_gettime(its, &used) != 0) return std::nullopt;
    return static_cast<double>(used.tv_sec) + 1e-9 * static_cast<double>(used.tv_nsec);
}

/// The processor time of processes that come and go.
class tree_clock {
public:
    /// Since the first call.
    double read(std::vector<pid_t> const& alive) {
        std::map<pid_t, double> now;
        for (pid_t const pid : alive) {
            if (auto const used = cpu_seconds_of(pid)) now[pid] = *used;
        }
        for (auto const& [pid, used] : known_) {
            if (!now.contains(pid)) ended_ += used;
        }
        known_ = std::move(now);
        double sum = ended_;
        for (auto const& [pid, used] : known_)
            sum += used;
        if (!before_) before_ = sum;
        return sum - *before_;
    }

private:
    std::map<pid_t, double> known_;
    double ended_ = 0;
    std::optional<double> before_;
};

/// How long processes that come and go were on a processor, and waited for one.
class tree_queue {
public:
    struct times {
        double on_cpu = 0;
        double waiting = 0;
    };

    /// Starts counting anew.
    void restart(std::vector<pid_t> const& alive) {
        *this = {};
        read(alive);
        before_ = sum();
    }

    void read(std::vector<pid_t> const& alive) {
        std::map<pid_t, times> now;
        for (pid_t const pid : alive) {
            if (auto const read = times_of(pid)) now[pid] = *read;
        }
        for (auto const& [pid, last] : known_) {
            if (!now.contains(pid)) add(ended_, last);
        }
        known_ = std::move(now);
    }

    /// Since the restart.
    std::optional<times> since() const {
        auto const all = sum();
        if (all.on_cpu <= before_.on_cpu) return std::nullopt;
        return times{all.on_cpu - before_.on_cpu, all.waiting - before_.waiting};
    }

private:
    static std::optional<times> times_of(pid_t pid) {
        proc_file const file(pid, "schedstat");  // nanoseconds on a processor, waiting for one, ...
        auto const on_cpu = first_number<std::int64_t>(file.text());
        auto const space = file.text().find(' ');
        if (!on_cpu || space == std::string_view::npos) return std::nullopt;
        auto const waiting = first_number<std::int64_t>(file.text().substr(space));
        if (!waiting) return std::nullopt;
        return times{1e-9 * static_cast<double>(*on_cpu), 1e-9 * static_cast<double>(*waiting)};
    }

    static void add(times& to, times const& more) {
        to.on_cpu += more.on_cpu;
        to.waiting += more.waiting;
    }

    times sum() const {
        auto made = ended_;
        for (auto const& [pid, last] : known_)
            add(made, last);
        return made;
    }

    std::map<pid_t, times> known_;
    times ended_;
    times before_;
};

/// Keeps samples. When there are too many, every other one is dropped and they are taken half as often.
class samples_kept {
public:
    void restart() {
        table_ = {};
        pause_ = first_pause;
        processors_ = {};
    }

    void add(std::chrono::steady_clock::time_point began, std::size_t bytes,
             std::vector<pid_t> const& alive) {
        table_.memory_bytes.push_back(bytes);
        table_.cpu_seconds.push_back(processors_.read(alive));
        // Right after the clocks of the processes, as both are compared.
        table_.seconds.push_back(
            std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count());
        if (table_.seconds.size() < most_samples_kept) return;
        halve(table_.seconds);
        halve(table_.memory_bytes);
        halve(table_.cpu_seconds);
        pause_ = 2 * pause_.load();
    }

    nanoseconds shortest_pause() const noexcept { return pause_; }
    usage_table const& table() const noexcept { return table_; }

private:
    static constexpr nanoseconds first_pause = 2ms;

    static void halve(auto& column) {
        for (std::size_t place = 0; 2 * place < column.size(); ++place)
            column[place] = column[2 * place];
        column.resize((column.size() + 1) / 2);
    }

    usage_table table_;
    std::atomic<nanoseconds> pause_ = first_pause;
    tree_clock processors_;
};

}  // namespace

struct tree_memory_sampler::state {
    state(pid_t root, sampling mode, std::size_t bytes, pid_t without)
        : tree(root, without), how(mode), not_counted(bytes) {}

    std::size_t sample() {
        std::lock_guard const lock(sampling_mutex);
        memory sum;
        auto const& members = tree.look();
        for (pid_t const pid : members) {
            memory const one = memory_of(pid);
            sum.bytes += one.bytes;
            sum.shared_once = sum.shared_once && one.shared_once;
        }
        sum.bytes -= std::min(sum.bytes, not_counted);
        if (!sum.shared_once) only_pss = false;
        if (sum.bytes > peak) peak = sum.bytes;
        ++count;
        if (how == sampling::for_pictures) kept.add(began, sum.bytes, members);
        queue.read(members);
        last = sum.bytes;
        return sum.bytes;
    }

    void sample_with_own_peaks() {
        auto const taken = clock::now() - began.load();
        background_share = taken > 0ns ? static_cast<double>(background_cost) /
                                             static_cast<double>(nanoseconds(taken).count())
                                       : 0;
        std::size_t const now = sample();
        std::lock_guard const lock(sampling_mutex);
        auto const& members = tree.look();
        if (members.size() > 1 && count >= enough_samples) return;
        std::size_t more = 0;
        for (pid_t const pid : members)
            more += shrunk_by(pid);
        if (now + more <= peak) return;
        peak = now + more;
        by_own_peaks = true;
    }

    /// With a sample, so that the next knows the tree, and when its time is.
    void restart() {
        auto const took = timed_sample();
        {
            std::lock_guard const lock(sampling_mutex);
            peak = 0;
            count = 0;
            by_own_peaks = false;
            began = clock::now();
            kept.restart();
            kept.add(began, last, tree.look());
            queue.restart(tree.look());
        }
        std::lock_guard const lock(pause_mutex);
        background_cost = 0;
        next = clock::now() + pause_after(took);
    }

    /// The processor time that it took.
    nanoseconds timed_sample() {
        // Not the time on the clock: while the sampler waits for a processor, it does not disturb the trial.
        auto const begin = processor_time_of_this_thread();
        try {
            sample();
        } catch (std::bad_alloc const&) {
            // Without memory for a list of processes, this sample is missing and the next may work.
        }
        return processor_time_of_this_thread() - begin;
    }

    nanoseconds pause_after(nanoseconds took) const {
        if (how == sampling::for_pictures)
            return std::max<nanoseconds>(kept.shortest_pause(), pause_of_pictures * took);
        return std::max<nanoseconds>(shortest_pause, pause_per_cost * took);
    }

    void sample_until(std::stop_token stop) {
        std::unique_lock lock(pause_mutex);
        std::condition_variable_any stopped;
        for (;;) {
            while (!stop.stop_requested() && clock::now() < next)
                stopped.wait_until(lock, stop, next, [] { return false; });
            if (stop.stop_requested()) return;
            lock.unlock();
            auto const took = timed_sample();
            lock.lock();
            background_cost += took.count();
            next = std::max(next, clock::now() + pause_after(took));  // restart() may have put it off
        }
    }

    using clock = std::chrono::steady_clock;

    std::mutex sampling_mutex;  // guards `tree`, `queue` and `kept`; writers of the rest hold it, too
    membership tree;
    tree_queue queue;
    samples_kept kept;
    sampling how;
    std::size_t not_counted;
    std::size_t last = 0;  // sample
    std::atomic<std::size_t> peak = 0;
    std::atomic<std::size_t> count = 0;
    std::atomic<bool> only_pss = true;
    std::atomic<bool> by_own_peaks = false;

    std::mutex pause_mutex;  // guards `next`
    clock::time_point next = clock::now();
    std::atomic<clock::time_point> began = clock::now();  // what is measured
    std::atomic<std::int64_t> background_cost = 0;        // since then, in nanoseconds
    std::atomic<double> background_share = 0;

    std::jthread thread;  // last, so that it ends before what it uses
};

tree_memory_sampler::tree_memory_sampler(pid_t root, sampling how, std::size_t not_counted, pid_t without)
    : state_(std::make_unique<state>(root, how, not_counted, without)) {
    if (how != sampling::by_hand)
        state_->thread =
            std::jthread([s = state_.get()](std::stop_token stop) { s->sample_until(std::move(stop)); });
}

tree_memory_sampler::~tree_memory_sampler() = default;

std::size_t tree_memory_sampler::sample_now() {
    return state_->sample();
}

double tree_memory_sampler::background_share() const {
    return state_->background_share;
}

std::size_t tree_memory_sampler::peak_bytes() const {
    return state_->peak;
}

std::size_t tree_memory_sampler::sample_count() const {
    return state_->count;
}

void tree_memory_sampler::sample_last() {
    state_->sample_with_own_peaks();
}

void tree_memory_sampler::restart() {
    state_->restart();
}

usage_table tree_memory_sampler::course() const {
    std::lock_guard const lock(state_->sampling_mutex);
    return state_->kept.table();
}

std::optional<double> tree_memory_sampler::processor_wait_seconds(double cpu_seconds) const {
    std::lock_guard const lock(state_->sampling_mutex);
    auto const seen = state_->queue.since();
    if (!seen) return std::nullopt;
    return seen->waiting * std::max(1.0, cpu_seconds / seen->on_cpu);
}

std::string_view tree_memory_sampler::method() const {
    if (!state_->only_pss) return "rss";
    return state_->by_own_peaks ? "pss+hwm" : "pss";
}

void forget_own_peak() noexcept {
    int const file = ::open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);
    if (file < 0) return;
    // 5 resets VmHWM to what is resident now: proc(5). Where the kernel lacks it, the peak stays as it is.
    [[maybe_unused]] auto const written = ::write(file, "5", 1);
    ::close(file);
}

}  // namespace quartet::measure
