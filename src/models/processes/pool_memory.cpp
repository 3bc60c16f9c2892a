#include "src/models/processes/pool_memory.hpp"

#include <quartet/cpus.hpp>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <limits>
#include <new>
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

/// Address space for as much as the machine has memory, but for no more than half of what the limits leave:
/// the other half is the program's, its threads' and its further executors'.
shared_heap_owner reserve_heap() {
    constexpr std::size_t least = std::size_t{4} << 20;
    struct sysinfo machine {};
    sysinfo(&machine);
    std::size_t const all = machine.totalram * machine.mem_unit;
    std::size_t size = std::max(least, std::min(all, address_space_left() / 2));
    // A limit that can't be asked for, as that on memory that is promised (vm.overcommit_memory=2), is found
    // by trying: half of what it lets pass.
    for (bool refused = false;; size /= 2) {
        try {
            auto heap = shared_heap::create(size);
            if (!std::exchange(refused, false)) return heap;
        } catch (std::system_error const& error) {
            if (size <= least)
                throw std::system_error(error.code(),
                                        "quartet: worker processes need some megabytes of address space; "
                                        "raise the limit (ulimit -v)");
            refused = true;
        }
    }
}

}  // namespace

pool_memory::pool_memory(std::size_t slots, processes_options const& options)
    : batches_(reserve_heap()),
      control_(shared_heap::create(sizeof(pool_state) + (slots + 2) * sizeof(worker_slot) + 4096)) {
    std::atomic<shared_block*> kept{nullptr};  // as long as the control heap
    shared_arena arena(*control_, kept);
    state_ = ::new (arena.allocate(sizeof(pool_state), alignof(pool_state))) pool_state{};
    state_->heap = batches_.get();
    state_->slots = arena.allocate_array<worker_slot>(slots);
    state_->name = options.name;
    state_->workers = slots;
    state_->recycle_after = options.recycle_after;
    state_->cpu_share = cpu_share();
}

}  // namespace quartet::inline v0::detail
