#include "measure/analysis/work_kind.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace quartet::measure {
namespace {

/// A program that computes for at least this part of its time is bound by computing.
constexpr double mostly = 0.5;
/// Waits from here on are slow: a thread that waits so long could have done thousands of other things.
constexpr double slow_wait_seconds = 0.005;
/// Threads that do next to nothing wait for work, not for each other.
constexpr double takes_part = 0.02;
/// From this part of the processor time in the kernel on, the work is files and not computing.
constexpr double in_the_kernel = 0.6;

double share(program_profile const& of, activity what) {
    return of.shares[static_cast<std::size_t>(what)];
}

double percent(double part) {
    return 100 * part;
}

double cpu_of(program_profile const& of) {
    return of.cpu_user_seconds + of.cpu_system_seconds;
}

/// A thread that waits for at most this part of its time makes progress, whatever the others do.
constexpr double gets_on = 0.03;

/// Threads that compute, and how much of their time they wait for locks.
struct contenders {
    std::size_t threads = 0;
    double locked = 0;          // in the mean
    double busiest_locked = 0;  // of the one that computes most
};

contenders contenders_of(program_profile const& of) {
    contenders found;
    double most_cpu = 0;
    for (auto const& each : of.threads) {
        // While other programs hold the processors, a thread can neither compute nor reach a lock.
        double const there = each.seconds - each.queue_seconds;
        if (there <= 0 || each.cpu_seconds < takes_part * there) continue;
        double const locked =
            std::min(1.0, each.shares[static_cast<std::size_t>(activity::lock)] * each.seconds / there);
        ++found.threads;
        found.locked += locked;
        if (each.cpu_seconds <= most_cpu) continue;
        most_cpu = each.cpu_seconds;
        found.busiest_locked = locked;
    }
    if (found.threads > 0) found.locked /= static_cast<double>(found.threads);
    return found;
}

/// Several threads compute in turns, and wait for each other meanwhile. If only one of them computes, and the
/// others wait for what it makes, it is not a fight.
bool fights_for_locks(program_profile const& of, std::size_t cpus) {
    auto const found = contenders_of(of);
    double const could_be_busy = static_cast<double>(std::min(found.threads, cpus));
    return found.threads >= 2 && found.locked > 0.3 && found.busiest_locked > gets_on &&
           cpu_of(of) < 0.8 * could_be_busy * of.seconds + of.queue_seconds;
}

/// The part of its time that the program would compute if other programs did not hold the processors. Its own
/// threads may queue for each other too: what it has had of a processor counts in any case.
double computing_share(program_profile const& of) {
    double const seen = share(of, activity::computing);
    double const wanted = cpu_of(of) + of.queue_seconds;
    if (wanted <= 0 || of.seconds <= 0) return seen;
    double const alone = seen * cpu_of(of) / wanted;
    double const would_be = alone + (1 - seen) > 0 ? alone / (alone + 1 - seen) : seen;
    return std::max(would_be, std::min(seen, cpu_of(of) / of.seconds));
}

activity longest_wait(program_profile const& of) {
    constexpr std::array waits{activity::network, activity::disk,  activity::lock, activity::sleep,
                               activity::process, activity::input, activity::other};
    return *std::ranges::max_element(waits, {}, [&](activity what) { return share(of, what); });
}

/// A sentence that other programs held the processors, if they did for long enough to matter.
std::string kept_from_processors(program_profile const& of) {
    constexpr double much = 0.05;
    double const wanted = cpu_of(of) + of.queue_seconds;
    if (wanted <= 0 || of.queue_seconds < much * wanted) return {};
    return fmt::format("; of the time that its threads want a processor they wait {:.0f} % for one",
                       percent(of.queue_seconds / wanted));
}

work_verdict cpu_bound(program_profile const& of, std::size_t cpus) {
    return {work_kind::cpu_bound,
            fmt::format("it computes, or wants to, for {:.0f} % of the time, on {:.1f} processors in the "
                        "mean{}",
                        percent(share(of, activity::computing)), cpu_of(of) / of.seconds,
                        kept_from_processors(of)),
            fmt::format(
                "threads:{0}; processes:{0} where a global lock lets only one thread compute, as in Python",
                cpus)};
}

work_verdict local_files(std::string why) {
    return {work_kind::local_files, std::move(why),
            "single, or threads if the disk can do several things at a time; an event loop gains nothing"};
}

work_verdict by_network(program_profile const& of) {
    double const waited = share(of, activity::network) * of.seconds;
    double const each = of.waits > 0 ? waited / static_cast<double>(of.waits) : waited;
    auto const why = fmt::format("it waits for the network for {:.0f} % of the time, {:.3g} ms at a time",
                                 percent(share(of, activity::network)), 1e3 * each);
    if (each >= slow_wait_seconds)
        return {work_kind::slow_io, why, "async, with as many requests in flight as the other side bears"};
    return {work_kind::fast_io, why, "threads, if there are few connections; async if there are hundreds"};
}

work_verdict by_wait(program_profile const& of) {
    auto const what = longest_wait(of);
    double const part = percent(share(of, what));
    switch (what) {
        case activity::network:
            return by_network(of);
        case activity::disk:
            return local_files(fmt::format("it waits for files and disks for {:.0f} % of the time", part));
        case activity::lock:
            return {work_kind::lock_bound,
                    fmt::format("its threads wait for each other for {:.0f} % of the time", part),
                    "fewer threads, or processes that share nothing"};
        case activity::sleep:
            return {work_kind::sleeping, fmt::format("it lets time go by for {:.0f} % of the time", part),
                    "async: sleeping tasks cost nothing but memory"};
        default:
            return {work_kind::others,
                    fmt::format("it waits for other programs, or for input, for {:.0f} % of the time", part),
                    "whatever makes what it waits for faster"};
    }
}

}  // namespace

std::string_view to_string(work_kind kind) noexcept {
    constexpr std::array<std::string_view, 7> names{
        "CPU-bound", "lock-bound", "fast I/O", "slow I/O", "local files", "sleeping", "waiting for others"};
    return names[static_cast<std::size_t>(kind)];
}

bool mostly_computes(program_profile const& of) noexcept {
    return computing_share(of) >= mostly;
}

work_verdict judge_work(program_profile const& of, std::size_t cpus) {
    if (fights_for_locks(of, cpus))
        return {work_kind::lock_bound,
                fmt::format("{} threads compute, and wait for each other for {:.0f} % of their time",
                            contenders_of(of).threads, percent(contenders_of(of).locked)),
                "fewer threads, or processes that share nothing"};
    if (!mostly_computes(of)) {
        auto verdict = by_wait(of);
        verdict.why += kept_from_processors(of);
        return verdict;
    }
    double const in_kernel = cpu_of(of) > 0 ? of.cpu_system_seconds / cpu_of(of) : 0;
    if (in_kernel > in_the_kernel)
        return local_files(
            fmt::format("{:.0f} % of its processor time is the kernel's, which handles files for it",
                        percent(in_kernel)));
    return cpu_bound(of, cpus);
}

}  // namespace quartet::measure
