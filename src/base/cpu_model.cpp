#include "src/base/cpu_model.hpp"

#include <fstream>
#include <sys/utsname.h>

namespace quartet::inline v0::detail {

std::string cpu_model() {
    std::ifstream file("/proc/cpuinfo");
    for (std::string line; std::getline(file, line);)
        if (line.starts_with("model name"))
            if (auto const colon = line.find(": "); colon != std::string::npos) return line.substr(colon + 2);
    utsname system{};
    ::uname(&system);
    return system.machine;
}

}  // namespace quartet::inline v0::detail
