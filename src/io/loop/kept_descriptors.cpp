#include "src/io/loop/kept_descriptors.hpp"

#include <algorithm>
#include <atomic>
#include <sys/resource.h>

namespace quartet::inline v0::detail {
namespace {

/// Of this process and, as long as it has none of its own, of the one that it was forked from.
struct total {
    std::atomic<process_stamp> process{this_process()};
    std::atomic<std::size_t> count{0};
};
total kept;

std::atomic<std::size_t>& count_of_all() noexcept {
    auto const here = this_process();
    if (kept.process.load(std::memory_order_relaxed) != here) {
        kept.count.store(0);  // before there is a second thread
        kept.process.store(here);
    }
    return kept.count;
}

std::size_t room() noexcept {
    rlimit descriptors{};
    if (::getrlimit(RLIMIT_NOFILE, &descriptors) != 0) return static_cast<std::size_t>(-1);
    return static_cast<std::size_t>(descriptors.rlim_cur / 3);
}

}  // namespace

void kept_descriptors::grow(std::size_t wanted) noexcept {
    std::size_t const others = count_of_all().load(std::memory_order_relaxed) - count_;
    std::size_t const most = room();
    std::size_t const granted = std::max<std::size_t>(1, others < most ? most - others : 0);
    keep(std::max(count_, std::min(wanted, granted)));
}

void kept_descriptors::keep(std::size_t count) noexcept {
    if (process_ != this_process()) return;
    count_of_all().fetch_add(count - count_, std::memory_order_relaxed);  // wraps where it becomes less
    count_ = count;
}

bool kept_descriptors::are_too_many() noexcept {
    return count_of_all().load(std::memory_order_relaxed) > room();
}

}  // namespace quartet::inline v0::detail
