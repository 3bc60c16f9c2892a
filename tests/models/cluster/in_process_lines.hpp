// tests/models/cluster/in_process_lines.hpp
//
// The ways between the ranks of a cluster that are threads of one process: what an MPI and its network do, a
// bad network too, and a rank or a way that is gone, as the test says.
#pragma once

#include "src/models/cluster/endpoint.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace quartet::detail {

struct in_process_network {
    delivery how = delivery::exact;
    std::chrono::nanoseconds delay{0};
    double lost = 0;  ///< a part of 1 of the messages; of a careless network
};

class in_process_lines {
public:
    in_process_lines(std::size_t ranks, in_process_network network) {
        for (std::size_t rank = 0; rank < ranks; ++rank)
            lines_.push_back(std::make_unique<line_of>(lines_, rank, network));
    }

    endpoint& of(std::size_t rank) { return *lines_[rank]; }

    /// As when the program of a rank has ended: its link tells the root, behind what it has sent.
    void end_program(std::size_t rank) {
        packet const told(std::vector<std::byte>(sizeof(frame_head)));
        frame_head const leave{.session = 0, .kind = message_kind::leave, .number = 0, .heard = 0};
        std::memcpy(told.bytes().data(), &leave, sizeof leave);
        lines_[0]->bring({rank, told});
    }

    /// As when MPI tells that a rank is gone.
    void tell_gone(std::size_t rank, std::size_t to) { lines_[to]->lose(rank); }

    /// The rank's way to all others has failed; the first reason is kept.
    void fail(std::size_t rank, std::string why) { lines_[rank]->fail(std::move(why)); }

private:
    class line_of final : public endpoint {
    public:
        line_of(std::vector<std::unique_ptr<line_of>>& all, std::size_t rank, in_process_network network)
            : all_(all), rank_(rank), network_(network), random_(rank), gone_(16, false) {}

        std::size_t rank() const noexcept override { return rank_; }
        std::size_t size() const noexcept override { return all_.size(); }
        delivery how() const noexcept override { return network_.how; }

        void send(std::size_t to, packet message) override {
            if (std::uniform_real_distribution<>(0, 1)(random_) < network_.lost) return;
            // A copy, as who sent it may change it.
            packet copied(std::vector<std::byte>(message.bytes().begin(), message.bytes().end()));
            all_[to]->bring({rank_, std::move(copied)}, network_.delay);
        }

        std::optional<arrival> receive() override {
            std::lock_guard const lock(mutex_);
            if (come_.empty() || come_.front().first > clock::now()) return {};
            auto first = std::move(come_.front().second);
            come_.erase(come_.begin());
            return first;
        }

        void wait(time_point until) override {
            std::unique_lock lock(mutex_);
            while (!std::exchange(woken_, false)) {
                auto const now = clock::now();
                if (now >= until || (!come_.empty() && come_.front().first <= now)) return;
                // By value, as the messages may lie elsewhere when it wakes.
                time_point const next = come_.empty() ? until : std::min(until, come_.front().first);
                changed_.wait_until(lock, next);
            }
        }

        void wake() noexcept override {
            std::lock_guard const lock(mutex_);
            woken_ = true;
            changed_.notify_all();
        }

        void drop(std::size_t rank) override {
            std::lock_guard const lock(mutex_);
            gone_[rank] = true;
        }

        std::size_t unsent() const noexcept override { return 0; }

        bool is_gone(std::size_t rank) const noexcept override {
            std::lock_guard const lock(mutex_);
            return gone_[rank];
        }
        std::uint64_t losses() const noexcept override {
            std::lock_guard const lock(mutex_);
            return losses_;
        }
        std::optional<std::string> failed() const override {
            std::lock_guard const lock(mutex_);
            return failed_;
        }

        // ---- For the network

        void bring(arrival what, std::chrono::nanoseconds delay = {}) {
            std::lock_guard const lock(mutex_);
            come_.emplace_back(clock::now() + delay, std::move(what));
            changed_.notify_all();
        }
        void lose(std::size_t rank) {
            std::lock_guard const lock(mutex_);
            gone_[rank] = true;
            ++losses_;
            woken_ = true;
            changed_.notify_all();
        }
        void fail(std::string why) {
            std::lock_guard const lock(mutex_);
            if (!failed_) failed_ = std::move(why);
            woken_ = true;
            changed_.notify_all();
        }

    private:
        using clock = std::chrono::steady_clock;

        std::vector<std::unique_ptr<line_of>>& all_;
        std::size_t rank_;
        in_process_network network_;
        std::mt19937_64 random_;  // of the thread that sends
        std::condition_variable changed_;
        mutable std::mutex mutex_;  // guards what follows
        std::vector<std::pair<time_point, arrival>> come_;
        std::vector<bool> gone_;
        std::uint64_t losses_ = 0;
        std::optional<std::string> failed_;
        bool woken_ = false;
    };

    std::vector<std::unique_ptr<line_of>> lines_;
};

}  // namespace quartet::detail
