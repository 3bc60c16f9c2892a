#include "src/models/cluster/link_receives.hpp"

#include <algorithm>
#include <chrono>
#include <new>
#include <utility>

namespace quartet::inline v0::detail {
namespace {

constexpr int most_at_once = 64;  // messages, before others have their turn
constexpr std::size_t most_requests = 256;
constexpr std::uint64_t most_bytes = std::uint64_t{256} << 20;  // of requests

}  // namespace

bool link_receives::advance(bool may) {
    bool moved = false;
    saw_one_ = false;
    for (int count = 0; may && count < most_at_once && requests_ < most_requests && bytes_ < most_bytes;
         ++count) {
        quartet_mpi_arrival arrival{};
        std::int32_t found = 0;
        if (mpi_->probe(&arrival, &found) != 0 || found == 0) break;
        saw_one_ = true;
        if (!accept(arrival)) break;
        moved = true;
        touched(static_cast<std::size_t>(arrival.from), arrival.bytes);
        // A small one is there as a whole, and is handed on before MPI is asked for more.
        static_cast<void>(complete());
    }
    while (complete())
        moved = true;
    return moved;
}

/// False if there is no memory for it: then it stays where it is.
bool link_receives::accept(quartet_mpi_arrival const& arrival) {
    auto const rank = static_cast<std::size_t>(arrival.from);
    source& from = ranks_[rank];
    if (!std::exchange(from.busy, true)) busy_.push_back(rank);
    switch (static_cast<link_tag>(arrival.tag)) {
        case link_tag::size:
            return accept_size(from, arrival);
        case link_tag::part:
            return accept_part(from, arrival);
        case link_tag::whole:
            break;
    }
    return accept_whole(from, arrival, false);
}

bool link_receives::accept_whole(source& from, quartet_mpi_arrival const& arrival, bool abandoned) {
    shared_block* const block = take(arrival.bytes);
    if (!block) return false;
    abandon(from);
    from.messages.push_back({.block = block, .bytes = arrival.bytes, .abandoned = abandoned});
    return receive(from, from.messages.back(), arrival);
}

/// Some bytes that are there already, as has been seen: they are waited for.
bool link_receives::accept_size(source& from, quartet_mpi_arrival const& arrival) {
    std::uint64_t size = 0;
    if (arrival.bytes != sizeof size) return accept_whole(from, arrival, true);
    quartet_mpi_request handle{};
    if (mpi_->receive(&size, sizeof size, arrival.from, arrival.tag, &handle) != 0) {
        failed(static_cast<std::size_t>(arrival.from));
        return true;
    }
    std::int8_t said = 0;
    while (said == 0) {
        if (mpi_->test(&handle, 1, &said) != 0) break;
    }
    abandon(from);
    if (said < 0) failed(static_cast<std::size_t>(arrival.from));
    if (said > 0) from.messages.push_back({.block = nullptr, .bytes = size});
    return true;
}

bool link_receives::accept_part(source& from, quartet_mpi_arrival const& arrival) {
    message* const open = open_one(from);
    if (!open || arrival.bytes > open->bytes - open->begun)
        return accept_whole(from, arrival, true);  // of one that was given up
    if (!open->block) open->block = take(open->bytes);
    if (!open->block) return false;
    return receive(from, *open, arrival);
}

bool link_receives::receive(source& from, message& into, quartet_mpi_arrival const& arrival) {
    request made{.handle = {}, .bytes = arrival.bytes};
    if (mpi_->receive(bytes_of(*into.block) + into.begun, arrival.bytes, arrival.from, arrival.tag,
                      &made.handle) != 0) {
        abandon(from);
        into.all_begun = into.abandoned = true;
        pop_ended(static_cast<std::size_t>(arrival.from));
        failed(static_cast<std::size_t>(arrival.from));
        return true;
    }
    into.begun += arrival.bytes;
    into.all_begun = into.begun == into.bytes;
    ++into.requests;
    from.requests.push_back(made);
    ++requests_;
    bytes_ += arrival.bytes;
    return true;
}

/// The message of which parts are to come.
link_receives::message* link_receives::open_one(source& from) noexcept {
    if (from.messages.empty() || from.messages.back().all_begun) return nullptr;
    return &from.messages.back();
}

void link_receives::abandon(source& from) {
    message* const open = open_one(from);
    if (!open) return;
    open->all_begun = open->abandoned = true;
}

shared_block* link_receives::take(std::uint64_t bytes) {
    starving_ = 0;
    try {
        return heap_->take(static_cast<std::size_t>(bytes));
    } catch (std::bad_alloc const&) {
        starving_ = std::max<std::uint64_t>(1, bytes);
        return nullptr;
    }
}

void link_receives::drop(std::size_t rank) {
    abandon(ranks_[rank]);
    pop_ended(rank);
}

bool link_receives::complete() {
    if (busy_.empty()) return false;
    asked_.clear();
    for (std::size_t const rank : busy_) {
        if (!ranks_[rank].requests.empty()) asked_.push_back(ranks_[rank].requests.front().handle);
    }
    bool moved = false;
    said_.assign(asked_.size(), 0);
    if (!asked_.empty() && mpi_->test(asked_.data(), asked_.size(), said_.data()) != 0) return false;
    auto said = said_.begin();
    auto asked = asked_.begin();
    for (std::size_t const rank : busy_) {
        source& each = ranks_[rank];
        if (each.requests.empty()) continue;
        each.requests.front().handle = *asked++;
        auto const state = *said++;
        if (state == 0) continue;
        moved = true;
        end_request(rank, state > 0);
    }
    std::erase_if(busy_, [this](std::size_t rank) {
        pop_ended(rank);
        source& each = ranks_[rank];
        if (each.messages.empty()) each.busy = false;
        return !each.busy;
    });
    return moved;
}

/// The oldest request is of the first message that has any.
void link_receives::end_request(std::size_t rank, bool well) {
    source& from = ranks_[rank];
    auto const first = std::find_if(from.messages.begin(), from.messages.end(),
                                    [](message const& each) { return each.requests > 0; });
    requests_ -= 1;
    bytes_ -= from.requests.front().bytes;
    from.requests.pop_front();
    --first->requests;
    if (!well) first->abandoned = true;
    touched(rank, first->bytes);
    pop_ended(rank);
    if (!well) failed(rank);
}

void link_receives::pop_ended(std::size_t rank) {
    auto& messages = ranks_[rank].messages;
    while (!messages.empty() && messages.front().all_begun && messages.front().requests == 0) {
        message const first = messages.front();
        messages.pop_front();
        if (!first.abandoned)
            deliver(rank, *first.block, first.bytes);
        else if (first.block)
            heap_->give_back(first.block);
    }
}

}  // namespace quartet::inline v0::detail
