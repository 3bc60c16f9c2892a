#include "src/io/timer_queue.hpp"

#include <algorithm>
#include <tuple>

namespace quartet::detail {
namespace {

constexpr auto later = [](auto const& a, auto const& b) {
    return std::tie(a.deadline, a.order) > std::tie(b.deadline, b.order);
};

}  // namespace

void timer_queue::add(operation& waiting, time_point deadline) {
    heap_.push_back({deadline, added_++, &waiting});
    std::ranges::push_heap(heap_, later);
}

operation& timer_queue::pop() noexcept {
    std::ranges::pop_heap(heap_, later);
    operation& earliest = *heap_.back().waiting;
    heap_.pop_back();
    return earliest;
}

}  // namespace quartet::detail
