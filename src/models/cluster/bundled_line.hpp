// src/models/cluster/bundled_line.hpp
//
// A rank's way to the others on which small messages to one of them that are sent within one step travel as
// one: a task is its call's code, its input and the word that it may begin, and each message by itself would
// wake the link process and the rank there.
//
// A step ends when its owner asks for what has come, or waits.
#pragma once

#include "src/models/cluster/endpoint.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace quartet::inline v0::detail {

class bundled_line final : public endpoint {
public:
    explicit bundled_line(endpoint& over) : over_(&over), bundles_(over.size()) {}

    std::size_t rank() const noexcept override { return over_->rank(); }
    std::size_t size() const noexcept override { return over_->size(); }
    delivery how() const noexcept override { return over_->how(); }

    void send(std::size_t to, packet message) override;
    std::optional<arrival> receive() override;
    void wait(time_point until) override {
        flush();
        over_->wait(until);
    }
    void wake() noexcept override { over_->wake(); }
    void drop(std::size_t rank) override;
    std::size_t unsent() const noexcept override;
    bool is_gone(std::size_t rank) const noexcept override { return over_->is_gone(rank); }
    std::uint64_t losses() const noexcept override { return over_->losses(); }
    std::optional<std::string> failed() const override { return over_->failed(); }

    /// Sends what has gathered: at the end, when nothing is asked for any more.
    void flush();

private:
    struct bundle {
        packet first{};  // if there is one only, it goes as it is
        std::vector<std::byte> all{};
        std::size_t count = 0;
        std::size_t bytes = 0;  // of messages
    };
    void flush(std::size_t to);
    void split(arrival const& whole);

    endpoint* over_;
    std::vector<bundle> bundles_;        // by rank
    std::vector<std::size_t> gathered_;  // ranks for which there is one
    std::deque<arrival> come_;           // of a bundle
};

}  // namespace quartet::inline v0::detail
