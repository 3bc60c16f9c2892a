#include "src/io/sync/shared_gate.hpp"

#include <quartet/barrier.hpp>
#include <quartet/detail/io/barrier_gate.hpp>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <utility>

namespace quartet::inline v0::detail {
namespace {

class local_barrier final : public barrier_gate {
public:
    explicit local_barrier(std::size_t expected) noexcept : expected_(expected) {}

    attempt arrive(gate_waiter* who, bool& was_last) override {
        std::lock_guard const lock(mutex_);
        if (who) {
            auto const answer = who->take_answer();
            if (answer == gate_waiter::answer::granted) return attempt::done;
            if (answer == gate_waiter::answer::refused) return attempt::closed;
            if (line_.holds(*who)) return attempt::would_block;
        }
        if (broken_) return attempt::closed;
        if (waiting_ + 1 == expected_) {
            tell_all(gate_waiter::answer::granted);
            was_last = true;
            return attempt::done;
        }
        if (who) {
            line_.add(*who);
            ++waiting_;
        }
        return attempt::would_block;
    }

    void abort() override {
        std::lock_guard const lock(mutex_);
        broken_ = true;
        tell_all(gate_waiter::answer::refused);
    }
    void reset() override {
        std::lock_guard const lock(mutex_);
        broken_ = false;
        tell_all(gate_waiter::answer::refused);
    }
    bool broken() override {
        std::lock_guard const lock(mutex_);
        return broken_;
    }
    std::size_t waiting() override {
        std::lock_guard const lock(mutex_);
        return waiting_;
    }

    void leave(gate_waiter& who) noexcept override {
        std::lock_guard const lock(mutex_);
        if (line_.remove(who)) {
            --waiting_;
        } else {
            who.take_answer();
        }
    }

private:
    void tell_all(gate_waiter::answer what) noexcept {
        waiting_ = 0;
        line_.tell_all(what);
    }

    std::size_t const expected_;
    std::mutex mutex_;         // of what follows
    std::size_t waiting_ = 0;  // so many are in the line
    bool broken_ = false;
    waiter_list line_;
};

/// Word 0: the round, counted from 0. Word 1: the one that is to be passed next, above it while all are told
/// that it is passed. Word 2: whether it is broken. Those that wait are those who have arrived.
class shared_barrier final : public barrier_gate, private shared_gate {
public:
    explicit shared_barrier(std::size_t expected) : shared_gate("barrier"), expected_(expected) {}

    attempt arrive(gate_waiter* who, bool& was_last) override {
        access const lock(*this);
        if (who && who->place != 0) return hear(*who);
        if (is_broken()) return attempt::closed;
        bool const last = shared_gate::waiting() + 1 == expected_;
        if (!last && !who) return attempt::would_block;
        member& own = self();
        if (own.round != round() + 1) own.before = std::exchange(own.round, round() + 1);
        if (last) {
            word(1).store(round() + 1, std::memory_order_relaxed);
            pass();
            was_last = true;
            return attempt::done;
        }
        add(*who);
        return hear(*who);
    }

    void abort() override {
        access const lock(*this);
        break_it();
    }
    void reset() override {
        access const lock(*this);
        for (member& each : members())
            each.round = each.before = 0;
        word(2).store(0, std::memory_order_relaxed);
        tell_all(answer::refused);
    }
    bool broken() override { return is_broken(); }
    std::size_t waiting() override {
        access const lock(*this);
        return shared_gate::waiting();
    }

    void leave(gate_waiter& who) noexcept override {
        access const lock(*this);
        if (shared_gate::remove(who) != answer::none) return;
        member& own = *known_self();
        if (!waits_here(own)) own.round = own.before;
    }
    int descriptor() const noexcept override { return event_descriptor(); }
    std::chrono::nanoseconds look_again() const noexcept override { return look_interval; }

private:
    /// What one that has arrived is told.
    attempt hear(gate_waiter& who) {
        answer told = take_answer(who);
        if (told == answer::none) {
            look(false);
            told = take_answer(who);
        }
        if (told == answer::none) return attempt::would_block;
        return told == answer::granted ? attempt::done : attempt::closed;
    }

    std::uint64_t round() const noexcept { return word(0).load(std::memory_order_relaxed); }
    bool is_broken() const noexcept { return word(2).load(std::memory_order_relaxed) != 0; }

    void pass() noexcept {
        tell_all(answer::granted);
        word(0).store(word(1).load(std::memory_order_relaxed), std::memory_order_relaxed);
    }
    void break_it() noexcept {
        word(2).store(1, std::memory_order_relaxed);
        tell_all(answer::refused);
    }

    bool waits_here(member const& each) noexcept {
        return std::ranges::any_of(places(),
                                   [&](place const& one) { return one.waits() && is_of(one, each); });
    }

    void mend() noexcept override {
        if (word(1).load(std::memory_order_relaxed) != round()) pass();
        if (is_broken()) tell_all(answer::refused);
    }
    /// It was in the last round, and some of those who were in it too have come for the next one: it will be
    /// missed. If none of them comes, others pass rounds of their own, such as bodies of a later executor.
    bool matters(member const& each) noexcept override {
        return each.round != 0 && each.round == round() &&
               std::ranges::any_of(members(), [this](member const& other) {
                   return other.round == round() + 1 && other.before == round();
               });
    }
    void lose(member& gone, bool waited) noexcept override {
        if (waited || matters(gone)) word(2).store(1, std::memory_order_relaxed);
    }

    std::size_t const expected_;
};

}  // namespace

std::unique_ptr<barrier_gate> barrier_gate::make_local(std::size_t expected) {
    return std::make_unique<local_barrier>(expected);
}

std::unique_ptr<barrier_gate> barrier_gate::make_shared(std::size_t expected) {
    return std::make_unique<shared_barrier>(expected);
}

void require_whole(attempt how) {
    if (how == attempt::closed) throw barrier_broken();
}

}  // namespace quartet::inline v0::detail
