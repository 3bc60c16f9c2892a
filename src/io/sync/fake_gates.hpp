// src/io/sync/fake_gates.hpp
//
// The operations that wait at gates on the fake's loop.
//
// Gates within the process tell of changes, as they do on a real loop; those between processes are
// looked at when nothing else can happen. For one thread: the fake knows what its own bodies do.
#pragma once

#include <quartet/backend/loop.hpp>
#include <quartet/detail/io/operations/gate_operation.hpp>
#include <quartet/outcome.hpp>

#include <algorithm>
#include <exception>
#include <utility>
#include <vector>

namespace quartet::inline v0::detail {

class fake_gates final : public fake_service, private gate_host {
public:
    explicit fake_gates(fake_loop& loop) noexcept : loop_(loop) {}

    /// Tries; true if the operation is done, false if it waits.
    bool start(gate_operation& operation) {
        operation.host = this;
        if (operation.try_for(&operation)) return true;
        operation.list_index = waiting_.size();
        waiting_.push_back(&operation);
        return false;
    }

    /// Ends one with the error `why`, if it waits here.
    void end(gate_operation& operation, std::exception_ptr why) {
        if (operation.list_index == gate_operation::nowhere) return;
        operation.at().leave(operation);
        woken_.remove(operation);
        to_try_.remove(operation);
        forget(operation);
        operation.error = std::move(why);
        loop_.complete_soon(operation);
    }

    void end_all(std::exception_ptr const& why) override {
        while (!waiting_.empty())
            end(*waiting_.front(), why);
    }

    bool advance(bool idle) override { return try_woken() || (idle && try_between_processes()); }

private:
    /// Completes those that were woken and are done now. True if there were any.
    bool try_woken() {
        while (auto* const each = woken_.pop())
            to_try_.add(*each);
        bool any = false;
        while (auto* const each = to_try_.pop())
            any |= try_again(static_cast<gate_operation&>(*each));
        return any;
    }

    /// Completes one that waits at a gate between processes, and is done now. True if there was one.
    bool try_between_processes() {
        return std::ranges::any_of(
            waiting_, [this](auto* each) { return each->at().descriptor() >= 0 && try_again(*each); });
    }

    void woken(gate_operation& operation) noexcept override { woken_.add(operation); }

    bool try_again(gate_operation& operation) {
        if (!operation.try_for(&operation)) return false;
        forget(operation);
        operation.complete();
        return true;
    }

    void forget(gate_operation& operation) {
        waiting_.back()->list_index = operation.list_index;
        waiting_[operation.list_index] = waiting_.back();
        waiting_.pop_back();
        operation.list_index = gate_operation::nowhere;
    }

    fake_loop& loop_;
    std::vector<gate_operation*> waiting_;  // each knows its index
    waiter_list woken_;
    waiter_list to_try_;  // woken, and looked at in this turn
};

}  // namespace quartet::inline v0::detail
