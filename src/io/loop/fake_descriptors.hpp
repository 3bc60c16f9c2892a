// src/io/loop/fake_descriptors.hpp
//
// The operations that wait for descriptors on the fake's loop.
//
// Descriptors are real ones there as well. For one thread.
#pragma once

#include "src/io/loop/poll_descriptor.hpp"

#include <quartet/backend/loop.hpp>
#include <quartet/detail/io/operations/descriptor_operation.hpp>
#include <quartet/outcome.hpp>

#include <algorithm>
#include <cstddef>
#include <exception>
#include <poll.h>
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

    bool waits_for_outside() const noexcept override { return !waiting_.empty(); }

    // Completes the first that is done: the body that goes on may take what another waits for.
    bool advance(bool) override {
        if (waiting_.empty()) return false;
        std::vector<pollfd> asked;
        for (auto const* each : waiting_) {
            auto const events = static_cast<short>(events_of(each->waits_for_.wanted));
            asked.push_back({.fd = each->waits_for_.descriptor, .events = events, .revents = 0});
        }
        if (::poll(asked.data(), asked.size(), 0) <= 0) return false;
        for (std::size_t i = 0; i < asked.size(); ++i) {
            if (asked[i].revents != 0 && try_again(*waiting_[i])) return true;
        }
        return false;
    }

private:
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
};

}  // namespace quartet::inline v0::detail
