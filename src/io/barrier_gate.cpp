#include <quartet/barrier.hpp>
#include <quartet/detail/io/barrier_gate.hpp>

#include <mutex>

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
    bool broken() const override {
        std::lock_guard const lock(mutex_);
        return broken_;
    }
    std::size_t waiting() const override {
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
    mutable std::mutex mutex_;  // of what follows
    std::size_t waiting_ = 0;   // so many are in the line
    bool broken_ = false;
    waiter_list line_;
};

}  // namespace

std::unique_ptr<barrier_gate> barrier_gate::make_local(std::size_t expected) {
    return std::make_unique<local_barrier>(expected);
}

void require_whole(attempt how) {
    if (how == attempt::closed) throw barrier_broken();
}

}  // namespace quartet::inline v0::detail
