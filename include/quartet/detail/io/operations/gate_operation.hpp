// include/quartet/detail/io/operations/gate_operation.hpp
//
// What a body awaits at a gate, such as a send to a channel or a lock.
#pragma once

#include <quartet/backend/operation.hpp>
#include <quartet/context.hpp>
#include <quartet/detail/io/gate.hpp>
#include <quartet/detail/io/task_slots.hpp>

#include <cstddef>
#include <exception>

namespace quartet::inline v0::detail {

class gate_operation;

/// The loop on which operations wait at gates.
class gate_host {
public:
    /// Any thread, under the lock of the operation's gate.
    virtual void woken(gate_operation& operation) noexcept = 0;

protected:
    ~gate_host() = default;
};

class gate_operation : public operation, public gate_waiter {
public:
    static constexpr std::size_t nowhere = ~std::size_t{0};

    /// Most need not wait, and are done before a loop hears of them.
    bool await_ready() {
        bool const leaves_record = this_task.slot != nullptr;
        if (!leaves_record && !owner().stop_requested() && try_for(nullptr)) return true;
        return operation::await_ready();
    }

    /// Tries once, for `who` if that is not null. False if that would block. Exceptions are left in `error`.
    bool try_for(gate_waiter* who) noexcept {
        try {
            last_try_ = try_once(who);
        } catch (...) {
            error = std::current_exception();
            return true;
        }
        return last_try_ != attempt::would_block;
    }

    gate& at() const noexcept { return *gate_; }

    /// Those on different sides of a gate wait for different things.
    std::size_t side() const noexcept { return side_; }
    static constexpr std::size_t sides = 2;

    void wake() noexcept override { host->woken(*this); }
    bool on_loop() const noexcept override { return true; }

    gate_host* host = nullptr;         ///< set before the first try with the operation itself
    std::size_t list_index = nowhere;  ///< in the host's list

protected:
    gate_operation(context& owner, gate& at, std::size_t side = 0) noexcept
        : operation(owner), gate_(&at), side_(side) {}
    gate_operation(gate_operation&&) noexcept = default;

    attempt last_try() const noexcept { return last_try_; }

private:
    virtual attempt try_once(gate_waiter* who) = 0;
    void perform(blocking_thread& here) override;
    bool begin(event_loop& loop) override;
    bool pretend(fake_loop& loop) override;
    void cancel_begun(event_loop& loop) noexcept override;
    void cancel_pretended(fake_loop& loop) noexcept override;

    gate* gate_;
    std::size_t side_;
    attempt last_try_ = attempt::would_block;
};

}  // namespace quartet::inline v0::detail
