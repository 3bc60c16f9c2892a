#include "src/models/cluster/channel.hpp"

#include <cstring>
#include <utility>
#include <vector>

namespace quartet::inline v0::detail {
namespace {

std::span<std::byte const> body_of(packet const& message) {
    return message.bytes().subspan(sizeof(frame_head));
}

/// A copy of its own: the head of what is sent again is written anew while the old one may be under way.
packet copied(packet const& message) {
    return packet(std::vector<std::byte>(message.bytes().begin(), message.bytes().end()));
}

}  // namespace

frame_head const* head_of(packet const& arrived) noexcept {
    if (arrived.bytes().size() < sizeof(frame_head)) return nullptr;
    return reinterpret_cast<frame_head const*>(arrived.bytes().data());
}

void channel::head(packet const& message, message_kind kind, std::uint64_t number) const {
    frame_head const written{.session = session_, .kind = kind, .number = number, .heard = heard_};
    std::memcpy(message.bytes().data(), &written, sizeof written);
}

void channel::send(message_kind kind, packet message, time_point now) {
    head(message, kind, ++sent_);
    if (how_ == delivery::careless) unconfirmed_.push_back({sent_, copied(message), now});
    send_(std::move(message));
}

void channel::send_loosely(message_kind kind, packet message) {
    head(message, kind, 0);
    send_(std::move(message));
}

void channel::take(packet arrived, receiver const& receive) {
    frame_head const* const head = head_of(arrived);
    if (!head) return;
    confirm(head->heard);
    if (head->number == 0) return receive(head->kind, body_of(arrived), arrived);
    if (head->number <= heard_) return;  // a second time
    if (head->number > heard_ + 1) {
        early_.try_emplace(head->number, std::move(arrived));
        return;
    }
    heard_ = head->number;
    receive(head->kind, body_of(arrived), arrived);
    for (auto next = early_.begin(); next != early_.end() && next->first <= heard_ + 1;
         next = early_.begin()) {
        packet const message = std::move(next->second);
        bool const due = next->first == heard_ + 1;
        early_.erase(next);
        if (!due) continue;
        ++heard_;
        receive(head_of(message)->kind, body_of(message), message);
    }
}

void channel::confirm(std::uint64_t heard) {
    while (!unconfirmed_.empty() && unconfirmed_.front().number <= heard)
        unconfirmed_.pop_front();
}

void channel::advance(time_point now) {
    for (auto& each : unconfirmed_) {
        if (now - each.sent < patience_) continue;
        each.sent = now;
        packet again = copied(each.message);
        head(again, head_of(each.message)->kind, each.number);
        send_(std::move(again));
    }
}

}  // namespace quartet::inline v0::detail
