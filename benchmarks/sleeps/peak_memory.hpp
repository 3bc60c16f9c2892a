// benchmarks/sleeps/peak_memory.hpp
//
// For programs that report how much memory their sleeping tasks take.
#pragma once

#include <cstddef>
#include <fstream>
#include <string>

/// The largest resident set this process has had, in bytes.
inline std::size_t peak_memory() {
    std::ifstream status("/proc/self/status");
    for (std::string word; status >> word;) {
        std::size_t kibibytes = 0;
        if (word == "VmHWM:" && status >> kibibytes) return kibibytes * 1024;
    }
    return 0;
}
