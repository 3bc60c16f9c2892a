#include "src/io/sync/shared_gate.hpp"

#include <quartet/detail/io/event_gate.hpp>

#include <atomic>
#include <mutex>

namespace quartet::inline v0::detail {
namespace {

class local_event final : public event_gate {
public:
    attempt wait(gate_waiter* who) override {
        if (!who) return is_set() ? attempt::done : attempt::would_block;
        std::lock_guard const lock(mutex_);
        if (who->take_grant() || is_set()) return attempt::done;
        line_.add(*who);
        return attempt::would_block;
    }

    void set() override {
        std::lock_guard const lock(mutex_);
        is_set_.store(true, std::memory_order_release);
        line_.tell_all(gate_waiter::answer::granted);
    }
    void reset() override {
        std::lock_guard const lock(mutex_);
        is_set_.store(false, std::memory_order_relaxed);
    }
    bool is_set() const override { return is_set_.load(std::memory_order_acquire); }

    void leave(gate_waiter& who) noexcept override {
        std::lock_guard const lock(mutex_);
        if (!line_.remove(who)) who.take_answer();
    }

private:
    std::atomic<bool> is_set_{false};  // changes under the lock; whoever reads it sees what was before set()
    std::mutex mutex_;
    waiter_list line_;  // empty while the event is set
};

class shared_event_gate final : public event_gate, private shared_gate {
public:
    shared_event_gate() : shared_gate("event") {}

    attempt wait(gate_waiter* who) override {
        if (!who) return is_set() ? attempt::done : attempt::would_block;
        access const lock(*this);
        if (take_answer(*who) == answer::granted) return attempt::done;
        if (is_set()) {
            shared_gate::remove(*who);
            return attempt::done;
        }
        look(false);  // since a place of one that died would not be used again
        if (who->place == 0) add(*who);
        return attempt::would_block;
    }

    void set() override {
        access const lock(*this);
        state().store(1, std::memory_order_release);
        tell_all(answer::granted);
    }
    void reset() override {
        access const lock(*this);
        state().store(0, std::memory_order_relaxed);
    }
    bool is_set() const override { return state().load(std::memory_order_acquire) != 0; }

    void leave(gate_waiter& who) noexcept override {
        access const lock(*this);
        shared_gate::remove(who);
    }
    int descriptor() const noexcept override { return event_descriptor(); }
    std::chrono::nanoseconds look_again() const noexcept override { return look_interval; }

private:
    std::atomic<std::uint64_t>& state() const noexcept { return word(0); }

    // Who was killed may have set it and not told all: those who look again see that it is set.
    void mend() noexcept override {}
    bool matters(member const&) noexcept override { return false; }
    void lose(member&, bool) noexcept override {}
};

}  // namespace

std::unique_ptr<event_gate> event_gate::make_local() {
    return std::make_unique<local_event>();
}

std::unique_ptr<event_gate> event_gate::make_shared() {
    return std::make_unique<shared_event_gate>();
}

}  // namespace quartet::inline v0::detail
