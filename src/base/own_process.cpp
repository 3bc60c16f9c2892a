#include <quartet/detail/base/own_process.hpp>

#include <cstdlib>
#include <exception>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

namespace quartet::detail {
namespace {

constinit std::atomic<process_stamp> unplaced{0};
constinit std::atomic<process_stamp> made{0};  // as a child has it too, its own differ from all before

/// Kernels before Linux 4.14 do not clear pages in a child.
bool place() noexcept {
    auto const bytes = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    void* const page = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page != MAP_FAILED && madvise(page, bytes, MADV_WIPEONFORK) == 0) {
        stamp_place.store(static_cast<std::atomic<process_stamp>*>(page));
        return true;
    }
    if (page != MAP_FAILED) munmap(page, bytes);
    pthread_atfork(nullptr, nullptr, [] { unplaced.store(0); });
    return false;
}

}  // namespace

constinit std::atomic<std::atomic<process_stamp>*> stamp_place{&unplaced};

process_stamp make_process_stamp() noexcept {
    [[maybe_unused]] static bool const placed = place();
    auto& place_now = *stamp_place.load();
    process_stamp const mine = made.fetch_add(1) + 1;
    process_stamp others = 0;
    return place_now.compare_exchange_strong(others, mine) ? mine : others;
}

namespace {
// When the program starts: no fork may come while another thread is at it.
[[maybe_unused]] process_stamp const at_start = this_process();
}  // namespace

void end_forked_child(bool well) noexcept {
    _exit(well ? EXIT_SUCCESS : EXIT_FAILURE);
}

void same_process::end_child() noexcept {
    end_forked_child(std::uncaught_exceptions() == 0);
}

}  // namespace quartet::detail
