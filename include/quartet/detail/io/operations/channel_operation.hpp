// include/quartet/detail/io/operations/channel_operation.hpp
//
// An awaited send to a channel, or receive from it.
#pragma once

#include <quartet/backend/operation.hpp>
#include <quartet/detail/io/channel_waiter.hpp>

#include <cstddef>
#include <exception>

namespace quartet::inline v0::detail {

class channel_operation;

/// The loop on which operations wait for channels.
class channel_host {
public:
    /// Any thread, under the lock of the operation's channel.
    virtual void woken(channel_operation& operation) noexcept = 0;

protected:
    ~channel_host() = default;
};

/// An awaited send or receive.
class channel_operation : public operation, public channel_waiter {
public:
    static constexpr std::size_t nowhere = ~std::size_t{0};

    bool await_ready();

    /// Tries once, for `who` if that is not null. False if that would block. Exceptions are left in `error`.
    bool try_for(channel_waiter* who) noexcept {
        try {
            last_try_ = try_once(who);
        } catch (...) {
            error = std::current_exception();
            return true;
        }
        return last_try_ != attempt::would_block;
    }

    channel_gate& gate() const noexcept { return *gate_; }
    bool sends() const noexcept { return sends_; }

    void wake() noexcept override { host->woken(*this); }
    bool on_loop() const noexcept override { return true; }

    channel_host* host = nullptr;      ///< set before the first try with the operation itself
    std::size_t list_index = nowhere;  ///< in the host's list

protected:
    channel_operation(context& owner, channel_gate& gate, bool sends) noexcept
        : operation(owner), gate_(&gate), sends_(sends) {}
    channel_operation(channel_operation&&) noexcept = default;

    attempt last_try() const noexcept { return last_try_; }

private:
    virtual attempt try_once(channel_waiter* who) = 0;
    void perform(blocking_thread& here) override;
    bool begin(event_loop& loop) override;
    bool pretend(fake_loop& loop) override;
    void cancel_begun(event_loop& loop) noexcept override;
    void cancel_pretended(fake_loop& loop) noexcept override;

    channel_gate* gate_;
    bool sends_;
    attempt last_try_ = attempt::would_block;
};

}  // namespace quartet::inline v0::detail
