// include/quartet/detail/io/permits.hpp
//
// A number of permits, and who waits for one of them: a semaphore has several, a mutex one.
//
// A permit that is given back goes to the first who waits, at once: nobody who comes later gets before. While
// nobody waits, to take and to give back are one atomic step each, on `word_`; the lock is for those who
// wait. Between processes both are done under a lock in shared memory (src/io/sync/shared_permits.hpp), and
// `word_` says that somebody waits, so that no step is done on it.
#pragma once

#include <quartet/between_processes.hpp>
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
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

namespace quartet::inline v0::detail {

class shared_permits;

/// Any thread.
class permits final : public gate {
public:
    static constexpr std::size_t most = std::numeric_limits<std::uint64_t>::max() / 2;

    /// For the threads of this process. `count` is no more than `most`.
    explicit permits(std::size_t count) noexcept;

    /// Between processes. `what` is their name in texts. Throws std::system_error if the system refuses.
    permits(std::size_t count, between_processes, char const* what);
    ~permits() override;

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

    /// One try; if it would block, `who` is the last who waits, unless it is null. `owner_died` becomes true
    /// if the permit was one of a process that died with it.
    attempt take(gate_waiter* who, bool& owner_died);

    /// One try of somebody who does not wait.
    bool take_now(bool& owner_died);

    /// Has the thread wait, outside of bodies. False if the deadline has passed.
    bool take_until(std::chrono::steady_clock::time_point deadline, bool& owner_died);

    void give_back() noexcept {
        if (!try_give_back()) [[unlikely]]
            give_to_next();
    }

    /// How many are there to be taken, at this moment.
    std::size_t available() const;

    /// A word beside those between processes, for who has one; 0 at first.
    std::atomic<std::uint64_t>& shared_word() const noexcept;

    void leave(gate_waiter& who) noexcept override;
    int descriptor() const noexcept override;
    std::chrono::nanoseconds look_again() const noexcept override;

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
    std::mutex mutex_;  // of the line
    waiter_list line_;
    std::unique_ptr<shared_permits> shared_;  // between processes; and then the rest is not used
};

class take_operation final : public gate_operation {
public:
    take_operation(context& owner, permits& from) noexcept : gate_operation(owner, from), from_(&from) {}

    /// Whether the permit's owner has died.
    bool await_resume() {
        throw_error();
        return owner_died_;
    }

private:
    attempt try_once(gate_waiter* who) override { return from_->take(who, owner_died_); }

    permits* from_;
    bool owner_died_ = false;
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
        bool const owner_died = waits_ && waits_->await_resume();
        return Held(*from_, owner_died);
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
    held_permit(held_permit&& other) noexcept
        : of_(std::exchange(other.of_, nullptr)), owner_died_(other.owner_died_) {}
    held_permit& operator=(held_permit&& other) noexcept {
        if (this != &other) {
            give_back();
            of_ = std::exchange(other.of_, nullptr);
            owner_died_ = other.owner_died_;
        }
        return *this;
    }

    /// Whether it holds one.
    explicit operator bool() const noexcept { return of_ != nullptr; }

    /// Between processes: whether the process that had it last died with it, and nobody was told before. What
    /// it was about to change may be half done.
    bool owner_died() const noexcept { return owner_died_; }

protected:
    held_permit(permits& of, bool owner_died) noexcept : of_(&of), owner_died_(owner_died) {}
    ~held_permit() { give_back(); }

    void give_back() noexcept {
        if (of_) std::exchange(of_, nullptr)->give_back();
    }

private:
    permits* of_ = nullptr;
    bool owner_died_ = false;
};

}  // namespace quartet::inline v0::detail
