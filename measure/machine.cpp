// measure/machine.cpp

#include "measure/machine.hpp"

#include <fstream>
#include <string>
#include <sys/utsname.h>
#include <unistd.h>

namespace quartet::measure {
namespace {

/// x86 has a "model name"; on other processors the kernel often names only the architecture.
std::string cpu_model(utsname const& system) {
    std::ifstream file("/proc/cpuinfo");
    for (std::string line; std::getline(file, line);)
        if (line.starts_with("model name"))
            if (auto const colon = line.find(": "); colon != std::string::npos) return line.substr(colon + 2);
    return system.machine;
}

std::uint64_t physical_memory() {
    long const pages = ::sysconf(_SC_PHYS_PAGES);
    long const page = ::sysconf(_SC_PAGESIZE);
    return pages > 0 && page > 0 ? static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(page) : 0;
}

#ifdef __clang__
constexpr char compiler[] = __VERSION__;  // "Clang 14.0.6", with the vendor's name in front
#else
constexpr char compiler[] = "g++ " __VERSION__;
#endif

}  // namespace

machine this_machine(std::size_t usable_cpus) {
    utsname system{};
    ::uname(&system);
    return {
        .cpu_model = cpu_model(system),
        .usable_cpus = usable_cpus,
        .kernel = std::string(system.sysname) + ' ' + system.release,
        .memory_bytes = physical_memory(),
        .build_type = QUARTET_BUILD_TYPE,
        .compiler = compiler,
    };
}

}  // namespace quartet::measure
