#include "measure/probes/usage.hpp"

#include <ctime>
#include <sys/resource.h>

namespace quartet::measure {
namespace {

double seconds_of(timeval const& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}

usage usage_of(int whose) {
    rusage figures{};
    ::getrusage(whose, &figures);
    return usage_from(figures);
}

usage combine(usage const& one, usage const& other, auto const& operation) {
    usage made;
    auto const each = [&](auto member) { made.*member = operation(one.*member, other.*member); };
    each(&usage::cpu_user_seconds);
    each(&usage::cpu_system_seconds);
    each(&usage::voluntary_switches);
    each(&usage::involuntary_switches);
    each(&usage::minor_faults);
    each(&usage::major_faults);
    each(&usage::read_bytes);
    each(&usage::written_bytes);
    return made;
}

}  // namespace

usage usage_from(rusage const& figures) {
    constexpr std::int64_t block = 512;  // getrusage(2) counts file system I/O in these
    return {.cpu_user_seconds = seconds_of(figures.ru_utime),
            .cpu_system_seconds = seconds_of(figures.ru_stime),
            .voluntary_switches = figures.ru_nvcsw,
            .involuntary_switches = figures.ru_nivcsw,
            .minor_faults = figures.ru_minflt,
            .major_faults = figures.ru_majflt,
            .read_bytes = block * figures.ru_inblock,
            .written_bytes = block * figures.ru_oublock};
}

usage usage_of_this_tree() {
    return usage_of(RUSAGE_SELF) + usage_of(RUSAGE_CHILDREN);
}

std::chrono::nanoseconds processor_time_of_this_thread() noexcept {
    timespec now{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

usage operator+(usage const& one, usage const& other) {
    return combine(one, other, [](auto a, auto b) { return a + b; });
}

usage operator-(usage const& later, usage const& earlier) {
    return combine(later, earlier, [](auto a, auto b) { return a - b; });
}

}  // namespace quartet::measure
