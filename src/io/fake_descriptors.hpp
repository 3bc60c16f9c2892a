// src/io/fake_descriptors.hpp
//
// The operations that wait for descriptors on the fake's loop.
//
// Descriptors are real ones there as well, and what happens at them takes no time: while a body waits for one
// and nothing else can happen, the clock stands, for so long at the most. For one thread.
#pragma once

#include "src/io/look_for_stop.hpp"
#include "src/io/poll_descriptor.hpp"

#include <quartet/backend/loop.hpp>
#include <quartet/detail/io/operations/descriptor_operation.hpp>
#include <quartet/outcome.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <ctime>
#include <exception>
#include <optional>
#include <poll.h>
#include <utility>
#include <vector>

namespace quartet::inline v0::detail {

class fake_descriptors final : public fake_service {
public:
    explicit fake_descriptors(fake_loop& loop) noexcept : loop_(loop) {}

    /// Tries. It completes soon, when it is done.
    void start(descriptor_operation& operation) {
        if (operation.try_now({})) {
            loop_.complete_soon(operation);
        } else {
            operation.turn_to_next();
            waiting_.push_back(&operation);
        }
    }

    /// Ends one with the error `why`, if it waits here.
    void end(descriptor_operation& operation, std::exception_ptr const& why) noexcept {
        if (std::erase(waiting_, &operation) == 0) return;
        operation.error = why;
        loop_.complete_soon(operation);
    }

    void end_all(std::exception_ptr const& why) override {
        while (!waiting_.empty())
            end(*waiting_.front(), why);
    }

    bool advance(bool idle) override {
        if (waiting_.empty()) return false;
        if (complete_ready(std::chrono::nanoseconds(0))) {
            stands_since_.reset();
            return true;
        }
        if (!idle) return false;
        auto const now = std::chrono::steady_clock::now();
        if (!stands_since_) stands_since_ = now;
        if (now - *stands_since_ >= most) return false;
        if (complete_ready(look_for_stop)) stands_since_.reset();
        return true;
    }

private:
    static constexpr auto most = std::chrono::seconds(1);

    /// The first that is done: the body that goes on may take what another waits for. True if there was one.
    bool complete_ready(std::chrono::nanoseconds most_time) {
        std::vector<pollfd> asked;
        for (auto const* each : waiting_) {
            auto const events = static_cast<short>(events_of(each->waits_for_.wanted));
            asked.push_back({.fd = each->waits_for_.descriptor, .events = events, .revents = 0});
        }
        timespec const time{.tv_sec = 0, .tv_nsec = most_time.count()};
        if (::ppoll(asked.data(), asked.size(), &time, nullptr) <= 0) return false;
        for (std::size_t i = 0; i < asked.size(); ++i) {
            if (asked[i].revents != 0 && try_again(*waiting_[i])) return true;
        }
        return false;
    }

    bool try_again(descriptor_operation& operation) {
        try {
            if (!operation.try_now({})) {
                operation.turn_to_next();
                return false;
            }
        } catch (...) {
            operation.error = std::current_exception();
        }
        std::erase(waiting_, &operation);
        loop_.complete_soon(operation);
        return true;
    }

    fake_loop& loop_;
    std::vector<descriptor_operation*> waiting_;  // in the order they came
    std::optional<std::chrono::steady_clock::time_point> stands_since_;
};

}  // namespace quartet::inline v0::detail
