#include "src/shm/machine_heap.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <fstream>
#include <limits>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace quartet::inline v0::detail {
namespace {

/// What the limit on address space leaves this process; the largest number if there is none.
std::size_t address_space_left() {
    constexpr auto no_limit = std::numeric_limits<std::size_t>::max();
    rlimit limit{};
    if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return no_limit;
    std::size_t pages = 0;
    std::ifstream("/proc/self/statm") >> pages;
    std::size_t const used = pages * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    return limit.rlim_cur - std::min<std::size_t>(limit.rlim_cur, used);
}

}  // namespace

shared_heap_owner machine_heap(std::string_view who, std::size_t kept) {
    constexpr std::size_t least = std::size_t{4} << 20;
    struct sysinfo machine {};
    sysinfo(&machine);
    std::size_t const all = machine.totalram * machine.mem_unit;
    std::size_t size = std::max(least, std::min(all, address_space_left() / 2));
    // A limit that can't be asked for, as that on memory that is promised (vm.overcommit_memory=2), is found
    // by trying: half of what it lets pass.
    for (bool refused = false;; size /= 2) {
        try {
            auto heap = shared_heap::create(size, kept);
            if (!std::exchange(refused, false)) return heap;
        } catch (std::system_error const& error) {
            if (size <= least)
                throw std::system_error(
                    error.code(),
                    fmt::format(
                        "quartet: {} need some megabytes of address space; raise the limit (ulimit -v)",
                        who));
            refused = true;
        }
    }
}

}  // namespace quartet::inline v0::detail
