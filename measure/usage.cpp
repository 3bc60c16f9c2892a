// measure/usage.cpp

#include "measure/usage.hpp"

#include <sys/resource.h>

namespace quartet::measure {
namespace {

double seconds(timeval const& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}

void add(usage& sum, int whose) {
    rusage figures{};
    ::getrusage(whose, &figures);
    sum.cpu_user_seconds += seconds(figures.ru_utime);
    sum.cpu_system_seconds += seconds(figures.ru_stime);
    sum.context_switches += figures.ru_nvcsw + figures.ru_nivcsw;
    sum.page_faults += figures.ru_minflt + figures.ru_majflt;
}

}  // namespace

usage usage_of_this_tree() {
    usage sum;
    add(sum, RUSAGE_SELF);
    add(sum, RUSAGE_CHILDREN);
    return sum;
}

usage operator-(usage const& later, usage const& earlier) {
    return {
        .cpu_user_seconds = later.cpu_user_seconds - earlier.cpu_user_seconds,
        .cpu_system_seconds = later.cpu_system_seconds - earlier.cpu_system_seconds,
        .context_switches = later.context_switches - earlier.context_switches,
        .page_faults = later.page_faults - earlier.page_faults,
    };
}

}  // namespace quartet::measure
