// include/quartet/detail/io/event_gate.hpp
//
// What an event is made of.
#pragma once

#include <quartet/detail/io/gate.hpp>
#include <quartet/detail/io/operations/gate_operation.hpp>

#include <memory>

namespace quartet::inline v0::detail {

/// Any thread.
class event_gate : public gate {
public:
    /// For the threads of this process.
    static std::unique_ptr<event_gate> make_local();
    /// Between processes. Throws std::system_error if the system refuses.
    static std::unique_ptr<event_gate> make_shared();

    /// One try; if it would block, `who` waits, unless it is null.
    virtual attempt wait(gate_waiter* who) = 0;

    /// Those who wait go on, whatever is done to the event before they have a turn.
    virtual void set() = 0;
    virtual void reset() = 0;
    virtual bool is_set() const = 0;
};

class [[nodiscard]] wait_operation final : public gate_operation {
public:
    wait_operation(context& owner, event_gate& at) noexcept : gate_operation(owner, at), event_(&at) {}

    void await_resume() { throw_error(); }

private:
    attempt try_once(gate_waiter* who) override { return event_->wait(who); }

    event_gate* event_;
};

}  // namespace quartet::inline v0::detail
