// include/quartet/detail/io/permits.hpp
//
// A number of permits, and who waits for one of them: a semaphore has several, a mutex one.
//
// A permit that is given back goes to the first who waits, at once: nobody who comes later gets before. While
// nobody waits, to take and to give back are one atomic step each, on `word_`; the lock is for those who
// wait.
#pragma once

#include <quartet/context.hpp>
#include <quartet/detail/io/gate.hpp>
#include <quartet/detail/io/operations/gate_operation.hpp>
#include <quartet/detail/io/own_awaitable.hpp>
#include <quartet/detail/io/task_slots.hpp>

#include <atomic>
#include <chrono>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <mutex>
#include <optional>
#include <utility>

namespace quartet::inline v0::detail {

/// Any thread.
class permits final : public gate {
public:
    static constexpr std::size_t most = std::numeric_limits<std::uint64_t>::max() / 2;

    /// For the threads of this process. `count` is no more than `most`.
    explicit permits(std::size_t count) noexcept : word_(std::uint64_t{count} << 1) {}

    /// Takes one if there is one and nobody waits.
    bool try_take() noexcept {
        std::uint64_t seen = word_.load(std::memory_order_relaxed);
        while (seen > has_waiters) {
            if (word_.compare_exchange_weak(seen, seen - one, std::memory_order_acquire,
                                            std::memory_order_relaxed))
                return true;
        }
        return false;
    }

    /// One try; if it would block, `who` is the last who waits, unless it is null.
    attempt take(gate_waiter* who) noexcept;

    /// Has the thread wait, outside of bodies. False if the deadline has passed.
    bool take_until(std::chrono::steady_clock::time_point deadline);

    void give_back() noexcept {
        if (!try_give_back()) [[unlikely]]
            give_to_next();
    }

    /// How many are there to be taken, at this moment.
    std::size_t available() const noexcept { return word_.load(std::memory_order_relaxed) >> 1; }

    void leave(gate_waiter& who) noexcept override;

private:
    // The permits that are there times two, or has_waiters: then there is none. It changes from and to
    // has_waiters under the lock only, and is has_waiters as long as somebody is in the line.
    static constexpr std::uint64_t has_waiters = 1;
    static constexpr std::uint64_t one = 2;

    bool try_give_back() noexcept {
        std::uint64_t seen = word_.load(std::memory_order_relaxed);
        while (seen != has_waiters) {
            if (word_.compare_exchange_weak(seen, seen + one, std::memory_order_release,
                                            std::memory_order_relaxed))
                return true;
        }
        return false;
    }
    void give_to_next() noexcept;
    void give_to_next_locked() noexcept;
    void mark_if_nobody_waits() noexcept;

    std::atomic<std::uint64_t> word_;
    std::mutex mutex_;  // of what follows
    waiter_list line_;
};

class take_operation final : public gate_operation {
public:
    take_operation(context& owner, permits& from) noexcept : gate_operation(owner, from), from_(&from) {}

    void await_resume() { throw_error(); }

private:
    attempt try_once(gate_waiter* who) override { return from_->take(who); }

    permits* from_;
};

/// Makes an operation only if it has to wait. Held has the right to give the permit back.
template <class Held>
class [[nodiscard]] take_awaiter : public own_awaiter {
public:
    take_awaiter(context& owner, permits& from) noexcept : owner_(&owner), from_(&from) {}
    take_awaiter(take_awaiter&& other) noexcept : owner_(other.owner_), from_(other.from_) {}
    take_awaiter& operator=(take_awaiter const&) = delete;

    bool await_ready() {
        bool const leaves_record = this_task.slot != nullptr;
        if (!leaves_record && !owner_->stop_requested() && from_->try_take()) [[likely]]
            return true;
        return waits_.emplace(*owner_, *from_).operation::await_ready();
    }
    void await_suspend(std::coroutine_handle<> waiter) noexcept { waits_->await_suspend(waiter); }
    Held await_resume() {
        if (waits_) waits_->await_resume();
        return Held(*from_);
    }

private:
    context* owner_;
    permits* from_;
    std::optional<take_operation> waits_;
};

/// One permit that was taken, or none.
class held_permit {
public:
    held_permit() = default;
    held_permit(held_permit&& other) noexcept : of_(std::exchange(other.of_, nullptr)) {}
    held_permit& operator=(held_permit&& other) noexcept {
        if (this != &other) {
            give_back();
            of_ = std::exchange(other.of_, nullptr);
        }
        return *this;
    }

    /// Whether it holds one.
    explicit operator bool() const noexcept { return of_ != nullptr; }

protected:
    explicit held_permit(permits& of) noexcept : of_(&of) {}
    ~held_permit() { give_back(); }

    void give_back() noexcept {
        if (of_) std::exchange(of_, nullptr)->give_back();
    }

private:
    permits* of_ = nullptr;
};

}  // namespace quartet::inline v0::detail
