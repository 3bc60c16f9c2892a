// A heap with four children a node: half as deep as one with two, so an entry that sinks moves half as many
// others, and the four lie in two cache lines. std::push_heap can't tell the operations where they went.
#include "src/io/loop/timer_queue.hpp"

#include <algorithm>

namespace quartet::inline v0::detail {
namespace {

constexpr std::size_t arity = 4;

}  // namespace

void timer_queue::put(std::size_t index, entry const& moved) noexcept {
    heap_[index] = moved;
    moved.waiting->heap_index = index;
}

void timer_queue::rise(std::size_t index, entry const& moved) noexcept {
    while (index > 0) {
        std::size_t const parent = (index - 1) / arity;
        if (!moved.before(heap_[parent])) break;
        put(index, heap_[parent]);
        index = parent;
    }
    put(index, moved);
}

void timer_queue::sink(std::size_t index, entry const& moved) noexcept {
    for (;;) {
        std::size_t const first = index * arity + 1;
        if (first >= heap_.size()) break;
        std::size_t earliest = first;
        for (std::size_t child = first + 1; child < std::min(first + arity, heap_.size()); ++child) {
            if (heap_[child].before(heap_[earliest])) earliest = child;
        }
        if (!heap_[earliest].before(moved)) break;
        put(index, heap_[earliest]);
        index = earliest;
    }
    put(index, moved);
}

void timer_queue::add(timed_operation& waiting, time_point deadline) {
    entry const added{deadline, added_++, &waiting};
    heap_.push_back(added);
    rise(heap_.size() - 1, added);
}

timed_operation& timer_queue::pop() noexcept {
    timed_operation& earliest = *heap_.front().waiting;
    remove(earliest);
    return earliest;
}

bool timer_queue::remove(timed_operation& waiting) noexcept {
    std::size_t const index = waiting.heap_index;
    if (index == timed_operation::not_queued) return false;
    waiting.heap_index = timed_operation::not_queued;
    entry const last = heap_.back();
    heap_.pop_back();
    if (index == heap_.size()) return true;
    if (index > 0 && last.before(heap_[(index - 1) / arity])) {
        rise(index, last);
    } else {
        sink(index, last);
    }
    return true;
}

}  // namespace quartet::inline v0::detail
