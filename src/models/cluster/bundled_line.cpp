#include "src/models/cluster/bundled_line.hpp"

#include <algorithm>
#include <cstring>
#include <memory>

namespace quartet::inline v0::detail {
namespace {

constexpr std::size_t most_in_a_bundle = std::size_t{4} << 10;  // bytes of a message, and of a bundle so far

/// Stands before each message in a bundle, which begins with a head of session 0. Messages begin where a head
/// may.
using size_word = std::uint64_t;
static_assert(alignof(frame_head) <= sizeof(size_word));

std::size_t with_gap(std::size_t bytes) noexcept {
    return (bytes + sizeof(size_word) - 1) / sizeof(size_word) * sizeof(size_word);
}

void add(std::vector<std::byte>& to, packet const& message) {
    size_word const size = message.bytes().size();
    auto const* const first = reinterpret_cast<std::byte const*>(&size);
    to.insert(to.end(), first, first + sizeof size);
    to.insert(to.end(), message.bytes().begin(), message.bytes().end());
    to.resize(with_gap(to.size()));
}

bool is_bundle(packet const& arrived) noexcept {
    frame_head const* const head = head_of(arrived);
    return head && head->session == 0 && head->kind == message_kind::bundle;
}

}  // namespace

void bundled_line::send(std::size_t to, packet message) {
    bundle& mine = bundles_[to];
    std::size_t const bytes = message.bytes().size();
    if (bytes > most_in_a_bundle) {
        flush(to);
        return over_->send(to, std::move(message));
    }
    mine.bytes += bytes;
    if (mine.count++ == 0) {
        gathered_.push_back(to);
        mine.first = std::move(message);
        return;
    }
    if (mine.count == 2) {
        frame_head const head{.session = 0, .kind = message_kind::bundle, .number = 0, .heard = 0};
        auto const* const first = reinterpret_cast<std::byte const*>(&head);
        mine.all.assign(first, first + sizeof head);
        add(mine.all, mine.first);
    }
    add(mine.all, message);
    if (mine.all.size() > most_in_a_bundle) flush(to);
}

void bundled_line::flush(std::size_t to) {
    bundle& mine = bundles_[to];
    if (mine.count == 0) return;
    std::erase(gathered_, to);
    auto gone = std::exchange(mine, {});
    over_->send(to, gone.count == 1 ? std::move(gone.first) : packet(std::move(gone.all)));
}

void bundled_line::flush() {
    while (!gathered_.empty())
        flush(gathered_.back());
}

std::size_t bundled_line::unsent() const noexcept {
    std::size_t bytes = over_->unsent();
    for (std::size_t const rank : gathered_)
        bytes += bundles_[rank].bytes;
    return bytes;
}

void bundled_line::drop(std::size_t rank) {
    std::erase(gathered_, rank);
    bundles_[rank] = {};
    over_->drop(rank);
}

std::optional<arrival> bundled_line::receive() {
    flush();
    if (come_.empty()) {
        auto arrived = over_->receive();
        if (!arrived || !is_bundle(arrived->message)) return arrived;
        split(*arrived);
    }
    if (come_.empty()) return {};
    auto first = std::move(come_.front());
    come_.pop_front();
    return first;
}

/// What is cut short is dropped.
void bundled_line::split(arrival const& whole) {
    auto const owner = std::make_shared<packet>(whole.message);
    auto left = whole.message.bytes().subspan(sizeof(frame_head));
    while (left.size() >= sizeof(size_word)) {
        size_word size = 0;
        std::memcpy(&size, left.data(), sizeof size);
        left = left.subspan(sizeof size);
        if (size > left.size()) return;
        come_.push_back({whole.from, packet(owner, left.first(static_cast<std::size_t>(size)))});
        left = left.subspan(std::min(left.size(), with_gap(static_cast<std::size_t>(size))));
    }
}

}  // namespace quartet::inline v0::detail
