// include/quartet/detail/io/barrier_gate.hpp
//
// What a barrier is made of.
#pragma once

#include <quartet/detail/io/gate.hpp>
#include <quartet/detail/io/operations/gate_operation.hpp>

#include <cstddef>
#include <memory>

namespace quartet::inline v0::detail {

/// Any thread.
class barrier_gate : public gate {
public:
    /// For the threads of this process.
    static std::unique_ptr<barrier_gate> make_local(std::size_t expected);
    /// Between processes. Throws std::system_error if the system refuses.
    static std::unique_ptr<barrier_gate> make_shared(std::size_t expected);

    /// One try. If it would block, `who` has arrived and waits, unless it is null. `was_last` becomes true
    /// for the last who arrives. Closed: the barrier is broken.
    virtual attempt arrive(gate_waiter* who, bool& was_last) = 0;

    virtual void abort() = 0;
    virtual void reset() = 0;
    virtual bool broken() = 0;
    virtual std::size_t waiting() = 0;
};

/// Throws barrier_broken (barrier.hpp) where `how` says so.
void require_whole(attempt how);

class [[nodiscard]] arrive_operation final : public gate_operation {
public:
    arrive_operation(context& owner, barrier_gate& at) noexcept : gate_operation(owner, at), barrier_(&at) {}

    bool await_resume() {
        throw_error();
        require_whole(last_try());
        return was_last_;
    }

private:
    attempt try_once(gate_waiter* who) override { return barrier_->arrive(who, was_last_); }

    barrier_gate* barrier_;
    bool was_last_ = false;
};

}  // namespace quartet::inline v0::detail
