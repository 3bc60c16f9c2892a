#include "src/models/cluster/link_sends.hpp"

#include "src/shm/shared_pages.hpp"

#include <algorithm>
#include <utility>

namespace quartet::inline v0::detail {

link_sends::link_sends(quartet_mpi_table const& mpi, shared_heap& heap, std::atomic<std::uint64_t>& unsent,
                       std::size_t ranks, link_limits limits)
    : mpi_(&mpi), heap_(&heap), unsent_(&unsent), limits_(limits), ranks_(ranks) {}

void link_sends::add(std::size_t to, shared_block& block, std::uint64_t bytes, bool forgotten) {
    queue& queued = ranks_[to];
    queued.messages.push_back({.block = &block, .bytes = bytes, .forgotten = forgotten});
    if (!forgotten) ++count_;
    if (!std::exchange(queued.busy, true)) busy_.push_back(to);
}

bool link_sends::advance() {
    if (busy_.empty()) return false;
    bool moved = false;
    for (std::size_t const rank : busy_)
        moved |= begin(rank, ranks_[rank]);
    while (complete())
        moved = true;
    std::erase_if(busy_, [this](std::size_t rank) {
        queue& each = ranks_[rank];
        if (each.messages.empty()) each.busy = false;
        return !each.busy;
    });
    return moved;
}

bool link_sends::begin(std::size_t rank, queue& to) {
    bool moved = false;
    while (to.next < to.messages.size() && to.requests.size() < limits_.requests &&
           (to.requests.empty() || to.bytes < limits_.window)) {
        moved = true;
        if (!begin_part(rank, to, to.messages[to.next])) {
            drop(rank);
            failed(rank);
            break;
        }
    }
    if (moved) begun(rank);
    return moved;
}

/// The next request of a message. False if MPI refuses.
bool link_sends::begin_part(std::size_t rank, queue& to, message& next) {
    bool const in_parts = next.bytes > limits_.part;
    if (in_parts && !next.is_begun) {
        // The size is sent from the message itself, which stays where it is in its deque.
        next.is_begun = request_of(rank, to, &next.bytes, sizeof next.bytes, link_tag::size);
        if (next.is_begun) to.requests.back().bytes = 0;
        return next.is_begun;
    }
    std::uint64_t const count = std::min<std::uint64_t>(limits_.part, next.bytes - next.begun);
    auto const tag = in_parts ? link_tag::part : link_tag::whole;
    if (!request_of(rank, to, bytes_of(*next.block) + next.begun, count, tag)) return false;
    next.is_begun = true;
    next.begun += count;
    to.bytes += count;
    if (next.begun == next.bytes) {
        next.all_begun = true;
        ++to.next;
    }
    return true;
}

bool link_sends::request_of(std::size_t rank, queue& to, void const* bytes, std::uint64_t count,
                            link_tag tag) {
    request made{.handle = {}, .bytes = count};
    if (mpi_->send(bytes, count, static_cast<std::int32_t>(rank), static_cast<std::int32_t>(tag),
                   &made.handle) != 0)
        return false;
    to.requests.push_back(made);
    ++to.messages[to.next].requests;
    return true;
}

/// Asks after the oldest request of each rank, for they end about in order. False if none has ended.
bool link_sends::complete() {
    asked_.clear();
    for (std::size_t const rank : busy_) {
        if (!ranks_[rank].requests.empty()) asked_.push_back(ranks_[rank].requests.front().handle);
    }
    if (asked_.empty()) return false;
    said_.assign(asked_.size(), 0);
    if (mpi_->test(asked_.data(), asked_.size(), said_.data()) != 0) return false;
    bool moved = false;
    auto said = said_.begin();
    auto asked = asked_.begin();
    for (std::size_t const rank : busy_) {
        queue& each = ranks_[rank];
        if (each.requests.empty()) continue;
        each.requests.front().handle = *asked++;
        auto const state = *said++;
        if (state == 0) continue;
        moved = true;
        end_request(each);
        if (state > 0) continue;
        drop(rank);
        failed(rank);
    }
    return moved;
}

/// The oldest request is of the first message.
void link_sends::end_request(queue& to) {
    message& first = to.messages.front();
    std::uint64_t const bytes = to.requests.front().bytes;
    to.requests.pop_front();
    to.bytes -= bytes;
    first.ended += bytes;
    --first.requests;
    pop_ended(to);
}

void link_sends::pop_ended(queue& to) {
    while (!to.messages.empty() && to.messages.front().all_begun && to.messages.front().requests == 0) {
        message& first = to.messages.front();
        if (!first.forgotten) forget(first);
        heap_->give_back(first.block);
        to.messages.pop_front();
        --to.next;
    }
}

void link_sends::forget(message& which) {
    which.forgotten = true;
    unsent_->fetch_sub(which.bytes);
    --count_;
}

void link_sends::drop(std::size_t rank) {
    queue& to = ranks_[rank];
    for (auto& each : to.messages) {
        if (!each.forgotten) forget(each);
    }
    while (!to.messages.empty() && !to.messages.back().is_begun) {
        heap_->give_back(to.messages.back().block);
        to.messages.pop_back();
    }
    if (to.next < to.messages.size()) {
        // Begun in part: MPI may read what it has as long as this process lives. The rest needs no memory.
        message& last = to.messages[to.next];
        std::byte* const bytes = bytes_of(*last.block);
        drop_pages(bytes, last.ended);
        drop_pages(bytes + last.begun, last.bytes - last.begun);
        last.all_begun = true;
        ++to.next;
    }
    pop_ended(to);
}

bool link_sends::under_way() const noexcept {
    return std::any_of(busy_.begin(), busy_.end(),
                       [this](std::size_t rank) { return !ranks_[rank].requests.empty(); });
}

}  // namespace quartet::inline v0::detail
