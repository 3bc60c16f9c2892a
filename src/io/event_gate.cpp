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

}  // namespace

std::unique_ptr<event_gate> event_gate::make_local() {
    return std::make_unique<local_event>();
}

}  // namespace quartet::inline v0::detail
