#include "src/models/shared_calls.hpp"

#include "src/base/futex.hpp"

#include <quartet/detail/base/own_process.hpp>

#include <thread>
#include <utility>

namespace quartet::inline v0::detail {

class shared_calls::thread_calls final : public nested_host {
public:
    explicit thread_calls(shared_calls& all) noexcept : all_(all) {}

    void offer(nested_work& work) noexcept override {
        if (!calls_.push(work)) return;  // then it runs where it is wanted
        // The exchange in push() comes before these loads, as what those who sleep have written comes before
        // their last look at the slots.
        if (all_.asleep_.load() > 0) all_.wake_another();
        if (helpers_.load() > 0) tell_helpers();
    }

    bool take_back(nested_work& work) noexcept override {
        return work.place == nested_work::nowhere || calls_.take(work);
    }

    void wait_for(nested_work& work, context& here, bool runs_own) noexcept override {
        if (!is_still(made_in_)) [[unlikely]]
            end_forked_child(false);  // the thread that has taken it is the parent's
        while (!work.ended()) {
            if (nested_work* const own = runs_own ? calls_.take_newest(work.place + 1) : nullptr) {
                own->run_beside(here);
                own->tell_end();
                continue;
            }
            auto* const taker = static_cast<thread_calls*>(work.taken_by.load(std::memory_order_acquire));
            if (!taker) {  // it has taken it just now
                std::this_thread::yield();
            } else if (nested_work* const more = taker->made_for(work)) {
                help(*more, static_cast<blocking_context&>(here));
            } else {
                taker->sleep_until_news(work);
            }
        }
    }

    /// Runs one that another thread has made.
    void run_taken(nested_work& work, context& here) noexcept {
        work.first_place_of_taker = calls_.end();
        work.taken_by.store(this, std::memory_order_release);
        work.run_beside(here);
        calls_.lock_out([&work] { work.tell_end(); });
        if (helpers_.load() > 0) tell_helpers();
    }

    work_deque& calls() noexcept { return calls_; }

private:
    /// On a thread that waits for `work`, which this one runs: takes what that has made here; null if there
    /// is none. Once it has ended, what lies here is of others.
    nested_work* made_for(nested_work const& work) noexcept {
        return calls_.steal(work.first_place_of_taker, [&work] { return !work.ended(); });
    }

    /// Mostly it is of the same job; not if what makes it runs a call of its own executor.
    void help(nested_work& work, blocking_context& here) noexcept {
        auto const& made_by = static_cast<blocking_context const&>(*work.made_by);
        if (here.follows_as(made_by)) return run_taken(work, here);
        blocking_context other(here, made_by);
        other.share_calls_by(*this);
        run_taken(work, other);
    }

    /// On a thread that waits for `work`, which this one runs: until that has ended or made calls.
    void sleep_until_news(nested_work const& work) noexcept {
        helpers_.fetch_add(1);
        std::uint32_t const seen = news_.load();
        if (!work.ended() && !calls_.has_any(work.first_place_of_taker)) futex_wait(news_, seen);
        helpers_.fetch_sub(1);
    }

    void tell_helpers() noexcept {
        news_.fetch_add(1);
        futex_wake_all(news_);
    }

    shared_calls& all_;
    process_stamp const made_in_ = this_process();
    work_deque calls_;
    alignas(64) std::atomic<std::uint32_t> helpers_ = 0;  // threads that wait for calls which this one runs
    std::atomic<std::uint32_t> news_ = 0;                 // a futex
};

shared_calls::shared_calls(std::size_t threads, std::function<void()> wake) : wake_(std::move(wake)) {
    threads_.reserve(threads);
    for (std::size_t made = 0; made < threads; ++made)
        threads_.push_back(std::make_unique<thread_calls>(*this));
}

shared_calls::~shared_calls() = default;

nested_host& shared_calls::of(std::size_t thread) noexcept {
    return *threads_[thread];
}

bool shared_calls::has_any() const noexcept {
    for (auto const& each : threads_) {
        if (each->calls().has_any()) return true;
    }
    return false;
}

bool shared_calls::run_any(std::size_t thread, blocking_context& ctx) {
    for (std::size_t step = 1; step < threads_.size(); ++step) {
        nested_work* const found = threads_[(thread + step) % threads_.size()]->calls().steal();
        if (!found) continue;
        if (asleep_.load() > 0 && has_any()) wake_another();
        same_process const here;
        ctx.follow(static_cast<blocking_context const&>(*found->made_by));
        threads_[thread]->run_taken(*found, ctx);
        return true;
    }
    return false;
}

void shared_calls::wake_another() noexcept {
    if (asleep_.load() == 0 || waking_.load() || waking_.exchange(true)) return;
    wake_();
}

}  // namespace quartet::inline v0::detail
