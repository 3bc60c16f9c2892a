#include "src/models/cluster/value_transfers.hpp"

#include <algorithm>
#include <utility>

namespace quartet::inline v0::detail {
namespace {

packet part_of(broadcast_memory const& value, std::size_t first, std::size_t size) {
    auto const whole = value.bytes();
    auto message = written(value_message{.id = value.id(), .bytes = whole.size(), .first = first});
    message.body().write(whole.data() + first, size);
    return message.take();
}

}  // namespace

bool value_transfers::provide(std::uint16_t node,
                              std::span<std::shared_ptr<broadcast_memory const> const> values) {
    bool all = true;
    for (auto const& value : values) {
        auto& here = nodes_[node].try_emplace(value->id(), copy{.value = value}).first->second;
        all = all && here.complete;
    }
    if (!all && std::ranges::find(turns_, node) == turns_.end()) turns_.push_back(node);
    return all;
}

void value_transfers::go_on(std::function<bool()> const& may_send,
                            std::function<void(std::uint16_t)> const& complete) {
    while (!turns_.empty() && may_send()) {
        auto const node = turns_.front();
        turns_.pop_front();
        if (send_part(node, nodes_[node]))
            turns_.push_back(node);
        else
            complete(node);
    }
}

/// Sends one part of the first that is incomplete; false if there is none any more.
bool value_transfers::send_part(std::uint16_t node, copies& of_node) {
    for (auto at = of_node.begin(); at != of_node.end();) {
        auto& [id, here] = *at;
        if (here.complete) {
            ++at;
            continue;
        }
        auto const value = here.value.lock();
        if (!value) {
            drop(node, id);
            at = of_node.erase(at);
            continue;
        }
        std::size_t const size = std::min(part_bytes_, value->bytes().size() - here.sent);
        send_(node, message_kind::value, part_of(*value, here.sent, size));
        here.sent += size;
        here.complete = here.sent == value->bytes().size();
        return std::ranges::any_of(of_node, [](auto const& each) { return !each.second.complete; });
    }
    return false;
}

void value_transfers::end_what_is_gone() {
    for (auto& [node, of_node] : nodes_) {
        std::erase_if(of_node, [&, number = node](auto const& each) {
            if (!each.second.value.expired()) return false;
            drop(number, each.first);
            return true;
        });
    }
}

void value_transfers::end_all() {
    for (auto const& [node, of_node] : std::exchange(nodes_, {})) {
        for (auto const& [id, here] : of_node)
            drop(node, id);
    }
    turns_.clear();
}

void value_transfers::forget(std::uint16_t node) {
    nodes_.erase(node);
    std::erase(turns_, node);
}

void value_transfers::drop(std::uint16_t node, std::uint64_t id) {
    send_(node, message_kind::drop_value, written(drop_value_message{.id = id}).take());
}

}  // namespace quartet::inline v0::detail
