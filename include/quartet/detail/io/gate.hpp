// include/quartet/detail/io/gate.hpp
//
// A gate is what lets some through and has others wait: a channel, a lock. Who waits is a thread, or a body
// on an event loop.
//
// A wake-up carries nothing: a waiter that is woken tries again. So a channel's value is taken at the moment
// when its receiver goes on, and a receiver that is woken and then cancelled leaves the value for the next. A
// gate that lets waiters through in their order grants it to them: their next try is done then, whatever came
// meanwhile; one that makes no further try leaves, and the gate has its grant back.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace quartet::inline v0::detail {

class waiter_list;

class gate_waiter {
public:
    gate_waiter& operator=(gate_waiter const&) = delete;

    /// Makes it try again. Any thread, under the lock of the gate in whose list it was.
    virtual void wake() noexcept = 0;

    /// A loop hears of a gate between processes by its descriptor; a thread waits for a word.
    virtual bool on_loop() const noexcept = 0;

    /// The word that a thread waits to change, as the gate saw it when it put the waiter off.
    std::atomic<std::uint32_t> const* word = nullptr;
    std::uint32_t seen = 0;

    /// Of a gate between processes: where it has this waiter in its list; 0 if it has not.
    std::size_t place = 0;

    /// What a gate tells one that waits. Written and read under the gate's lock.
    enum class answer : std::uint8_t { none, granted, refused };
    void tell(answer what) noexcept {
        answer_ = what;
        wake();
    }
    void grant() noexcept { tell(answer::granted); }
    answer take_answer() noexcept { return std::exchange(answer_, answer::none); }
    bool take_grant() noexcept { return take_answer() == answer::granted; }

protected:
    gate_waiter() = default;
    gate_waiter(gate_waiter&&) noexcept {}  // until it waits
    virtual ~gate_waiter() = default;

private:
    friend class waiter_list;
    answer answer_ = answer::none;
    waiter_list* list_ = nullptr;
    gate_waiter* before_ = nullptr;
    gate_waiter* after_ = nullptr;
};

/// Waiters in the order in which they came. The caller holds the lock that guards it.
class waiter_list {
public:
    waiter_list() = default;
    waiter_list(waiter_list const&) = delete;
    waiter_list& operator=(waiter_list const&) = delete;

    bool empty() const noexcept { return !first_; }
    bool holds(gate_waiter const& who) const noexcept { return who.list_ == this; }

    /// Nothing if it is there already.
    void add(gate_waiter& who) noexcept {
        if (who.list_ == this) return;
        who.list_ = this;
        who.before_ = last_;
        who.after_ = nullptr;
        (last_ ? last_->after_ : first_) = &who;
        last_ = &who;
    }

    /// False if it is not there.
    bool remove(gate_waiter& who) noexcept {
        if (who.list_ != this) return false;
        (who.before_ ? who.before_->after_ : first_) = who.after_;
        (who.after_ ? who.after_->before_ : last_) = who.before_;
        who.list_ = nullptr;
        return true;
    }

    /// The first, taken out; null if there is none.
    gate_waiter* pop() noexcept {
        gate_waiter* const who = first_;
        if (who) remove(*who);
        return who;
    }

    void wake_one() noexcept {
        if (auto* const who = pop()) who->wake();
    }
    void wake_all() noexcept {
        while (auto* const who = pop())
            who->wake();
    }
    void tell_all(gate_waiter::answer what) noexcept {
        while (auto* const who = pop())
            who->tell(what);
    }

private:
    gate_waiter* first_ = nullptr;
    gate_waiter* last_ = nullptr;
};

/// A thread that blocks.
class thread_waiter final : public gate_waiter {
public:
    void wake() noexcept override;
    bool on_loop() const noexcept override { return false; }

    /// To be called before each try.
    void prepare() noexcept {
        word = &own_;
        seen = own_.load(std::memory_order_relaxed);
    }

    /// After a try that would block: waits until it is worth another one, the deadline passes or `stop` is
    /// not 0; may also return for no reason.
    void wait(std::chrono::steady_clock::time_point deadline,
              std::atomic<std::uint32_t> const* stop = nullptr) noexcept;

private:
    std::atomic<std::uint32_t> own_{0};  // counts the wake-ups
};

/// What became of one try to come through.
enum class attempt : std::uint8_t {
    done,
    closed,
    would_block,  ///< not now; the waiter is woken when that may have changed
};

/// As its waiters see it. Any thread.
class gate {
public:
    virtual ~gate() = default;

    /// `who` waits and tries no more; a wake-up that it had goes to the next.
    virtual void leave(gate_waiter& who) noexcept = 0;

    /// An eventfd that is written to for loops that wait, but never read: watch it for edges. -1: they are
    /// woken one by one.
    virtual int descriptor() const noexcept { return -1; }

    /// How long one that waits may leave it at that, and not try again: somebody who would have to wake it
    /// may have died.
    virtual std::chrono::nanoseconds look_again() const noexcept { return std::chrono::nanoseconds::max(); }

    /// Until when a wait lasts that has this deadline.
    std::chrono::steady_clock::time_point wait_until(std::chrono::steady_clock::time_point deadline) const {
        auto const most = look_again();
        if (most == std::chrono::nanoseconds::max()) return deadline;
        return std::min(deadline, std::chrono::steady_clock::now() + most);
    }
};

/// Has a thread wait outside of bodies: `try_once(waiter)` is one try, at first with null. Gives what became
/// of the last one, which is would_block if the deadline has passed.
attempt wait_at(gate& where, std::chrono::steady_clock::time_point deadline, auto&& try_once) {
    auto how = try_once(static_cast<gate_waiter*>(nullptr));
    if (how != attempt::would_block) return how;
    thread_waiter self;
    for (;;) {
        self.prepare();
        how = try_once(static_cast<gate_waiter*>(&self));
        if (how != attempt::would_block) return how;
        if (deadline != std::chrono::steady_clock::time_point::max() &&
            std::chrono::steady_clock::now() >= deadline) {
            where.leave(self);
            return how;
        }
        self.wait(where.wait_until(deadline));
    }
}

}  // namespace quartet::inline v0::detail
