// include/quartet/detail/io/operations/descriptor_operation.hpp
//
// What waits until a descriptor is ready: the wait itself, and what sockets do. Such an operation tries; if
// that would block it waits until the descriptor is ready, and tries again.
#pragma once

#include <quartet/backend/operation.hpp>
#include <quartet/readiness.hpp>

#include <cstdint>

namespace quartet::inline v0::detail {

class descriptor_operation : public operation {
protected:
    /// `serial` is 0, or the number of an own socket: never given to another in this process, so that nobody
    /// else can have closed the descriptor.
    descriptor_operation(context& owner, int descriptor, readiness wanted, std::uint64_t serial = 0) noexcept
        : operation(owner), waits_for_{.serial = serial, .descriptor = descriptor, .wanted = wanted} {}
    descriptor_operation(descriptor_operation&&) noexcept = default;

    int number() const noexcept { return waits_for_.descriptor; }
    readiness wanted() const noexcept { return waits_for_.wanted; }

    /// For try_now: there is more to do and it would not block, but others should have their turn first.
    bool may_go_on() noexcept {
        has_more_ = true;
        return false;
    }

    /// For try_now of an own socket: that nothing can be read until the system tells of it again, so that
    /// trying is vain; and saying so, after a read that took all there was.
    bool is_drained() const noexcept { return is_drained_; }
    void set_drained() noexcept { is_drained_ = true; }

    /// For try_now that is not done: waits for this from now on.
    void wait_for(int descriptor, readiness wanted, std::uint64_t serial) noexcept {
        next_ = {.serial = serial, .descriptor = descriptor, .wanted = wanted};
        turns_away_ = descriptor != waits_for_.descriptor || wanted != waits_for_.wanted;
    }

private:
    friend class descriptor_waits;
    friend class fake_descriptors;

    struct place {
        std::uint64_t serial = 0;
        int descriptor = -1;
        readiness wanted;
    };

    /// Takes over what wait_for has said.
    void turn_to_next() noexcept {
        if (turns_away_) [[unlikely]]
            waits_for_ = next_;
        turns_away_ = false;
    }

    /// Tries, without waiting. `holds` is what the descriptor is known to hold at this moment, nothing if
    /// that is not known. True if the operation is done; what goes wrong is thrown.
    virtual bool try_now(readiness holds) = 0;

    void perform(blocking_thread& here) final;
    bool begin(event_loop& loop) final;
    bool pretend(fake_loop& loop) final;
    void cancel_begun(event_loop& loop) noexcept final;
    void cancel_pretended(fake_loop& loop) noexcept final;

    place waits_for_;
    place next_;
    bool turns_away_ = false;  // to the next, which is another
    bool has_more_ = false;    // its last try ended although it would not have blocked
    bool is_drained_ = false;  // as its descriptor is known to be, see descriptor_waits.hpp
    bool waits_ = false;       // it is in the list of those who wait for its descriptor
    std::uint32_t round_ = 0;  // in which it came there
    descriptor_operation* before_ = nullptr;
    descriptor_operation* after_ = nullptr;
};

class [[nodiscard]] ready_operation final : public descriptor_operation {
public:
    /// Throws std::logic_error if `wanted` is nothing.
    ready_operation(context& owner, int descriptor, readiness wanted);

    readiness await_resume() {
        throw_error();
        return holds_;
    }

private:
    bool try_now(readiness holds) override;

    readiness holds_;
};

}  // namespace quartet::inline v0::detail
