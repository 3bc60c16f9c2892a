#include <quartet/detail/base/own_process.hpp>

#include <cstdlib>
#include <exception>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

namespace quartet::inline v0::detail {
namespace {

constinit std::atomic<process_stamp> made{0};  // as a child has it too, its own differ from all before

/// Kernels before Linux 4.14 do not clear pages in a child, nor do any where pages are larger.
bool have_it_cleared() noexcept {
    bool const is_a_page = sysconf(_SC_PAGESIZE) == static_cast<long>(sizeof own_stamp);
    if (is_a_page && madvise(&own_stamp, sizeof own_stamp, MADV_WIPEONFORK) == 0) return true;
    pthread_atfork(nullptr, nullptr, [] { own_stamp.stamp.store(0); });
    return false;
}

}  // namespace

constinit stamp_page own_stamp;

process_stamp make_process_stamp() noexcept {
    [[maybe_unused]] static bool const cleared = have_it_cleared();
    process_stamp const mine = made.fetch_add(1) + 1;
    process_stamp others = 0;
    return own_stamp.stamp.compare_exchange_strong(others, mine) ? mine : others;
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

}  // namespace quartet::inline v0::detail
