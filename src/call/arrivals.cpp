#include "src/io/context/look_for_stop.hpp"

#include <quartet/detail/call/arrivals.hpp>
#include <quartet/detail/io/current_context.hpp>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <utility>

namespace quartet::inline v0::detail {

/// Kept by the calls that have not ended.
class arrivals::shared {
public:
    /// Hears of the end of one, and keeps it until then, and itself.
    class arrival final : public continuation {
    public:
        static void of(std::shared_ptr<shared> to, std::shared_ptr<any_call> call, std::size_t index) {
            auto* const made = new arrival(std::move(to), call, index);
            call->then(*made);
        }

    private:
        arrival(std::shared_ptr<shared> to, std::shared_ptr<any_call> call, std::size_t index) noexcept
            : to_(std::move(to)), call_(std::move(call)), index_(index) {}
        void run() noexcept override {
            to_->add(index_);
            delete this;
        }

        std::shared_ptr<shared> to_;
        std::shared_ptr<any_call> call_;
        std::size_t index_;
    };

    explicit shared(std::size_t calls) { ended_.reserve(calls); }

    void add(std::size_t index) noexcept {
        std::shared_ptr<typed_suspension<void>> told;
        {
            std::lock_guard const lock(mutex_);
            ended_.push_back(index);
            told = std::move(waits_);
            changed_.notify_one();
        }
        if (told) told->end_with({});
    }

    std::optional<std::size_t> try_take() {
        std::lock_guard const lock(mutex_);
        if (taken_ == ended_.size()) return {};
        return ended_[taken_++];
    }

    void wait_until(time_point deadline) {
        std::unique_lock lock(mutex_);
        changed_.wait_until(lock, deadline, [this] { return taken_ < ended_.size(); });
    }

    std::shared_ptr<suspension> suspend() {
        auto made = std::make_shared<typed_suspension<void>>();
        std::lock_guard const lock(mutex_);
        if (taken_ < ended_.size())
            made->end_with({});
        else
            waits_ = made;
        return made;
    }

private:
    std::mutex mutex_;  // guards what follows
    std::condition_variable changed_;
    std::vector<std::size_t> ended_;  // in their order; with room for all
    std::size_t taken_ = 0;
    std::shared_ptr<typed_suspension<void>> waits_;
};

arrivals::arrivals(std::vector<std::shared_ptr<any_call>> calls)
    : calls_(std::move(calls)),
      left_(calls_.size()),
      all_alone_(std::ranges::all_of(calls_, [](auto const& each) { return each->goes_on_alone(); })),
      shared_(std::make_shared<shared>(calls_.size())) {
    for (std::size_t index = 0; index < calls_.size(); ++index)
        shared::arrival::of(shared_, calls_[index], index);
}

std::optional<std::size_t> arrivals::try_next() {
    auto const taken = shared_->try_take();
    if (taken) --left_;
    return taken;
}

std::optional<std::size_t> arrivals::next_until(time_point deadline) {
    while (left_ > 0) {
        if (auto const taken = try_next()) return taken;
        auto const now = std::chrono::steady_clock::now();
        if (helps()) {
            help();
            shared_->wait_until(std::min(deadline, now + look_for_stop));
        } else {
            if (any_call* const own = call_of_own_executor()) own->wait_until(now);  // which refuses
            shared_->wait_until(deadline);
        }
        if (deadline <= now) return try_next();
    }
    return {};
}

/// Calls may come to the queue of this thread's pool later, so one that helps does so again and again.
bool arrivals::helps() const noexcept {
    return current_blocking_context() || !all_alone_;
}

void arrivals::help() {
    for (auto const& each : calls_) {
        if (!each->ended() && each->wait_until(std::chrono::steady_clock::now())) return;
    }
}

any_call* arrivals::call_of_own_executor() {
    for (; elsewhere_ < calls_.size(); ++elsewhere_) {
        if (is_of_own_executor(*calls_[elsewhere_])) return calls_[elsewhere_].get();
    }
    return nullptr;
}

std::shared_ptr<suspension> arrivals::suspend() {
    return shared_->suspend();
}

}  // namespace quartet::inline v0::detail
