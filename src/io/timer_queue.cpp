#include "src/io/timer_queue.hpp"

#include <algorithm>
#include <tuple>

namespace quartet::detail {
namespace {

constexpr auto later = [](auto const& a, auto const& b) {
    return std::tie(a.deadline, a.order) > std::tie(b.deadline, b.order);
};

}  // namespace

void timer_queue::add(sleep_operation& operation, time_point deadline) {
    heap_.push_back({deadline, added_++, &operation});
    std::ranges::push_heap(heap_, later);
}

sleep_operation& timer_queue::pop() noexcept {
    std::ranges::pop_heap(heap_, later);
    sleep_operation& earliest = *heap_.back().operation;
    heap_.pop_back();
    return earliest;
}

}  // namespace quartet::detail
